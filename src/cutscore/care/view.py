"""A whole store, read for care: nothing here writes to it.

An SQLite store is read by SQL, read-only; one of an older MLflow from a copy that is brought to
the current schema, a folder of MLflow's old file store from a temporary database. Servers and
other databases are read through MLflow's client.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cutscore.care import read_client, read_sql
from cutscore.care.contents import Contents
from cutscore.care.database import current_copy, is_current, open_readonly
from cutscore.care.file_entries import Lost
from cutscore.care.file_experiments import TRASH
from cutscore.care.file_store import file_store_root, read_file_store
from cutscore.care.files import LocalFiles, ServedFiles, StoreFiles
from cutscore.care.paths import artifact_roots
from cutscore.care.places import files_beside
from cutscore.errors import Fault, RequestError, StoreError
from cutscore.report.redact import redact
from cutscore.runs.adapter.client import patient_client
from cutscore.runs.addresses import address_folder
from cutscore.runs.elsewhere import is_elsewhere
from cutscore.runs.init import check_store
from cutscore.runs.sqlite import is_empty

SETTING = "STORE"
MOST_FAULTS = 20
_NOTHING = Contents({}, {}, {}, ())


@dataclass(frozen=True)
class View:
    """What a store holds, where its files are, and what is wrong with it as a whole.

    `roots` are the folders of this machine whose files belong to it (none for a server),
    `damage` what SQLite finds wrong, `notes` how it was read, `skipped` what could not be looked
    at, `lost` the entries of a file store that could not be read as they stand.
    """

    title: str
    contents: Contents
    files: StoreFiles
    roots: tuple[Path, ...] = ()
    damage: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    lost: tuple[Lost, ...] = ()


def view_database(path: Path, extra: Sequence[Path] = (), setting: str = SETTING) -> View:
    """Read an SQLite store; `extra` are folders elsewhere whose files belong to it too.

    Raises
    ------
    RequestError
        If there is none, or it cannot be read, or a newer MLflow has written it.
    """
    beside = files_beside(path)
    if beside and is_empty(path):
        raise RequestError(Fault(setting, f"there is no store at {path}.", f"{beside}."))
    notes: tuple[str, ...] = (f"Not read: {beside}.",) if beside else ()
    with open_readonly(path, setting) as connection, tempfile.TemporaryDirectory() as folder:
        damage = _damage(connection)
        try:
            if is_current(connection, path, setting):
                contents = _contents(connection)
            else:
                copy = current_copy(connection, path, Path(folder), setting)
                with open_readonly(copy, setting) as upgraded:
                    contents = _contents(upgraded)
                notes += ("An older MLflow wrote this store; a copy was upgraded and read.",)
        except (RequestError, sqlite3.DatabaseError):
            if not damage:
                raise
            contents = _NOTHING
            notes += ("The database is too damaged for its runs to be read.",)
    roots = artifact_roots(path.parent, extra)
    files = LocalFiles(path.parent.absolute(), roots)
    return View(str(path), contents, files, roots, damage, notes)


def view_folder(folder: Path, extra: Sequence[Path] = (), setting: str = SETTING) -> View:
    """Read a file store through a temporary database.

    Raises
    ------
    RequestError
        If the folder is no file store.
    """
    root = file_store_root(folder)
    if root is None:
        problem = f"{folder} holds no files of MLflow's old file store."
        raise RequestError(Fault(setting, problem, "Name the folder of its experiments."))
    with tempfile.TemporaryDirectory(prefix="cutscore-") as temporary:
        database = Path(temporary) / "mlflow.db"
        lost = read_file_store(root, database)
        with open_readonly(database, setting) as connection:
            contents = _contents(connection)
    roots = artifact_roots(root, [*extra, root / TRASH])
    files = LocalFiles(root.absolute(), roots)
    note = "This is a file store, which MLflow no longer opens; a temporary database was read."
    return View(str(folder), contents, files, roots, notes=(note,), lost=lost)


def view_client(uri: str, extra: Sequence[Path] = (), setting: str = SETTING) -> View:
    """Read a server, or a database other than SQLite.

    Its files on this machine lie in the folders `extra`, and where its experiments say.

    Raises
    ------
    RequestError
        If nothing answers there, or it refuses.
    """
    check_store(uri)
    client = patient_client(uri)
    try:
        contents = read_client.read_contents(client)
    except StoreError as error:
        raise RequestError(Fault(setting, f"{error}.", "Mend it, or name another.")) from error
    skipped = ["integrity and foreign keys of the database", "deleted models", "traces"]
    if uri.startswith("http"):
        skipped += ["files without a run", "links and addresses of files", "files of old versions"]
        return View(redact(uri), contents, ServedFiles(client), skipped=tuple(skipped))
    locations = [
        contents.experiments[key].location for key in sorted(contents.experiments, key=int)
    ]
    folders = [folder for one in locations if (folder := address_folder(one)) is not None]
    parents = [folder.parent for folder in folders if folder.is_absolute()]
    roots = tuple(dict.fromkeys([*(folder.absolute() for folder in extra), *parents]))
    files = LocalFiles(roots[0] if roots else Path.cwd(), roots)
    if any(map(is_elsewhere, locations)):
        skipped.append("files elsewhere that belong to no run")
    return View(redact(uri), contents, files, roots, skipped=tuple(skipped))


def _contents(connection: sqlite3.Connection) -> Contents:
    """Read a database at one moment, also while others write to it."""
    connection.execute("BEGIN")
    return read_sql.read_contents(connection)


def _damage(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return what SQLite finds wrong: with pages and indexes, and between tables.

    Of pages that are past telling SQLite itself gives up; that is told too.
    """
    found = []
    try:
        for (line,) in connection.execute(f"PRAGMA integrity_check({MOST_FAULTS})"):
            if line != "ok":
                found.append(f"integrity: {line}")
        rows = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_CORRUPT:
            raise
        return (*found, f"integrity: {error}")
    counts = Counter((str(table), str(parent)) for table, _, parent, _ in rows)
    found += [
        f"foreign keys: {number} rows of {table} name no row of {parent}"
        for (table, parent), number in sorted(counts.items())
    ]
    return tuple(found)
