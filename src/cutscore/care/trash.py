"""The trash of a store: what a pruning moved there, and the manifest that says from where.

`trash/<time>/manifest.json` is written before anything is touched. It lists every run with the
folders that move, as `from` (absolute) and `to` (below the manifest's own folder).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from cutscore.errors import StoreError

TRASH = "trash"
MANIFEST = "manifest.json"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError)
UNDO = (
    "cutscore store prune --undo takes all of this back; by hand: move each `to` (below this "
    "folder) to its `from`, then restore the run in MLflow (mlflow runs restore --run-id ID)."
)


@dataclass(frozen=True)
class TrashMove:
    """A folder on its way into the trash; `target` is relative to the batch's folder."""

    source: str
    target: str


@dataclass(frozen=True)
class TrashedRun:
    """A run in the trash, with its logged models and the folders that belong to both."""

    run_id: str
    name: str
    experiment: str
    reason: str
    models: tuple[str, ...] = ()
    moves: tuple[TrashMove, ...] = ()


@dataclass(frozen=True)
class TrashBatch:
    """What one pruning put into the trash."""

    folder: Path
    made: str
    runs: tuple[TrashedRun, ...]

    @property
    def title(self) -> str:
        """The name of its folder, which is its time."""
        return self.folder.name


def new_batch(store_folder: Path, runs: tuple[TrashedRun, ...]) -> TrashBatch:
    """Make the folder of a batch and write its manifest, whole, before anything moves.

    Raises
    ------
    StoreError
        If the trash cannot be written.
    """
    now = datetime.now(UTC)
    folder = store_folder / TRASH / now.strftime("%Y-%m-%dT%H-%M-%S-%f")
    batch = TrashBatch(folder, now.isoformat(timespec="seconds"), runs)
    body = {"made": batch.made, "undo": UNDO, "runs": [asdict(run) for run in runs]}
    try:
        folder.mkdir(parents=True)
        unfinished = folder / f".{MANIFEST}"
        unfinished.write_text(json.dumps(body, indent=2), encoding="utf-8")
        unfinished.replace(folder / MANIFEST)
    except OSError as error:
        raise StoreError(f"the trash at {folder} cannot be written ({error.strerror})") from error
    return batch


def batches(store_folder: Path) -> Iterator[TrashBatch]:
    """Yield the batches in the trash that can be read, the oldest first."""
    for folder in _folders(store_folder):
        with contextlib.suppress(*_UNREADABLE):
            yield _read(folder)


def lost_batches(store_folder: Path) -> Iterator[Path]:
    """Yield the folders in the trash whose manifest is gone or cannot be read."""
    for folder in _folders(store_folder):
        try:
            _read(folder)
        except _UNREADABLE:
            yield folder


def _folders(store_folder: Path) -> list[Path]:
    """Return the folders in the trash; links are passed by."""
    trash = store_folder / TRASH
    if trash.is_symlink() or not trash.is_dir():
        return []
    return sorted(path for path in trash.iterdir() if path.is_dir() and not path.is_symlink())


def _read(folder: Path) -> TrashBatch:
    body: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    runs = tuple(
        TrashedRun(
            run["run_id"],
            run["name"],
            run["experiment"],
            run["reason"],
            tuple(run["models"]),
            tuple(TrashMove(move["source"], move["target"]) for move in run["moves"]),
        )
        for run in body["runs"]
    )
    return TrashBatch(folder, body["made"], runs)


def inside(batch: TrashBatch, move: TrashMove) -> Path:
    """Return where a move ends.

    Raises
    ------
    StoreError
        If the manifest names a place outside the batch's folder, or one that a link leads to.
    """
    parts = PurePosixPath(move.target).parts
    if not parts or ".." in parts or PurePosixPath(move.target).is_absolute():
        raise StoreError(f"{batch.folder / MANIFEST} names {move.target}, outside the trash")
    path = batch.folder.joinpath(*parts)
    steps = [path, *path.parents]
    if any(step.is_symlink() for step in steps[: steps.index(batch.folder)]):
        raise StoreError(f"{path} is reached through a symbolic link; remove it by hand")
    return path


def bin_folders(batch: TrashBatch, run: TrashedRun) -> list[str]:
    """Move a run's folders into the trash and return those that could not be moved."""
    failed = []
    for move in run.moves:
        target = inside(batch, move)
        try:
            if not os.path.lexists(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(move.source, target)
        except OSError as error:
            failed.append(f"{move.source}: {error.strerror or error}")
    return failed


def unmoved(batch: TrashBatch, run: TrashedRun) -> list[str]:
    """Return the folders of a run that were to move and are still where they were."""
    return [
        move.source
        for move in run.moves
        if os.path.lexists(move.source) and not os.path.lexists(inside(batch, move))
    ]


def return_folders(batch: TrashBatch, run: TrashedRun) -> list[str]:
    """Move a run's folders back to where they came from; return those that could not be moved."""
    failed = []
    for move in run.moves:
        target, source = inside(batch, move), Path(move.source)
        if not os.path.lexists(target):
            continue
        if os.path.lexists(source):
            failed.append(f"{source}: something is there already")
            continue
        try:
            source.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(target, source)
        except OSError as error:
            failed.append(f"{source}: {error.strerror or error}")
    return failed


def remove_folders(batch: TrashBatch, run: TrashedRun) -> int:
    """Delete a run's folders from the trash for good and return their size in bytes."""
    total = 0
    for move in run.moves:
        target = inside(batch, move)
        total += size_of(target)
        if target.is_dir():
            shutil.rmtree(target)  # does not follow links inside
    return total


def drop(batch: TrashBatch) -> None:
    """Remove a batch's folder once nothing of it is left, and the trash when it is empty."""
    (batch.folder / MANIFEST).unlink(missing_ok=True)
    for folder, _, _ in os.walk(batch.folder, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
    with contextlib.suppress(OSError):
        batch.folder.parent.rmdir()


def size_of(folder: Path) -> int:
    """Return the bytes of all files below a folder, links not followed."""
    return sum(
        Path(parent, name).lstat().st_size for parent, _, names in os.walk(folder) for name in names
    )
