"""News of runs on their way, told through a file so that other processes can tell it too."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """News of a cell or a trial: `done` of its `total` folds are finished.

    `note` says what it is at; `line` is a line to show for good. Without a run (`cell` is empty)
    the step is only its line.
    """

    cell: str
    done: int = 0
    total: int = 0
    note: str = ""
    line: str = ""


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
