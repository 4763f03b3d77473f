"""Progress of cells and trials, as a bar for people and as lines for logs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from cutscore.launch.progress import ProgressEvent, ProgressLog

POLL_SECONDS = 0.2


class _ProgressView:
    """Shows events as one bar over all folds of all cells, or as plain lines."""

    def __init__(self, log: ProgressLog, cells: int, folds: int, console: Console) -> None:
        self.log, self.cells, self.console = log, cells, console
        self.seen: dict[str, ProgressEvent] = {}
        self.offset = log.size
        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("folds"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=False,
        )
        self.task = self.bar.add_task("starting", total=folds)

    def update(self) -> None:
        """Show what was logged since the last call."""
        events, self.offset = self.log.read(self.offset)
        for event in events:
            if event.line:
                self.console.print(event.line, highlight=False, markup=False)
            if not event.run:
                continue
            known = self.seen.get(event.run)
            self.seen[event.run] = event
            finished = event.done == event.total and (known is None or known.done < event.total)
            if finished and not event.line and not self.console.is_terminal:
                self.console.print(f"[{self.whole}/{self.cells}] {event.run}: all folds done")
        latest = next((event for event in reversed(events) if event.run), None)
        if latest is not None:
            done = sum(event.done for event in self.seen.values())
            text = f"[{min(self.whole + 1, self.cells)}/{self.cells}] {latest.run}"
            self.bar.update(self.task, completed=done, description=text)

    @property
    def whole(self) -> int:
        """The number of runs whose folds are all finished."""
        return sum(event.done == event.total for event in self.seen.values())


@contextmanager
def show_status(text: str, console: Console) -> Iterator[None]:
    """Say what is going on while the body runs: a spinner for people, a line for logs."""
    if console.is_terminal:
        with console.status(Text(text)):
            yield
    else:
        console.print(text)
        yield


@contextmanager
def show_progress(log: ProgressLog, cells: int, folds: int, console: Console) -> Iterator[None]:
    """Show what is logged while the body runs."""
    view = _ProgressView(log, cells, folds, console)
    stop = threading.Event()

    def follow() -> None:
        while not stop.wait(POLL_SECONDS):
            view.update()

    follower = threading.Thread(target=follow, name="cutscore-progress", daemon=True)
    if console.is_terminal:
        view.bar.start()
    follower.start()
    try:
        yield
    finally:
        stop.set()
        follower.join()
        view.update()
        if console.is_terminal:
            view.bar.stop()
