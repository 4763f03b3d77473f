"""What `cutscore run` says at its end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from cutscore.run import RunOutcome
from cutscore.sweep.launch import LaunchOutcome
from cutscore.sweep.leaderboard import OPTIMISM, Leaderboard

SINGLE = (
    ("roc_auc", "ROC AUC (mean over folds)", "roc_auc_std", ".4f"),
    ("pr_auc", "average precision", "pr_auc_std", ".4f"),
    ("brier", "Brier score", "brier_std", ".4f"),
    ("threshold", "threshold", "threshold_std", ".4f"),
    ("total_cost", "cost at the threshold", None, ",.0f"),
    ("crossfit_cost", "cross-fitted cost", None, ",.0f"),
    ("crossfit_savings", "cross-fitted savings", None, ".1%"),
    ("recall", "recall", None, ".3f"),
    ("precision", "precision", None, ".3f"),
)


def print_summary(outcome: LaunchOutcome, stdout: Console, stderr: Console, seconds: float) -> None:
    """Print the leaderboard or the run's figures, what failed, and where to look next."""
    if outcome.board is not None:
        _print_board(outcome, outcome.board, stdout)
    elif not outcome.failed:
        stdout.print(_single_table(outcome.outcomes[0]))
    for failed in outcome.failed:
        stderr.print(f"FAILED {failed.name}: {failed.failure}", style="red", highlight=False)
    done = len(outcome.outcomes) - len(outcome.failed)
    stderr.print(
        f"{done} of {len(outcome.outcomes)} runs complete in {_duration(seconds)}; "
        f"experiment \"{outcome.store.experiment}\", logs in {outcome.folder}",
        highlight=False,
    )
    shown = outcome.board.best if outcome.board is not None else outcome.outcomes[0]
    if shown is not None and shown.run_id:
        stderr.print(
            f"Look closer: cutscore runs show {shown.run_id[:12]}   or   cutscore ui",
            highlight=False,
        )


def _print_board(outcome: LaunchOutcome, board: Leaderboard, stdout: Console) -> None:
    stdout.print(_board_table(board))
    if len(board.ranked) > 1:
        stdout.print(OPTIMISM, style="dim")
    best = board.best
    if best is not None and outcome.kept_model is not None:
        stdout.print(f"Model of {best.name}, fitted on all rows: {outcome.kept_model}")


def _board_table(board: Leaderboard) -> Table:
    """Return the leaderboard as a table for people."""
    table = Table(title=f"Leaderboard, by {board.metric.replace('_', ' ')}", title_justify="left")
    labels = [
        key
        for key in ("features", "sampling", "model")
        if key in board.swept or len({cell.label(key) for cell in board.ranked}) > 1
    ]
    others = [key for key in board.swept if key not in ("features", "sampling", "model")]
    table.add_column("#", justify="right")
    table.add_column("run", no_wrap=True)
    for key in [*labels, *others]:
        table.add_column(key)
    for heading in ("AUC", "threshold", "cross-fitted cost", "per fold", "savings", "s"):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, cell in enumerate(board.ranked, start=1):
        table.add_row(
            str(place),
            cell.name,
            *(cell.label(key) for key in [*labels, *others]),
            _spread(cell, "roc_auc", "roc_auc_std", ".4f"),
            _spread(cell, "threshold", "threshold_std", ".4f"),
            _figure(cell, "crossfit_cost", ",.0f"),
            _spread(cell, "crossfit_cost_fold_mean", "crossfit_cost_fold_std", ",.0f"),
            _figure(cell, "crossfit_savings", ".1%"),
            _figure(cell, "seconds_total", ".1f"),
            style="bold" if place == 1 and len(board.ranked) > 1 else None,
        )
    for cell in board.failed:
        blanks = [""] * (table.row_count and 0)
        table.add_row("-", cell.name, *(cell.label(key) for key in [*labels, *others]), "FAILED", *blanks)
    return table


def _single_table(outcome: RunOutcome) -> Table:
    table = Table(title=outcome.name, title_justify="left", show_header=False)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for metric, heading, spread, form in SINGLE:
        if metric in outcome.metrics:
            value = _spread(outcome, metric, spread, form) if spread else _figure(outcome, metric, form)
            table.add_row(heading, value)
    return table


def _figure(cell: RunOutcome, metric: str, form: str) -> str:
    value = cell.metrics.get(metric)
    return "-" if value is None else format(value, form)


def _spread(cell: RunOutcome, metric: str, spread: str, form: str) -> str:
    """Return a figure with its standard deviation over folds."""
    deviation = cell.metrics.get(spread)
    text = _figure(cell, metric, form)
    return text if deviation is None else f"{text} ± {format(deviation, form)}"


def _duration(seconds: float) -> str:
    """Return seconds for people: 42 s, 3 min 07 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
