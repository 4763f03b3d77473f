"""What `cutscore run` says at its end."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from cutscore.launch.outcome import RunOutcome
from cutscore.search.outcome import SearchOutcome
from cutscore.sweep.launch import LaunchOutcome
from cutscore.sweep.leaderboard import Leaderboard

NAMED = ("features", "sampling", "model")
WIDE = 110


@dataclass(frozen=True)
class LeaderboardColumn:
    """A figure to show: metric, heading, metric of its spread, format; `wide` may be left out."""

    metric: str
    heading: str
    spread: str | None
    form: str
    wide: bool = False


RANKED_BY = {
    "crossfit_cost": "cross-fitted cost",
    "crossfit_savings": "cross-fitted savings",
    "crossfit_fbeta": "cross-fitted F-beta",
    "roc_auc": "AUC",
}
COLUMNS = (
    LeaderboardColumn("roc_auc", "AUC", "roc_auc_std", ".4f"),
    LeaderboardColumn("threshold", "threshold", "threshold_std", ".4f"),
    LeaderboardColumn("crossfit_cost", "cost", None, ",.0f"),
    LeaderboardColumn(
        "crossfit_cost_fold_mean", "cost per fold", "crossfit_cost_fold_std", ",.0f", wide=True
    ),
    LeaderboardColumn("crossfit_savings", "savings", None, ".1%"),
    LeaderboardColumn("seconds_total", "s", None, ".1f", wide=True),
)
SINGLE = (
    LeaderboardColumn("roc_auc", "ROC AUC, mean over folds", "roc_auc_std", ".4f"),
    LeaderboardColumn("pr_auc", "average precision", "pr_auc_std", ".4f"),
    LeaderboardColumn("brier", "Brier score", "brier_std", ".4f"),
    LeaderboardColumn("threshold", "threshold", "threshold_std", ".4f"),
    LeaderboardColumn("threshold_low", "95 % of resamples put it above", None, ".4f"),
    LeaderboardColumn("threshold_high", "and below", None, ".4f"),
    LeaderboardColumn("plateau_low", "costs hardly more from", None, ".4f"),
    LeaderboardColumn("plateau_high", "to", None, ".4f"),
    LeaderboardColumn("threshold_grid", "threshold on the fine grid", None, ".4f"),
    LeaderboardColumn("threshold_bayes", "Bayes threshold", None, ".4f"),
    LeaderboardColumn("total_cost", "cost at the threshold", None, ",.0f"),
    LeaderboardColumn("grid_excess", "what the fine grid costs more", None, ",.0f"),
    LeaderboardColumn("bootstrap_cost_low", "bootstrap interval of that cost, from", None, ",.0f"),
    LeaderboardColumn("bootstrap_cost_high", "to", None, ",.0f"),
    LeaderboardColumn("crossfit_cost", "cross-fitted cost", None, ",.0f"),
    LeaderboardColumn("crossfit_cost_per_row", "cross-fitted cost per row", None, ",.4f"),
    LeaderboardColumn("crossfit_savings", "cross-fitted savings", None, ".1%"),
    LeaderboardColumn("bayes_risk_savings", "savings, each row by its own costs", None, ".1%"),
    LeaderboardColumn(
        "no_model_rule_savings", "savings without a model, by costs alone", None, ".1%"
    ),
    LeaderboardColumn("ece", "calibration error", None, ".4f"),
    LeaderboardColumn("ece_calibrated", "calibration error, calibrated", None, ".4f"),
    LeaderboardColumn("recall", "recall", None, ".3f"),
    LeaderboardColumn("precision", "precision", None, ".3f"),
    LeaderboardColumn("fbeta", "F-beta", None, ".3f"),
    LeaderboardColumn("outer_rows", "outer rows, seen by no fold", None, ",.0f"),
    LeaderboardColumn("outer_cost_per_row", "cost per outer row", None, ",.4f"),
    LeaderboardColumn("outer_savings", "savings on outer rows", None, ".1%"),
    LeaderboardColumn("outer_roc_auc", "ROC AUC on outer rows", None, ".4f"),
)


def print_summary(outcome: LaunchOutcome, stdout: Console, stderr: Console, seconds: float) -> None:
    """Print the leaderboard or the run's figures, what failed, and where to look next."""
    if outcome.board is not None:
        _print_board(outcome, outcome.board, stdout)
    elif isinstance(outcome.outcomes[0], SearchOutcome):
        _print_search(outcome.outcomes[0], stdout)
    elif not outcome.failed:
        stdout.print(_single_table(outcome.outcomes[0]))
    for note in dict.fromkeys(note for run in outcome.outcomes for note in run.notes):
        stderr.print(f"Note: {note}", highlight=False)
    for failed in outcome.failed:
        stderr.print(f"FAILED {failed.name}: {failed.failure}", style="red", highlight=False)
    for run in outcome.outcomes:
        if isinstance(run, SearchOutcome):
            stderr.print(_progress_line(run), highlight=False)
    _print_standing(outcome, stderr)
    if outcome.folder is None:
        return
    done = len(outcome.outcomes) - len(outcome.failed)
    what = "searches" if isinstance(outcome.outcomes[0], SearchOutcome) else "runs"
    stderr.print(
        f"{done} of {len(outcome.outcomes)} {what} complete in {_duration(seconds)}; "
        f'experiment "{outcome.store.experiment}", logs in {outcome.folder}',
        highlight=False,
    )
    shown = outcome.board.best if outcome.board is not None else outcome.outcomes[0]
    if shown is not None and shown.run_id:
        stderr.print(
            f"Look closer: cutscore runs show {shown.run_id[:12]}   or   cutscore ui",
            highlight=False,
        )


