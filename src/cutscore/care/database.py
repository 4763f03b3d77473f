"""SQLite stores opened without a risk to them: read-only, or as a copy.

Nothing here writes to the file it is given, or leaves a file beside it. Whoever needs another
schema works on a copy.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from cutscore.errors import Fault, RequestError
from cutscore.runs.schema import migrate, schema_revisions
from cutscore.runs.sqlite import why_not_sqlite

BUSY_SECONDS = 20.0
SETTING = "STORE"
_OTHER = "Name the .db file of an MLflow store."
Stamp = tuple[tuple[int, int, bytes] | None, ...]
_SIDE_FILES = ("-wal", "-journal")
"""What SQLite keeps of a database beside it; its -shm files can be made again."""
_STAMPED = 100
_WAL_PLACE, _WAL = 18, b"\x02\x02"
_SETTLED_NS = 20_000_000
"""Times of last change are as coarse as a kernel's ticks: a file younger than this may change
again without a sign."""


@contextmanager
def open_readonly(path: Path, setting: str = SETTING) -> Iterator[sqlite3.Connection]:
    """Open an MLflow store of any schema for reading; nothing can be written through it.

    `setting` is what the request calls this store, for messages.

    Raises
    ------
    RequestError
        If there is no file, it is no SQLite database or no MLflow store, it is damaged, locked
        or may not be read. Damage that shows only while reading is told the same way.
    """
    if faults := header_faults(path, setting):
        raise RequestError(faults)
    try:
        with ExitStack() as stack:
            place = path
            if _reading_leaves_traces(path):
                folder = tempfile.TemporaryDirectory(prefix="cutscore-")
                place = _copy_as_it_is(path, Path(stack.enter_context(folder)), setting)
            mode: Literal["ro", "rw"] = "ro" if place == path else "rw"
            connection = stack.enter_context(closing(_connect(place, mode)))
            _check_tables(path, connection, setting)
            yield connection
    except sqlite3.DatabaseError as error:
        raise database_fault(path, error, setting) from error


def is_current(connection: sqlite3.Connection, path: Path, setting: str = SETTING) -> bool:
    """Return whether a store has the schema of the installed MLflow; False if an older one.

    Raises
    ------
    RequestError
        If a newer MLflow has written it.
    """
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    found = "" if row is None else str(row[0])
    known = schema_revisions()
    if found in known:
        return found == known[0]
    raise _fault(
        setting,
        f"{path} has schema {found or 'unknown'}, which MLflow {version('mlflow')} does not know: "
        "a newer MLflow has written it.",
        "Install that newer MLflow.",
    )


def current_copy(
    connection: sqlite3.Connection, path: Path, folder: Path, setting: str = SETTING
) -> Path:
    """Copy an open store into `folder`, as it is at one moment, in the installed MLflow's schema.

    Raises
    ------
    RequestError
        If the store has a newer schema, or MLflow cannot upgrade the copy.
    """
    upgrade = not is_current(connection, path, setting)
    copy = folder / f"{path.stem}.copy.db"
    with closing(sqlite3.connect(copy)) as target:
        target.execute("PRAGMA synchronous = OFF")  # nobody needs it after a power cut
        connection.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    if upgrade:
        _upgrade(path, copy, setting)
    return copy


def stamp(path: Path) -> Stamp:
    """Return what differs after every change of a database.

    That is size, time of last change, and the first bytes, in which SQLite counts changes, of the
    file and of those that belong to it.
    """
    found: list[tuple[int, int, bytes] | None] = []
    for part in (path, *(Path(f"{path}{end}") for end in _SIDE_FILES)):
        try:
            with part.open("rb") as file:
                state = os.fstat(file.fileno())
                found.append((state.st_size, state.st_mtime_ns, file.read(_STAMPED)))
        except FileNotFoundError:
            found.append(None)
    return tuple(found)


def integrity_faults(connection: sqlite3.Connection, limit: int = 20) -> list[str]:
    """Return what SQLite finds wrong with the pages and indexes of a database."""
    rows = connection.execute(f"PRAGMA integrity_check({limit})").fetchall()
    return [str(row[0]) for row in rows if row[0] != "ok"]


def header_faults(path: Path, setting: str = SETTING) -> list[Fault]:
    """Return the fault of a file that is not there, or does not begin as SQLite files do."""
    problem = why_not_sqlite(path)
    return [Fault(setting, problem, _OTHER)] if problem else []


def database_fault(path: Path, error: sqlite3.Error, setting: str = SETTING) -> RequestError:
    """Return the error that says in plain words what SQLite could not do."""
    text = str(error)
    if "locked" in text or "busy" in text:
        problem = f"{path} is locked by another program ({text})."
        return _fault(setting, problem, "Wait until it has finished, then try again.")
    if "readonly" in text or "unable to open" in text:
        problem = f"{path} has an unfinished change or may not be read ({text})."
        return _fault(setting, problem, "Open it once with the program that wrote it.")
    return _fault(setting, f"{path} is damaged: {text}.", "Restore it from a backup.")


def _reading_leaves_traces(path: Path) -> bool:
    """Return whether SQLite would change something beside a file that it only reads.

    In WAL mode it makes -wal and -shm files, and fails where it may not; a journal that a killed
    program has left is rolled back.
    """
    with path.open("rb") as file:
        file.seek(_WAL_PLACE)
        is_wal = file.read(len(_WAL)) == _WAL
    return is_wal or any(Path(f"{path}{end}").exists() for end in _SIDE_FILES)


def _copy_as_it_is(path: Path, folder: Path, setting: str) -> Path:
    """Copy a database with the files that belong to it, all of one moment, and return the copy.

    Returns the path itself where others write without a pause: what SQLite needs beside it to
    read along is there already then.

    Raises
    ------
    RequestError
        If a file cannot be read, or there is no room for the copy.
    """
    copy = folder / path.name
    last = time.monotonic() + BUSY_SECONDS
    while time.monotonic() < last:
        before, now = stamp(path), time.time_ns()
        for end in ("", *_SIDE_FILES):
            Path(f"{copy}{end}").unlink(missing_ok=True)
            try:
                shutil.copyfile(f"{path}{end}", f"{copy}{end}")
            except FileNotFoundError:
                continue
            except OSError as error:
                problem = f"{path}{end} cannot be copied to {folder} ({error.strerror})."
                raise _fault(setting, problem, "Mend that, or set TMPDIR.") from error
        young = any(part is not None and 0 <= now - part[1] < _SETTLED_NS for part in before)
        if not young and stamp(path) == before:
            return copy
        time.sleep(_SETTLED_NS / 1e9)
    return path


def _connect(path: Path, mode: Literal["ro", "rw"]) -> sqlite3.Connection:
    """Connect for reading; `rw` lets SQLite itself mend what a killed program has left."""
    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _check_tables(path: Path, connection: sqlite3.Connection, setting: str) -> None:
    """Check that the tables of an MLflow store are there."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    if not {"alembic_version", "experiments", "runs"} <= {str(name) for (name,) in rows}:
        raise _fault(setting, f"{path} is an SQLite database, but not an MLflow store.", _OTHER)


def _upgrade(path: Path, copy: Path, setting: str) -> None:
    """Bring a copy to the installed MLflow's schema."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        migrate(copy)
    except SQLAlchemyError as error:
        first = str(error).splitlines()[0]
        problem = f"a copy of {path} cannot be brought to the current schema ({first})."
        raise _fault(setting, problem, "Upgrade it with the MLflow that wrote it.") from error


def _fault(setting: str, problem: str, remedy: str) -> RequestError:
    """Return the error for a store that cannot be read."""
    return RequestError(Fault(setting, problem, remedy))
