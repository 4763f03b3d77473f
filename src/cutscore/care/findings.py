"""What an audit can find, and how it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

KINDS = {
    "damaged": "part of the store cannot be read, or contradicts the rest",
    "lost": "an entry of a file store that could not be read as it stands",
    "interrupted": "says FINISHED, but never that its record is complete",
    "incomplete": "lacks part of the record",
    "dead": "says RUNNING, but its process has ended",
    "unattended": "says RUNNING, and nothing tells whether anyone writes it",
    "unexplained": "ended early without a reason",
    "foreign": "was not written by Cutscore: it has no record",
    "default name": "has a name that MLflow made up",
    "dangling parent": "belongs to a run that is not there",
    "hidden": "is in an experiment that was deleted",
    "missing file": "lists a file that is not there",
    "broken path": "its files should be at an address where nothing is",
    "moved": "its files are in the store, but not where its address says",
    "outside": "its address leads out of the store; not followed",
    "link": "a symbolic link or device among its files; not followed",
    "orphan": "a folder of files whose run or model the store does not know",
    "model without files": "a logged model whose files are gone",
    "version without model": "a registered version whose model is gone",
    "version without run": "a registered version whose run is gone, and its record with it",
    "dangling alias": "an alias that names no version",
    "strayed alias": "an alias that no longer names what cutscore promote gave it to",
}
"""Every kind of finding with what it means, the gravest first."""


@dataclass(frozen=True)
class Finding:
    """One thing wrong.

    `subject` is what it is about (a run id, a model, a version, a path, the database), `name` its
    readable name with the experiment, `problem` one line, `details` every single item behind it.
    """

    kind: str
    subject: str
    name: str
    problem: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """What an audit found in a store; `counts` says how much was looked at."""

    store: str
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def by_kind(self) -> dict[str, int]:
        """Return how many findings there are of each kind, the gravest kind first."""
        counted = Counter(finding.kind for finding in self.findings)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}


class LivenessVerdict(Protocol):
    """Whether a run's process lives: `state` is alive, dead or unknown."""

    @property
    def state(self) -> str:
        """One word."""

    @property
    def reason(self) -> str:
        """Why, in words."""


class LivenessJudge(Protocol):
    """Judges by a run's tags whether its process lives."""

    def __call__(self, tags: Mapping[str, str], /) -> LivenessVerdict:
        """Return the verdict."""


def counted(number: int, noun: str) -> str:
    """Return `1 param`, `3 params`, `no params`."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def shortened(items: Sequence[str], limit: int = 4) -> str:
    """Join items for one line; the number of those left out at the end."""
    shown = ", ".join(items[:limit])
    return shown if len(items) <= limit else f"{shown} and {len(items) - limit} more"
