"""What a merge is about to do to files, written down first, so that it can be undone.

The one step that counts is the commit of the database: it carries the merge's mark (SQLite's
user_version, which nothing else of a store uses). Files are copied to hidden folders, renamed into
place before the commit, and taken away again if the commit never came: at once when the merge
fails, at the next use of the store when its process was killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from cutscore.errors import RequestError, StoreError
from cutscore.runs.locks import locked

STAGING = ".cutscore-merge-"


@dataclass(frozen=True)
class JournalMove:
    """One rename: what is staged goes into place; what stood there goes aside first."""

    staged: str
    place: str
    aside: str | None = None


@dataclass(frozen=True)
class Journal:
    """All that a merge changes outside the database.

    `mark` is the database's user_version once the merge is committed, `created` says that the
    merge made the database, `made` are folders that were not there before, outermost first.
    """

    mark: int
    database: str
    backup: str | None
    created: bool
    staging: tuple[str, ...]
    made: tuple[str, ...]
    moves: tuple[JournalMove, ...]


def journal_path(database: Path) -> Path:
    """Return where the journal of a merge into this database is kept."""
    return database.with_name(f".{database.name}.merge.json")


def merge_lock(database: Path) -> Path:
    """Return the lock that a merge holds from its first write to its last."""
    return database.with_name(f"{database.name}.merge.lock")


def write_journal(journal: Journal) -> None:
    """Write the journal, whole or not at all, and on to the disk."""
    path = journal_path(Path(journal.database))
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(asdict(journal), file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def move_into_place(journal: Journal) -> None:
    """Carry out the journal's renames."""
    for move in journal.moves:
        place = Path(move.place)
        place.parent.mkdir(parents=True, exist_ok=True)
        if move.aside is not None and place.exists():
            Path(move.aside).parent.mkdir(parents=True, exist_ok=True)
            place.rename(move.aside)
        Path(move.staged).rename(place)


def undo(journal: Journal) -> None:
    """Take away all that a merge without a commit has done."""
    for move in reversed(journal.moves):
        place, aside = Path(move.place), Path(move.aside) if move.aside else None
        in_place = not Path(move.staged).exists() and place.exists()
        if aside is None:
            if in_place and any(Path(folder).exists() for folder in journal.staging):
                _discard(place, journal)
        elif aside.exists():
            if place.exists():
                _discard(place, journal)
            aside.rename(place)
    _clear(journal)
    for folder in reversed(journal.made):
        with contextlib.suppress(OSError):  # somebody else uses it by now
            Path(folder).rmdir()
    if journal.backup is not None:
        Path(journal.backup).unlink(missing_ok=True)
    if journal.created and _holds_no_runs(Path(journal.database)):
        Path(journal.database).unlink(missing_ok=True)
    journal_path(Path(journal.database)).unlink(missing_ok=True)


def finish(journal: Journal) -> None:
    """Clear what a committed merge needs no longer."""
    _clear(journal)
    journal_path(Path(journal.database)).unlink(missing_ok=True)


def committed(journal: Journal) -> bool:
    """Return whether the database carries the merge's mark."""
    path = Path(journal.database)
    if not path.exists() or path.stat().st_size == 0:
        return False
    # Not read-only: what the killed process left half written in the file is rolled back here.
    with closing(sqlite3.connect(path, timeout=20)) as connection:
        return bool(connection.execute("PRAGMA user_version").fetchone()[0] == journal.mark)


def interrupted(database: Path) -> bool:
    """Return whether a merge into this database has left its journal."""
    return journal_path(database).exists()


def repair(database: Path) -> str | None:
    """Undo, or finish, a merge whose process was killed; the caller holds the merge's lock.

    Returns what was done in words, None if there was nothing to do.

    Raises
    ------
    StoreError
        If the journal cannot be read.
    """
    path = journal_path(database)
    path.with_name(f"{path.name}.new").unlink(missing_ok=True)
    if not path.exists():
        return None
    try:
        journal = _read(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"the journal of an interrupted merge, {path}, cannot be read.") from error
    if committed(journal):
        finish(journal)
        return "an interrupted merge was complete: its leftovers are cleared"
    undo(journal)
    return "an interrupted merge was undone"


def repair_if_idle(database: Path) -> str | None:
    """Repair after a killed merge, unless a merge is running just now."""
    if not interrupted(database):
        return None
    try:
        with locked(merge_lock(database), seconds=0):
            return repair(database)
    except RequestError:
        return None  # it is being merged into, or it may not be written


def missing_folders(folders: Iterable[Path]) -> tuple[str, ...]:
    """Return the folders, parents included, that are not there yet, outermost first."""
    found: dict[Path, None] = {}
    for folder in folders:
        for step in reversed((folder, *folder.parents)):
            if not step.exists():
                found[step] = None
    return tuple(str(folder) for folder in sorted(found, key=lambda path: len(path.parts)))


def _read(path: Path) -> Journal:
    values = json.loads(path.read_text(encoding="utf-8"))
    moves = tuple(JournalMove(**move) for move in values.pop("moves"))
    staging = tuple(values.pop("staging"))
    if any(not Path(folder).name.startswith(STAGING) for folder in staging):
        raise ValueError("a staging folder of another name")
    made = tuple(values.pop("made"))
    return Journal(moves=moves, staging=staging, made=made, **values)


def _discard(place: Path, journal: Journal) -> None:
    """Take a folder that the merge put in place away in one step, and then remove it."""
    bin_ = Path(journal.staging[0]) / "discarded"
    bin_.mkdir(parents=True, exist_ok=True)
    number = sum(1 for _ in bin_.iterdir())
    try:
        place.rename(bin_ / str(number))
    except OSError:  # on another disk than the first staging folder
        shutil.rmtree(place)


def _holds_no_runs(database: Path) -> bool:
    """Return whether nobody has begun to use a database that the merge made."""
    if not database.exists():
        return False
    try:
        with closing(sqlite3.connect(database, timeout=20)) as connection:
            return connection.execute("SELECT 1 FROM runs LIMIT 1").fetchone() is None
    except sqlite3.DatabaseError:
        return False


def _clear(journal: Journal) -> None:
    for folder in journal.staging:
        shutil.rmtree(folder, ignore_errors=True)
