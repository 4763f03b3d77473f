"""Progress of runs, told through a file so that other processes can tell it too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cutscore.experiment import FoldProgress
from cutscore.launch.job import RunObserver


@dataclass(frozen=True)
class ProgressEvent:
    """What a person is shown of a run: `done` of its `total` folds are finished.

    `line` is a line to show for good. Without a run (`run` is empty) the event is only its line.
    """

    run: str
    done: int = 0
    total: int = 0
    line: str = ""


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(line)


_teller: list[Callable[[Path, str], None]] = [_append]
"""How a line of progress gets into its file: by this process, or one of the machine it is on."""


@contextmanager
def told_by(tell: Callable[[Path, str], None]) -> Iterator[None]:
    """Have progress of this process told by `tell(path, line)`: the file is on another machine."""
    _teller.append(tell)
    try:
        yield
    finally:
        _teller.pop()


@dataclass(frozen=True)
class ProgressLog:
    """The file that all processes of a request append to; without a path nothing is kept."""

    path: Path | None = None

    @classmethod
    def of(cls, path: str | None) -> ProgressLog:
        """Return the log at the path that a job was given."""
        return cls(Path(path) if path else None)

    def add(self, event: ProgressEvent) -> None:
        """Append an event; one short line is written in one call."""
        if self.path is not None:
            _teller[-1](self.path, json.dumps(asdict(event)) + "\n")

    def say(self, line: str) -> None:
        """Append a line that is about no run."""
        self.add(ProgressEvent("", line=line))

    @property
    def size(self) -> int:
        """How many bytes are in it: what earlier requests have left."""
        return self.path.stat().st_size if self.path is not None and self.path.exists() else 0

    def read(self, offset: int) -> tuple[list[ProgressEvent], int]:
        """Return the events after `offset` bytes, and the offset behind them."""
        if self.path is None or not self.path.exists():
            return [], offset
        with self.path.open("rb") as stream:
            stream.seek(offset)
            body = stream.read()
        whole = body[: body.rfind(b"\n") + 1]
        events = [ProgressEvent(**json.loads(line)) for line in whole.splitlines()]
        return events, offset + len(whole)


@dataclass(frozen=True)
class LoggedProgress(RunObserver):
    """Logs the folds of a run as they finish."""

    log: ProgressLog
    name: str

    def on_fold(self, progress: FoldProgress) -> None:
        """Log how many folds are finished."""
        self.log.add(ProgressEvent(self.name, progress.done, progress.total))
