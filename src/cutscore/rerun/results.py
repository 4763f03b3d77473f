"""How reruns came out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cutscore.launch.outcome import RunOutcome
from cutscore.rerun.agreement import Agreement, RerunVerdict
from cutscore.rerun.stored import RecordedRun

VERDICT_TAG = "cutscore.rerun_verdict"
FAILED = "failed"


@dataclass(frozen=True)
class RerunResult:
    """A run made again: `agreement` is None where the new run failed.

    `filled` are the files that the old run was given from the new one.
    """

    original: RecordedRun
    outcome: RunOutcome
    agreement: Agreement | None
    filled: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """How the rerun came out, in a word."""
        return FAILED if self.agreement is None else str(self.agreement.verdict)

    @property
    def holds(self) -> bool:
        """Whether the new run is there and does not differ."""
        return self.agreement is not None and self.agreement.verdict != RerunVerdict.DIFFERENT


@dataclass(frozen=True)
class RerunOutcome:
    """What came of a request; `notes` say what is not as it was when the runs were made."""

    results: tuple[RerunResult, ...]
    folder: Path
    notes: tuple[str, ...]
    parent_id: str | None = None

    @property
    def holds(self) -> bool:
        """Whether every new run is there and equal, or as good as equal."""
        return all(one.holds for one in self.results)
