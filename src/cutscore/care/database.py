"""SQLite stores opened without a risk to them: read-only, or as a copy.

Nothing here writes to the file it is given. Whoever needs another schema works on a copy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path

from cutscore.errors import Fault, RequestError
from cutscore.runs.quiet import quiet_migration
from cutscore.runs.sqlite import PREFIX, schema_revisions

BUSY_SECONDS = 20.0
SETTING = "STORE"
_HEADER = b"SQLite format 3\x00"
_OTHER = "Name the .db file of an MLflow store."


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
    check_header(path, setting)
    try:
        with closing(_connect(path)) as connection:
            _check_tables(path, connection, setting)
            yield connection
    except sqlite3.DatabaseError as error:
        raise database_fault(path, error, setting) from error


def revision(path: Path, setting: str = SETTING) -> str:
    """Return the schema revision of a store, '' if it names none.

    Raises
    ------
    RequestError
        If the file cannot be read as an MLflow store.
    """
    with open_readonly(path, setting) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return "" if row is None else str(row[0])


def is_current(path: Path, setting: str = SETTING) -> bool:
    """Return whether a store has the schema of the installed MLflow; False if an older one.

    Raises
    ------
    RequestError
        If a newer MLflow has written it.
    """
    found = revision(path, setting)
    known = schema_revisions()
    if found in known:
        return found == known[0]
    raise _fault(
        setting,
        f"{path} has schema {found or 'unknown'}, which MLflow {version('mlflow')} does not know: "
        "a newer MLflow has written it.",
        "Install that newer MLflow.",
    )


def snapshot(path: Path, folder: Path, setting: str = SETTING) -> Path:
    """Copy a store's database into `folder` as it was at one moment, also while it is in use.

    Raises
    ------
    RequestError
        If the file cannot be read as an MLflow store.
    """
    copy = folder / f"{path.stem}.copy.db"
    with open_readonly(path, setting) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def upgraded_copy(path: Path, folder: Path, setting: str = SETTING) -> Path:
    """Copy a store's database into `folder` and bring the copy to the installed MLflow's schema.

    Raises
    ------
    RequestError
        If the file cannot be read, has a newer schema, or MLflow cannot upgrade the copy.
    """
    current = is_current(path, setting)
    copy = snapshot(path, folder, setting)
    if not current:
        _upgrade(path, copy, setting)
    return copy


class Watch:
    """Tells whether anyone has written to a database since the watch began.

    SQLite's data_version differs after every commit of another connection, in all journal modes.
    Use it as a context manager.
    """

    def __init__(self, path: Path) -> None:
        self._connection = _connect(path)
        self._before = self._version()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def changed(self) -> bool:
        """Return whether the database has changed."""
        return self._version() != self._before

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


def integrity_faults(connection: sqlite3.Connection, limit: int = 20) -> list[str]:
    """Return what SQLite finds wrong with the pages and indexes of a database."""
    rows = connection.execute(f"PRAGMA integrity_check({limit})").fetchall()
    return [str(row[0]) for row in rows if row[0] != "ok"]


def check_header(path: Path, setting: str = SETTING) -> None:
    """Check that there is a file, and that it begins as SQLite files do.

    Raises
    ------
    RequestError
        If not.
    """
    try:
        if path.is_dir():
            raise _fault(setting, f"{path} is a folder, not a database file.", _OTHER)
        with path.open("rb") as file:
            header = file.read(len(_HEADER))
    except FileNotFoundError as error:
        raise _fault(setting, f"there is no store at {path}.", _OTHER) from error
    except OSError as error:
        raise _fault(setting, f"{path} cannot be read ({error.strerror}).", _OTHER) from error
    if header != _HEADER:
        raise _fault(setting, f"{path} is not an SQLite database.", _OTHER)


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


def _connect(path: Path) -> sqlite3.Connection:
    """Connect read-only."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)


def _check_tables(path: Path, connection: sqlite3.Connection, setting: str) -> None:
    """Check that the tables of an MLflow store are there."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    if not {"alembic_version", "experiments", "runs"} <= {str(name) for (name,) in rows}:
        raise _fault(setting, f"{path} is an SQLite database, but not an MLflow store.", _OTHER)


def _upgrade(path: Path, copy: Path, setting: str) -> None:
    """Bring a copy to the installed MLflow's schema."""
    from mlflow.store.db import utils as migrations
    from sqlalchemy.exc import SQLAlchemyError

    engine = migrations.create_sqlalchemy_engine(f"{PREFIX}{copy}")
    try:
        with quiet_migration():
            migrations._upgrade_db(engine)
    except SQLAlchemyError as error:
        first = str(error).splitlines()[0]
        problem = f"a copy of {path} cannot be brought to the current schema ({first})."
        raise _fault(setting, problem, "Upgrade it with the MLflow that wrote it.") from error
    finally:
        engine.dispose()


def _fault(setting: str, problem: str, remedy: str) -> RequestError:
    """Return the error for a store that cannot be read."""
    return RequestError(Fault(setting, problem, remedy))
