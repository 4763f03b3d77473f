"""Progress of cells, told through a file so that cells in other processes can tell it too."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Step:
    """A cell's news: `done` of its `total` folds are finished; `note` says what it is at."""

    cell: str
    done: int
    total: int
    note: str = ""


def tell(path: Path | None, step: Step) -> None:
    """Append a step to the progress file; one short line is written in one call."""
    if path is None:
        return
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(asdict(step)) + "\n")


def read_steps(path: Path, offset: int) -> tuple[list[Step], int]:
    """Return the whole lines after `offset` bytes as steps, and the offset behind them."""
    if not path.exists():
        return [], offset
    with path.open("rb") as stream:
        stream.seek(offset)
        body = stream.read()
    whole = body[: body.rfind(b"\n") + 1]
    return [Step(**json.loads(line)) for line in whole.splitlines()], offset + len(whole)


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
            known = self.seen.get(step.cell)
            self.seen[step.cell] = step
            finished = step.done == step.total and (known is None or known.done < step.total)
            if finished and not self.console.is_terminal:
                whole = sum(s.done == s.total for s in self.seen.values())
                self.console.print(f"[{whole}/{self.cells}] {step.cell}: all folds done")
        if steps:
            whole = sum(s.done == s.total for s in self.seen.values())
            done = sum(step.done for step in self.seen.values())
            text = f"[{min(whole + 1, self.cells)}/{self.cells}] {steps[-1].cell} {steps[-1].note}"
            self.bar.update(self.task, completed=done, description=text.strip())


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