def _print_standing(outcome: LaunchOutcome, stderr: Console) -> None:
    """Say which cells were not run, because their complete runs stand in the store."""
    standing = outcome.standing
    if standing is None or not standing.done:
        return
    for note in standing.notes:
        stderr.print(f"Note: {note}", highlight=False)
    cells = f"{len(standing.done)} of {len(outcome.outcomes)} cells"
    since = f"complete since {standing.since}" if outcome.folder is None else "stood complete"
    linked = f", {len(standing.linked)} of them under another parent" if standing.linked else ""
    stderr.print(f"{cells} {since}{linked}; --fresh recomputes", highlight=False)


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
        stdout.print(f"Model of {best.name}, fitted on all rows: {outcome.kept_model}")


def _print_verdict(best: RunOutcome, stdout: Console) -> None:
    """Print what the best cell costs by the figure that chose it and on outer rows."""
    rows, judged = best.metrics.get("outer_rows"), best.metrics.get("outer_cost_per_row")
    if rows is None or judged is None:
        return
    chosen = best.metrics.get("crossfit_cost_per_row")
    before = "" if chosen is None else f"{chosen:,.4f} per row cross-fitted, "
    stdout.print(f"{best.name} costs {before}{judged:,.4f} on {rows:,.0f} outer rows.")


def _board_table(board: Leaderboard, width: int) -> Table:
    """Return the leaderboard as a table for people; a narrow terminal gets fewer columns.

    Features, sampling and model are in the run's name.
    """
    title = f"Leaderboard, by {RANKED_BY[board.metric]}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    settings = [key for key in board.swept if key not in NAMED]
    columns = [column for column in COLUMNS if width >= WIDE or not column.wide]
    table.add_column("#", justify="right")
    table.add_column("run", no_wrap=True)
    for key in settings:
        table.add_column(key.rpartition(".")[2])
    for column in columns:
        table.add_column(column.heading, justify="right", no_wrap=True)
    for place, cell in enumerate(board.ranked, start=1):
        table.add_row(
            str(place),
            cell.name,
            *(cell.label(key) for key in settings),
            *(_spread(cell, column) for column in columns),
            style="bold" if place == 1 and len(board.ranked) > 1 else None,
        )
    for cell in board.failed:
        table.add_row("-", cell.name, *(cell.label(key) for key in settings), "FAILED")
    return table


def _single_table(outcome: RunOutcome) -> Table:
    table = Table(title=outcome.name, title_justify="left", show_header=False, box=box.SIMPLE_HEAD)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for shown in SINGLE:
        if shown.metric in outcome.metrics:
            table.add_row(shown.heading, _spread(outcome, shown))
    return table


def _spread(cell: RunOutcome, shown: LeaderboardColumn) -> str:
    """Return a figure, with its standard deviation over folds where there is one."""
    value = cell.metrics.get(shown.metric)
    deviation = cell.metrics.get(shown.spread) if shown.spread else None
    if value is None:
        return "-"
    text = format(value, shown.form)
    return text if deviation is None else f"{text} ± {format(deviation, shown.form)}"


def _duration(seconds: float) -> str:
    """Return seconds for people: 42 s, 3 min 07 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
