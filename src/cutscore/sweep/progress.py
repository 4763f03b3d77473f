"""Progress of cells and trials, as a bar for people and as lines for logs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from cutscore.launch.news import Step, read_steps

POLL_SECONDS = 0.2


class _Board:
    """Turns steps into one bar over all folds of all cells, or into plain lines."""

    def __init__(self, path: Path, cells: int, folds: int, console: Console) -> None:
        self.path, self.cells, self.console = path, cells, console
        self.seen: dict[str, Step] = {}
        self.offset = 0
        self.bar = Progress(
            TextColumn("{task.description}"),
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
        """Take in what cells have told since the last call."""
        steps, self.offset = read_steps(self.path, self.offset)
        for step in steps:
            if step.line:
                self.console.print(step.line, highlight=False, markup=False)
            if not step.cell:
                continue
            known = self.seen.get(step.cell)
            self.seen[step.cell] = step
            finished = step.done == step.total and (known is None or known.done < step.total)
            if finished and not step.line and not self.console.is_terminal:
                whole = sum(s.done == s.total for s in self.seen.values())
                self.console.print(f"[{whole}/{self.cells}] {step.cell}: all folds done")
        if self.seen:
            latest = next((step for step in reversed(steps) if step.cell), None)
            whole = sum(s.done == s.total for s in self.seen.values())
            done = sum(step.done for step in self.seen.values())
            if latest is not None:
                place = f"[{min(whole + 1, self.cells)}/{self.cells}]"
                text = f"{place} {latest.cell} {latest.note}".strip()
                self.bar.update(self.task, completed=done, description=text)


@contextmanager
def shown(path: Path, cells: int, folds: int, console: Console) -> Iterator[None]:
    """Show the progress told in `path` while the body runs."""
    board = _Board(path, cells, folds, console)
    stop = threading.Event()

    def follow() -> None:
        while not stop.wait(POLL_SECONDS):
            board.update()

    follower = threading.Thread(target=follow, name="cutscore-progress", daemon=True)
    if console.is_terminal:
        board.bar.start()
    follower.start()
    try:
        yield
    finally:
        stop.set()
        follower.join()
        board.update()
        if console.is_terminal:
            board.bar.stop()
