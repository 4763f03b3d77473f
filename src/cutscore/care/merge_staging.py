"""Copying the files of a merge to hidden folders beside their places, checked byte for byte."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cutscore.care.holdings import HeldFiles, copy_file, hash_folder
from cutscore.care.merge_plan import SourcePlan, UnitPlan
from cutscore.care.merge_source import Opened
from cutscore.care.paths import Located
from cutscore.errors import Fault, RequestError, StoreError
from cutscore.runs.merge_journal import STAGING, Journal, JournalMove, missing_folders

SPARE = 1.05
"""Disk space asked for, relative to what is known to be needed."""

Work = list[tuple[Opened, UnitPlan]]


def units_with_files(plans: Sequence[tuple[Opened, SourcePlan]]) -> Work:
    """Return the runs and models whose files have to be copied, each once."""
    found: dict[Path, tuple[Opened, UnitPlan]] = {}
    for source, plan in plans:
        for unit in plan.units:
            if unit.files is not None and unit.action in ("add", "update"):
                # Of two sources' states of a run the later one is planned last.
                new = unit.files in found and found[unit.files][1].action == "add"
                found[unit.files] = (source, replace(unit, action="add") if new else unit)
    return list(found.values())


def make_journal(database: Path, work: Work, *, backup: Path | None, created: bool) -> Journal:
    """Return what the merge will do to files."""
    mark = secrets.randbelow(2**31 - 2) + 1
    moves: list[JournalMove] = []
    staging: dict[str, None] = {}
    parents: list[Path] = []
    for _, unit in work:
        place = _place(unit)
        hidden = _experiment_folder(unit) / f"{STAGING}{mark:08x}"
        staging[str(hidden)] = None
        replaces = os.path.lexists(place)
        aside = str(hidden / "aside" / unit.id) if replaces else None
        moves.append(JournalMove(str(_staged(hidden, unit)), str(place), aside))
        parents.append(place.parent)
    return Journal(
        mark=mark,
        database=str(database),
        backup=None if backup is None else str(backup),
        created=created,
        staging=tuple(staging),
        made=missing_folders(dict.fromkeys(parents)),
        moves=tuple(moves),
    )


def stage(journal: Journal, work: Work, note: Callable[[str], None]) -> None:
    """Copy all files to their hidden folders.

    Raises
    ------
    StoreError
        If a source's file is not what it was, a copy is not equal, or the disk refuses.
    """
    for done, ((source, unit), move) in enumerate(zip(work, journal.moves, strict=True)):
        if done % 200 == 0:
            note(f"copying files: {done:,} of {len(work):,} runs and models")
        holding = source.holdings[unit.kind][unit.id]
        folder = Path(move.staged)
        if unit.action == "add":
            folder = folder / "artifacts"
        try:
            _copy(holding, folder)
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(
                f"files of {unit.kind} {unit.id} cannot be copied to {folder} ({reason}); "
                "the target is as it was."
            ) from error
        if dict(hash_folder(Located(folder)).files) != dict(holding.files):
            raise StoreError(
                f"the copied files of {unit.kind} {unit.id} are not equal to the source's; "
                "the target is as it was."
            )


def needed_space(
    database: Path, sources: Iterable[Opened], work: Work, *, backup: bool
) -> dict[Path, int]:
    """Return the bytes that the merge will write, by folder that is there."""
    growth = sum(database_size(source.connection) for source in sources)
    own = database.stat().st_size if database.exists() else 0
    # The grown part twice: SQLite keeps a journal beside the database until the commit.
    needed = {_standing(database.parent): 2 * growth + own * (2 if backup else 1)}
    for source, unit in work:
        folder = _standing(_experiment_folder(unit))
        size = source.holdings[unit.kind][unit.id].size
        needed[folder] = needed.get(folder, 0) + size
    return needed


def free_space(folder: Path) -> int:
    """Return the bytes that are free where a folder is."""
    return shutil.disk_usage(folder).free


def check_space(needed: Mapping[Path, int], free: Callable[[Path], int] = free_space) -> None:
    """Check that what the merge writes has room, disk by disk.

    Raises
    ------
    RequestError
        If a disk has too little.
    """
    by_disk: dict[int, tuple[Path, int]] = {}
    for folder, size in needed.items():
        first, total = by_disk.get(folder.stat().st_dev, (folder, 0))
        by_disk[folder.stat().st_dev] = (first, total + size)
    faults = [
        Fault(
            "--into",
            f"backup, database and files need {_mb(total)}, but {folder} has {_mb(free(folder))}.",
            "Make room there, or merge into a store on another disk.",
        )
        for folder, total in by_disk.values()
        if free(folder) < total * SPARE
    ]
    if faults:
        raise RequestError(faults)


def database_size(connection: sqlite3.Connection) -> int:
    """Return the bytes of an open database."""
    pages, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "page_size")
    )
    return pages * size


def _copy(holding: HeldFiles, folder: Path) -> None:
    """Copy the files of one run or model."""
    if holding.folder is None:
        return
    folder.mkdir(parents=True)
    made = {folder}
    for name, digest in holding.files.items():
        target = folder / name
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        copy_file(holding.folder / name, target, digest)


def _place(unit: UnitPlan) -> Path:
    """Return what is renamed into place: a new run's folder, or an older one's artifacts."""
    files = _files(unit)
    return files.parent if unit.action == "add" else files


def _staged(hidden: Path, unit: UnitPlan) -> Path:
    return hidden / unit.kind / unit.id


def _experiment_folder(unit: UnitPlan) -> Path:
    """Return the folder of the experiment: hidden folders in it are on the same disk."""
    levels = 1 if unit.kind == "run" else 2
    return _files(unit).parents[levels]


def _files(unit: UnitPlan) -> Path:
    if unit.files is None:
        raise StoreError(f"{unit.kind} {unit.id} has no files to copy.")
    return unit.files


def _standing(folder: Path) -> Path:
    """Return the folder, or the nearest above it that is there."""
    return next((step for step in (folder, *folder.parents) if step.exists()), Path("/"))


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
