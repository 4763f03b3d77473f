"""The stores that are merged, opened and looked through once."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cutscore.care.content import (
    FILES,
    Content,
    all_ids,
    files_digest,
    read_contents,
)
from cutscore.care.database import (
    current_copy,
    integrity_faults,
    is_current,
    open_readonly,
    stamp,
)
from cutscore.care.file_entries import Lost
from cutscore.care.file_experiments import TRASH
from cutscore.care.file_store import read_file_store, stamp_of_files
from cutscore.care.holdings import HeldFiles, read_holding
from cutscore.care.leave_out import leave_out
from cutscore.care.paths import artifact_roots
from cutscore.care.rules import UNITS, Kind
from cutscore.errors import Fault, RequestError

_PLAIN_NAMES = {"mlruns", "mlflow", "mlflow.db", "store", "tracking"}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Opened:
    """A store looked through: a copy of its database, what its runs and models hold.

    `name` is a short name for it, `stamp` differs from its own when it has changed since, `lost`
    are the entries of a file store that could not be read as they stand, `left_behind` counts by
    table what the user left out.
    """

    name: str
    path: Path
    connection: sqlite3.Connection
    stamp: tuple[object, ...]
    upgraded: bool
    lost: tuple[Lost, ...] = ()
    left_behind: dict[str, int] = field(default_factory=dict)
    contents: dict[Kind, dict[str, Content]] = field(default_factory=dict)
    holdings: dict[Kind, dict[str, HeldFiles]] = field(default_factory=dict)


@contextmanager
def opened_source(
    path: Path,
    folder: Path,
    extra: Sequence[Path],
    note: Callable[[str], None],
    left_out: Collection[str] = (),
) -> Iterator[Opened]:
    """Copy a source into a database in `folder` and read what it holds, files included.

    `extra` are folders outside the store's own that hold its files too, `left_out` words for what
    of it is not taken.

    Raises
    ------
    RequestError
        If it cannot be read, is damaged, or names runs by what cannot be a folder.
    """
    note(f"reading {path}")
    is_folder = path.is_dir()
    before = stamp_of(path)
    lost: tuple[Lost, ...] = ()
    upgraded = False
    if is_folder:
        copy, home = folder / "files.db", path
        lost = read_file_store(path, copy)
    else:
        with open_readonly(path) as original:
            upgraded = not is_current(original, path)
            copy, home = current_copy(original, path, folder), path.parent
    left = leave_out(copy, left_out)
    with open_readonly(copy) as connection:
        faults = integrity_faults(connection)
        if faults:
            problem = f"{path} is damaged: {faults[0]}."
            raise RequestError(Fault(str(path), problem, "Restore it from a backup."))
        store = Opened(short_name(path), path, connection, before, upgraded, lost, left)
        roots = artifact_roots(home, [*extra, home / TRASH] if is_folder else extra)
        for kind in UNITS:
            ids = all_ids(connection, kind)
            _check_ids(path, ids)
            store.contents[kind] = read_contents(connection, kind, ids)
            store.holdings[kind] = read_holdings(connection, kind, home, roots)
            for owner, holding in store.holdings[kind].items():
                if holding.folder is not None:
                    store.contents[kind][owner][FILES] = files_digest(holding.files)
        yield store


def stamp_of(path: Path) -> tuple[object, ...]:
    """Return what differs after every change of a database or of a file store."""
    return stamp_of_files(path) if path.is_dir() else stamp(path)


def read_holdings(
    connection: sqlite3.Connection, kind: Kind, folder: Path, roots: Sequence[Path]
) -> dict[str, HeldFiles]:
    """Return the files of all runs, models or traces."""
    return {
        str(owner): read_holding(str(owner), str(uri or ""), folder, roots)
        for owner, _, uri in connection.execute(UNITS[kind].addresses).fetchall()
    }


def short_name(path: Path) -> str:
    """Return what a store may be called in a word: its file's name, or that of a folder above."""
    names = [path.stem, *(parent.name for parent in path.absolute().parents)]
    chosen = next((name for name in names if name and name.lower() not in _PLAIN_NAMES), "store")
    return re.sub(r"[^\w-]+", "_", chosen)


def _check_ids(path: Path, ids: Sequence[str]) -> None:
    """Check that ids can be names of folders, whoever wrote them."""
    strange = [one for one in ids if not _ID.fullmatch(one)]
    if strange:
        problem = f"{path} holds ids that are no plain words: {strange[0]!r}."
        raise RequestError(Fault(str(path), problem, "It was not written by MLflow."))
