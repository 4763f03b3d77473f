"""What can be said about an SQLite store without MLflow writing to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from shlex import quote

from cutscore.errors import Fault, RequestError
from cutscore.runs.addresses import sqlite_url
from cutscore.runs.schema import schema_revisions

_HEADER = b"SQLite format 3\x00"


def fault(problem: str, remedy: str) -> RequestError:
    """Return the error for a store that cannot be used."""
    return RequestError(Fault("tracking.uri", problem, remedy))


def is_empty(path: Path) -> bool:
    """Return whether there is no store yet: no file, or one of no bytes."""
    try:
        return not path.exists() or (path.is_file() and path.stat().st_size == 0)
    except OSError as error:
        raise fault(
            f"{path} cannot be read ({error.strerror}).", "Choose a file you may read."
        ) from error


def why_not_sqlite(path: Path) -> str | None:
    """Return why a path is no SQLite database, or None if it begins as one."""
    if path.is_dir():
        return f"{path} is a folder, not a database file."
    try:
        with path.open("rb") as file:
            header = file.read(len(_HEADER))
    except FileNotFoundError:
        return f"there is no store at {path}."
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})."
    if not header:
        return f"{path} is empty: no store was ever made in it."
    return None if header == _HEADER else f"{path} is not an SQLite database."


def check_file(path: Path) -> None:
    """Check that the file is a writable MLflow store of the schema that MLflow expects.

    Raises
    ------
    RequestError
        If it is a folder, no SQLite database, no MLflow store, of another schema, or read-only.
    """
    other = "Name a file that MLflow made, or one that does not exist yet."
    if problem := why_not_sqlite(path):
        raise fault(problem, other)
    try:
        with closing(sqlite3.connect(path, timeout=20)) as connection:
            check_schema(str(path), _revision(path, connection), sqlite_url(path))
            _check_writable(path, connection)
    except sqlite3.OperationalError as error:
        remedy = "Wait for who has it open, or mend the permissions of its folder. "
        remedy += "cutscore store audit and cutscore runs export write nothing, and need neither."
        raise fault(f"{path} cannot be opened ({error}).", remedy) from error
    except sqlite3.DatabaseError as error:
        raise fault(f"{path} cannot be used: {error}.", other) from error


def _revision(path: Path, connection: sqlite3.Connection) -> str:
    """Return the schema revision that the file says it has."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = {name for (name,) in names}
    if not {"alembic_version", "experiments", "runs"} <= tables:
        raise fault(
            f"{path} is an SQLite database, but not an MLflow store.",
            "Name a file that MLflow made, or one that does not exist yet.",
        )
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return "" if row is None else str(row[0])


def check_schema(shown: str, revision: str, address: str) -> None:
    """Check the revision of a store against those that the installed MLflow knows.

    Raises
    ------
    RequestError
        If it is another; it calls the store `shown`, and tells how to upgrade what is at `address`.
    """
    known = schema_revisions()
    if revision == known[0]:
        return
    installed = version("mlflow")
    if revision in known:
        raise fault(
            f"{shown} has an older schema ({revision}) than MLflow {installed} expects.",
            f"Make a backup, then run: mlflow db upgrade {quote(address)}",
        )
    raise fault(
        f"{shown} has schema {revision or 'unknown'}, which MLflow {installed} does not "
        "know: a newer MLflow has written it.",
        "Install that newer MLflow, or name another store.",
    )


def _check_writable(path: Path, connection: sqlite3.Connection) -> None:
    """Check that a transaction can be begun."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return  # someone writes just now, so it can be written
        raise fault(
            f"{path} cannot be written ({error}).", "Mend its permissions, or name another store."
        ) from error
