"""Where and as what a plan is run, and who follows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cutscore.experiment import FoldProgress
from cutscore.report.items import Item
from cutscore.runs.port import RunStore

UNSENT = "unsent"


class RunObserver:
    """Follows one run from its first tag to its last.

    A run that `on_fold` or `check_metrics` ends by raising keeps what was written until then.
    """

    def opened(self, run_id: str) -> None:
        """Hear that the run exists in the store."""

    def on_fold(self, progress: FoldProgress) -> None:
        """Take note before the first fold and after each; may raise RunPruned to end the run."""

    def items(self) -> Iterable[Item]:
        """Return what to record besides; asked once, also when the run breaks off."""
        return ()

    def check_metrics(self, metrics: Mapping[str, float]) -> None:
        """Look at the metrics before the run is called complete; may raise to fail it."""


@dataclass(frozen=True)
class Job:
    """Where and as what a plan is run.

    Attributes
    ----------
    name : the run's
    log_file : where logging writes to, kept as the artifact run.log
    parent_id : the run that this one belongs to
    tags : set from the first moment
    observer : follows the run
    judge : let the rows of an outer split judge the run at once; for runs nobody chooses among
    store : the plan's open store, for who makes many runs there
    """

    name: str
    log_file: Path | None = None
    parent_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    observer: RunObserver = field(default_factory=RunObserver)
    judge: bool = False
    store: RunStore | None = None

    @property
    def unsent(self) -> Path:
        """Where the record is saved when the store goes away for good."""
        return (self.log_file.parent if self.log_file else Path("outputs").absolute()) / UNSENT
