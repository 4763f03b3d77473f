"""What `cutscore run` says at the end of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cutscore.cli.metric_text import duration, metric_text
from cutscore.metrics.catalogue import CATALOGUE
from cutscore.records import Undefined
from cutscore.report.figures.style import shorten
from cutscore.report.redact import redact
from cutscore.search.arrays import short_names, value_text, words
from cutscore.search.outcome import OPTIMISM
from cutscore.search.records import StudyRecord, TrialRecord, Value, pareto, ranked

WORKERS = (
    "With several workers a search as a whole cannot be repeated bit for bit, because what is "
    "tried next depends on who finishes first. Every single trial can."
)
BEST = 10
TOP = 5
_BAR = 24
_NAME = 18


def print_search(
    study: StudyRecord,
    stdout: Console,
    *,
    command: str,
    shares: Mapping[str, float] | Undefined,
    outer: Mapping[str, float] | None = None,
    several_workers: bool = False,
) -> None:
    """Print the best trials, what made the difference, and how to have the best one again.

    `command` reproduces the best trial, `shares` are the importances, `outer` the best trial's
    figures on rows that no trial saw, None where no rows were kept apart.
    """
    stdout.print(counts_line(study))
    if study.best is None:
        return
    first = () if isinstance(shares, Undefined) else tuple(shares)
    stdout.print(best_table(study, first, stdout.width))
    if isinstance(shares, Undefined):
        stdout.print(f"What made the difference cannot be told: {shares.reason}.", style="dim")
    else:
        stdout.print(importance_table(shares))
    if outer is None:
        stdout.print(OPTIMISM, style="dim")
    else:
        stdout.print(outer_table(study.best, outer))
    if several_workers:
        stdout.print(WORKERS, style="dim")
    best = f"Best trial {study.best.number}"
    if len(study.objectives) > 1:
        best = f"Trial {study.best.number}, the best in {words(study.objectives[0][0])},"
    stdout.print(f"{best} again:")
    # Never wrapped by us, so that it can be copied whole.
    stdout.print(Text(redact(command)), soft_wrap=True, style="bold")


def counts_line(study: StudyRecord) -> str:
    """Return how many trials there are in each state, and what ending some early has spared."""
    counts = ", ".join(f"{trials} {word}" for word, trials in study.tally().items())
    spared = study.spared
    if not spared.folds:
        return f"Study {study.name}: {counts or 'no trials'}"
    trees = f"up to {spared.trees:,.0f} trees; " if spared.trees else ""
    return (
        f"Study {study.name}: {counts}; pruning spared {spared.folds} of {spared.all_folds} folds "
        f"({trees}about {duration(spared.seconds)} of fitting, at the complete trials' mean)"
    )


def best_table(study: StudyRecord, first: Sequence[str], width: int) -> Table:
    """Return the best trials, or with several objectives those of the Pareto front.

    The settings in `first` come before the others; those that `width` has no room for are left
    out.
    """
    several = len(study.objectives) > 1
    all_trials = (pareto if several else ranked)(study.trials, study.objectives)
    trials = all_trials[:BEST]
    names = [words(metric) for metric, _ in study.objectives]
    columns = [
        TrialColumn("#", [str(place) for place in range(1, len(trials) + 1)]),
        TrialColumn("trial", [str(trial.number) for trial in trials]),
        *(TrialColumn(name, _reached(trials, i)) for i, name in enumerate(names)),
        TrialColumn("threshold", [_threshold(trial) for trial in trials]),
    ]
    settings = _settings(study, first, trials)
    for column in settings:
        if sum(shown.width for shown in (*columns, column)) > width:
            break
        columns.append(column)
    left_out = len(settings) - (len(columns) - 3 - len(names))
    kind = "Pareto front" if several else f"Best trials, by {names[0]}"
    title = f"{kind}: {len(trials)} of {len(all_trials)}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(column.heading), justify="right", no_wrap=True)
    for place, cells in enumerate(zip(*(column.cells for column in columns), strict=True)):
        style = "bold" if place == 0 and not several and len(trials) > 1 else None
        table.add_row(*(Text(cell) for cell in cells), style=style)
    if left_out:
        table.caption = f"{left_out} more settings are in the command below and in trials.csv"
        table.caption_justify = "left"
    return table


def importance_table(shares: Mapping[str, float]) -> Table:
    """Return the greatest importances as bars of text."""
    title = "What made the difference (PED-ANOVA)"
    table = Table(title=title, title_justify="left", box=None, show_header=False, pad_edge=False)
    names = short_names(shares)
    greatest = max(shares.values()) or 1.0
    for key, share in list(shares.items())[:TOP]:
        bar = "█" * max(1, round(_BAR * share / greatest)) if share > 0 else ""
        table.add_row(Text(shorten(names[key], 2 * _NAME)), bar, f"{share:.0%}")
    return table


def outer_table(best: TrialRecord, outer: Mapping[str, float]) -> Table:
    """Return the best trial's figures that chose it beside those on rows that no trial saw."""
    title = "The best trial on rows that no trial saw"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("figure")
    table.add_column("as chosen", justify="right")
    table.add_column("unseen rows", justify="right")
    for spec in CATALOGUE.values():
        if spec.name in best.metrics and spec.outer and spec.outer in outer:
            chosen, unseen = best.metrics[spec.name], outer[spec.outer]
            table.add_row(spec.column, spec.text(chosen), spec.text(unseen))
    return table


@dataclass(frozen=True)
class TrialColumn:
    """A column of the table of trials."""

    heading: str
    cells: list[str]

    @property
    def width(self) -> int:
        """Characters that the column takes, with the gap beside it."""
        return max(len(text) for text in (self.heading, *self.cells)) + 3


def _settings(
    study: StudyRecord, first: Sequence[str], trials: Sequence[TrialRecord]
) -> list[TrialColumn]:
    """Return a column for each searched setting."""
    names = short_names(study.space)
    order = dict.fromkeys([*(key for key in first if key in study.space), *study.space])
    return [
        TrialColumn(
            shorten(names[key], _NAME),
            [_text(trial.params[key]) if key in trial.params else "-" for trial in trials],
        )
        for key in order
    ]


def _reached(trials: Sequence[TrialRecord], objective: int) -> list[str]:
    """Return what the trials reached; small differences are what it is about."""
    values = [trial.values[objective] for trial in trials if trial.values is not None]
    return [f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.5g}" for value in values]


def _threshold(trial: TrialRecord) -> str:
    return metric_text(CATALOGUE["threshold"], trial.metrics)


def _text(value: Value) -> str:
    """Return a setting's value, short enough for a table."""
    return f"{value:.4g}" if isinstance(value, float) else shorten(value_text(value), _NAME)
