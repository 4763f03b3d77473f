"""Where and as what a plan is run, and who follows it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from cutscore.config.build import Plan
from cutscore.experiment import ExperimentCache, FoldProgress
from cutscore.records import FoldResult
from cutscore.report.items import Item
from cutscore.report.redact import RedactedFormatter, redact
from cutscore.runs.port import RunStore

UNSENT = "unsent"
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@dataclass(frozen=True)
class SettledRun:
    """The plan that a run is of, and its folds where they are known before it begins.

    `folds` may end by raising what ended them, which then ends the run.
    """

    plan: Plan
    folds: Iterator[FoldResult] | None = None


class RunObserver:
    """Follows one run from its first tag to its last.

    A run that `on_fold` or `check_metrics` ends by raising keeps what was written until then.
    Without `by_period` the store gets no metric of each period, which cost more there than to
    compute: `periods.csv` has them.
    """

    by_period: ClassVar[bool] = True

    def opened(self, run_id: str) -> None:
        """Hear that the run exists in the store."""

    def settle(self, plan: Plan, _cache: ExperimentCache) -> SettledRun:
        """Return what the run is of in the end: the plan itself, unless its folds decide that."""
        return SettledRun(plan)

    def on_fold(self, progress: FoldProgress) -> None:
        """Take note before the first fold and after each; may raise RunPruned to end the run."""

    def items(self) -> Iterable[Item]:
        """Return what to record besides; asked once, also when the run breaks off."""
        return ()

    def check_metrics(self, metrics: Mapping[str, float]) -> None:
        """Look at the metrics before the run is called complete; may raise to fail it."""


@dataclass(frozen=True)
class LogFile:
    """A file that logging appends to, and how many bytes of it are of earlier runs."""

    path: Path
    start: int = 0

    @classmethod
    def at(cls, path: Path) -> LogFile:
        """Return the file as a run begins that is logged there."""
        return cls(path, path.stat().st_size if path.exists() else 0)

    def text(self) -> str:
        """Return what the run has logged so far, '' where nothing was."""
        if not self.path.exists():
            return ""
        with self.path.open("rb") as stream:
            stream.seek(self.start)
            return stream.read().decode("utf-8", errors="replace")


@contextmanager
def logged_to(path: Path) -> Iterator[LogFile]:
    """Have what is logged in the context written to a file of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(RedactedFormatter(_LOG_FORMAT))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(min(level, logging.INFO) if level else logging.INFO)
    try:
        yield LogFile.at(path)
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


def hide_passwords(folder: Path) -> None:
    """Take passwords out of the config files that Hydra has written for a job."""
    for path in folder.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        if (shown := redact(text)) != text:
            path.write_text(shown, encoding="utf-8")


@dataclass(frozen=True)
class Job:
    """Where and as what a plan is run.

    Attributes
    ----------
    name : the run's
    log : where logging writes to, kept as the artifact run.log
    parent_id : the run that this one belongs to
    tags : set from the first moment
    observer : follows the run
    judge : let the rows of an outer split judge the run at once; for runs nobody chooses among
    store : the plan's open store, for who makes many runs there
    """

    name: str
    log: LogFile | None = None
    parent_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    observer: RunObserver = field(default_factory=RunObserver)
    judge: bool = False
    store: RunStore | None = None

    @property
    def unsent(self) -> Path:
        """Where the record is saved when the store goes away for good."""
        return (self.log.path.parent if self.log else Path("outputs").absolute()) / UNSENT
