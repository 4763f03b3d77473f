"""What `cutscore run` says at its end."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from cutscore.cli.metric_text import OWN_COSTS, duration, with_spread
from cutscore.launch.outcome import RunOutcome
from cutscore.metrics.catalogue import CATALOGUE, describe, shown
from cutscore.metrics.metric_spec import MetricView
from cutscore.report.record_words import fitted_on
from cutscore.search.outcome import SearchOutcome
from cutscore.sweep.launch import LaunchOutcome
from cutscore.sweep.leaderboard import Leaderboard

NAMED = ("features", "sampling", "model")
WIDE = 110


def print_summary(outcome: LaunchOutcome, stdout: Console, stderr: Console, seconds: float) -> None:
    """Print the leaderboard or the run's figures, what failed, and where to look next."""
    if outcome.board is not None:
        _print_board(outcome, outcome.board, stdout)
    elif isinstance(outcome.outcomes[0], SearchOutcome):
        _print_search(outcome.outcomes[0], stdout)
    elif not outcome.failed:
        stdout.print(_single_table(outcome.outcomes[0]))
    for note in dict.fromkeys(note for run in outcome.outcomes for note in run.notes):
        stderr.print(f"Note: {note}")
    for failed in outcome.failed:
        stderr.print(f"FAILED {failed.name}: {failed.failure}", style="red")
    for run in outcome.outcomes:
        if isinstance(run, SearchOutcome):
            stderr.print(_progress_line(run))
    _print_resumed(outcome, stderr)
    if outcome.folder is None:
        return
    done = len(outcome.outcomes) - len(outcome.failed)
    what = "searches" if isinstance(outcome.outcomes[0], SearchOutcome) else "runs"
    stderr.print(
        f"{done} of {len(outcome.outcomes)} {what} complete in {duration(seconds)}; "
        f'experiment "{outcome.store.experiment}", logs in {outcome.folder}',
    )
    closest = outcome.board.best if outcome.board is not None else outcome.outcomes[0]
    if closest is not None and closest.run_id:
        stderr.print(
            f"Look closer: cutscore runs show {closest.run_id[:12]}   "
            "or   cutscore dashboard --open",
        )


def _print_resumed(outcome: LaunchOutcome, stderr: Console) -> None:
    """Say which cells were not run, because their complete runs stand in the store."""
    resumed = outcome.resumed
    if resumed is None or not resumed.done:
        return
    for note in resumed.notes:
        stderr.print(f"Note: {note}")
    cells = f"{len(resumed.done)} of {len(outcome.outcomes)} cells"
    since = f"complete since {resumed.since}" if outcome.folder is None else "stood complete"
    linked = f", {len(resumed.linked)} of them under another parent" if resumed.linked else ""
    stderr.print(f"{cells} {since}{linked}; --fresh recomputes")


def _print_search(search: SearchOutcome, stdout: Console) -> None:
    from cutscore.cli.search_summary import print_search

    print_search(
        search.study,
        stdout,
        command=search.command,
        shares=search.shares,
        outer=search.outer,
        several_workers=search.workers > 1,
    )


def _progress_line(search: SearchOutcome) -> str:
    """Return how far a search has come, and why no further."""
    line = f"{search.name}: {search.finished} of {search.total} trials finished"
    if search.nothing_to_do:
        line += ", nothing left to do"
    return f"{line}; stopped because {search.stopped}" if search.stopped else line


def _print_board(outcome: LaunchOutcome, board: Leaderboard, stdout: Console) -> None:
    stdout.print(_board_table(board, stdout.width))
    if len(board.ranked) > 1:
        text = f"Costs are cross-fitted; ± is the spread over folds. {board.note}"
        stdout.print(text, style="dim")
    best = board.best
    if best is not None:
        _print_verdict(best, stdout)
    if best is not None and outcome.kept_model is not None:
        told = fitted_on(best.metrics)
        stdout.print(f"Model of {best.name}, fitted on {told}: {outcome.kept_model}")


def _print_verdict(best: RunOutcome, stdout: Console) -> None:
    """Print what the best cell costs by the figure that chose it and on outer rows."""
    judge = describe("outer_cost_per_row")
    rows, judged = best.metrics.get("outer_rows"), best.metrics.get(judge.name)
    if rows is None or judged is None:
        return
    inner = next(spec for spec in CATALOGUE.values() if spec.outer == judge.name)
    chosen = best.metrics.get(inner.name)
    before = "" if chosen is None else f"{inner.text(chosen)} per row cross-fitted, "
    text = f"{best.name} costs {before}{judge.text(judged)} on {rows:,.0f} outer rows."
    stdout.print(text)


def _board_table(board: Leaderboard, width: int) -> Table:
    """Return the leaderboard as a table for people; a narrow terminal gets fewer columns.

    Features, sampling and model are in the run's name.
    """
    title = f"Leaderboard, by {describe(board.metric).label}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    settings = [key for key in board.swept if key not in NAMED]
    columns = shown(MetricView.BOARD | MetricView.WIDE_BOARD if width >= WIDE else MetricView.BOARD)
    table.add_column("#", justify="right")
    table.add_column("run", no_wrap=True)
    for key in settings:
        table.add_column(key.rpartition(".")[2])
    for column in columns:
        table.add_column(column.column, justify="right", no_wrap=True)
    for place, cell in enumerate(board.ranked, start=1):
        table.add_row(
            str(place),
            cell.name,
            *(cell.label(key) for key in settings),
            *(with_spread(column, cell.metrics) for column in columns),
            style="bold" if place == 1 and len(board.ranked) > 1 else None,
        )
    for cell in board.failed:
        table.add_row("-", cell.name, *(cell.label(key) for key in settings), "FAILED")
    return table


def _single_table(outcome: RunOutcome) -> Table:
    table = Table(title=outcome.name, title_justify="left", show_header=False, box=box.SIMPLE_HEAD)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for spec in shown(MetricView.SINGLE):
        text = with_spread(spec, outcome.metrics)
        if text == OWN_COSTS:
            table.add_row(spec.label, f"each row by its {OWN_COSTS}")
        elif spec.name in outcome.metrics:
            table.add_row(spec.label, text)
    return table
