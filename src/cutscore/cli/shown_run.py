"""A run that is shown, and how its parts are put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cutscore.metrics.catalogue import describe
from cutscore.report.record_spec import KIND_TAG, is_ours
from cutscore.report.redact import redact
from cutscore.rerun.non_defaults import NonDefaults, non_defaults_of
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunDetail, RunSummary

MOST = 12
"""So many of a list are shown; `--all` shows the others."""


@dataclass(frozen=True)
class ShownRun:
    """A run and what else is known of it.

    `missing` is what its record lacks, `asked` None where its config is not stored, `children` are
    the runs below it and `store` the words that name its store in a command,
    without a password.
    """

    detail: RunDetail
    missing: Sequence[str]
    asked: NonDefaults | None
    children: Sequence[RunSummary]
    store: tuple[str, ...] = ()

    @property
    def metrics(self) -> Mapping[str, float]:
        """Its metrics by name."""
        return self.detail.summary.metrics

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags by name."""
        return self.detail.summary.tags

    @property
    def ours(self) -> bool:
        """Whether Cutscore wrote it."""
        return is_ours(self.tags)

    def text(self, metric: str) -> str:
        """Return a metric in its own format."""
        return describe(metric).text(self.metrics.get(metric))

    def interval(self, low: str, high: str) -> str | None:
        """Return two metrics as an interval, None where one does not exist."""
        there = low in self.metrics and high in self.metrics
        return f"{self.text(low)} to {self.text(high)}" if there else None


def gathered(
    store: RunStore, detail: RunDetail, missing: Sequence[str], named: str | None
) -> ShownRun:
    """Return a run with what is known of it besides; `named` is what `--store` says."""
    parent = KIND_TAG in detail.summary.tags
    return ShownRun(
        detail=detail,
        missing=missing,
        asked=None if parent else non_defaults_of(store, detail),
        children=store.find(parent_id=detail.summary.run_id) if parent else (),
        store=("--store", redact(named)) if named else (),
    )


def cut_list(words: Sequence[str], between: str, most: int = MOST) -> str:
    """Return words in a row, long lists cut."""
    more = len(words) - most
    shown = [_shortened(word) for word in words[:most]]
    return between.join([*shown, f"and {more} more"] if more > 0 else shown)


def _shortened(word: str) -> str:
    return word if len(word) <= 100 else f"{word[:97]}..."


def plain(value: object) -> str:
    """Return a setting as it is written on the command line."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{','.join(map(plain, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
