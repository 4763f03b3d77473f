"""MLflow's old file store read into a database, entry by entry: a bad one costs itself alone.

MLflow's own migration is all or nothing, and real stores hold what databases refuse: names that
come twice, metric lines that are repeated or cut, descriptions that are empty.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cutscore.care.file_entries import META, Entry, Lost, Row
from cutscore.care.file_experiments import TRASH, experiment_entries, experiment_folders
from cutscore.care.file_registry import registry_entries
from cutscore.care.file_runs import Known, dataset_entries, model_entries, run_entries
from cutscore.care.file_traces import trace_entries
from cutscore.care.paths import walk_files
from cutscore.runs.schema import create_database

_FOLDER = "mlruns"


def file_store_root(folder: Path) -> Path | None:
    """Return the folder of experiments of a file store: this one, or its `mlruns`."""
    for root in (folder, folder / _FOLDER):
        places = (root, root / TRASH, root / "models")
        if any(place.is_dir() and any(place.glob(f"*/{META}")) for place in places):
            return root
    return None


def count_runs(root: Path) -> int:
    """Return how many runs a file store describes."""
    return sum(1 for _ in root.glob(f"[0-9]*/*/{META}"))


def read_file_store(root: Path, database: Path) -> tuple[Lost, ...]:
    """Make a database of what a file store holds; return what was lost on the way."""
    database.write_bytes(_empty_database())
    lost: list[Lost] = []
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for entry in _entries(root):
            reason = entry.reason if isinstance(entry, Lost) else _insert(connection, entry)
            if reason:
                lost.append(Lost(entry.file, reason))
    return tuple(lost)


def stamp_of_files(root: Path) -> tuple[object, ...]:
    """Return what differs after every change of a file store's files."""
    return tuple(walk_files(root))


def _entries(root: Path) -> Iterator[Entry]:
    """Yield all entries, those that others point at first."""
    experiments, known = experiment_folders(root), Known()
    yield from experiment_entries(experiments)
    for one in experiments:
        yield from run_entries(one, known)
    for one in experiments:
        yield from dataset_entries(one, known)
        yield from model_entries(one)
        yield from trace_entries(one.folder, one.number)
    yield from registry_entries(root / "models")


def _insert(connection: sqlite3.Connection, row: Row) -> str:
    """Insert a row, and return why the database refuses it, '' if it does not."""
    names = ", ".join(f'"{name}"' for name in row.values)
    marks = ", ".join("?" for _ in row.values)
    query = f'INSERT INTO "{row.table}" ({names}) VALUES ({marks})'
    try:
        connection.execute(query, tuple(row.values.values()))
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        if "FOREIGN KEY" in str(error):
            return "it belongs to an entry that was not read"
        return str(error)
    return ""


@cache
def _empty_database() -> bytes:
    """Return a database with MLflow's tables, which take seconds to make."""
    with TemporaryDirectory(prefix="cutscore-") as folder:
        path = Path(folder) / "empty.db"
        create_database(path)
        return path.read_bytes()
