"""Where a dashboard reads: every kind of store as one SQLite connection that only reads.

What is no SQLite database is copied into one in memory, so that there is one way to ask. A source
is used from one thread.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol

from cutscore.care.database import Stamp, current_copy, database_fault, open_readonly, stamp
from cutscore.care.file_store import read_file_store
from cutscore.care.paths import (
    FoundFile,
    Unusable,
    artifact_roots,
    check_links,
    resolve_artifact,
    walk_files,
)
from cutscore.care.read_client import read_contents
from cutscore.dashboard.copying import copy_contents
from cutscore.errors import StoreError
from cutscore.report.redact import redact
from cutscore.runs.adapter.client import patient_client
from cutscore.runs.port import RunStore

NEEDED = {
    "experiments", "runs", "params", "tags", "metrics", "latest_metrics", "model_versions",
    "model_version_tags", "registered_models", "registered_model_tags",
    "registered_model_aliases",
}  # fmt: skip
"""The tables that are read."""

LEAST_SECONDS, SHARE = 10.0, 10.0
"""A store that is read through its port is read again after so long, and after so many times what
reading it took: ten percent of the time at most."""


class RunPlace(NamedTuple):
    """A run's id, and the address at which its files are said to be."""

    run_id: str
    address: str


class RunSource(Protocol):
    """A store that is looked at; `title` is its address without a password."""

    title: str

    def stamp(self) -> str:
        """Return what differs after every change of the store, as far as that is known cheaply."""

    def connection(self) -> sqlite3.Connection:
        """Return a connection to the store as it is now.

        Raises
        ------
        CutscoreError
            If it cannot be read now: locked, gone, damaged, away.
        """

    def file(self, run: RunPlace, name: str) -> Path | None:
        """Return a run's file by its name with `/`, None where there is none that may be read."""

    def names(self, run: RunPlace) -> list[str]:
        """Return the names of a run's files."""

    def close(self) -> None:
        """Give back what is held."""


class _LocalFiles:
    """Files below a store's own folders; links are not followed."""

    def __init__(self, store: Path) -> None:
        self._store, self._roots = store, artifact_roots(store)

    def file(self, run: RunPlace, name: str) -> Path | None:
        """Return a run's file by its name with `/`, None where there is none that may be read."""
        place = resolve_artifact(run.address, self._store, self._roots)
        parts = name.split("/")
        if isinstance(place, Unusable) or {"", ".", ".."} & set(parts) or "\x00" in name:
            return None
        found = place.path.joinpath(*parts)
        return found if not check_links(found, place.path) and found.is_file() else None

    def names(self, run: RunPlace) -> list[str]:
        """Return the names of a run's files."""
        place = resolve_artifact(run.address, self._store, self._roots)
        if isinstance(place, Unusable):
            return []
        return [found.name for found in walk_files(place.path) if isinstance(found, FoundFile)]


class DatabaseSource(_LocalFiles):
    """An SQLite store: read as it lies there, without a trace beside it."""

    def __init__(self, path: Path, setting: str = "--store") -> None:
        super().__init__(path.parent.absolute())
        self.title = str(path)
        self._path, self._setting = path, setting
        self._held = ExitStack()
        self._open: sqlite3.Connection | None = None
        self._seen: Stamp = ()

    def stamp(self) -> str:
        """Return a digest of the file's state."""
        return sha256(repr(stamp(self._path)).encode()).hexdigest()[:16]

    def connection(self) -> sqlite3.Connection:
        """Return the connection, made anew after a change: another file may lie there now."""
        now = stamp(self._path)
        if self._open is None or now != self._seen:
            self.close()
            try:
                self._open, self._seen = self._connect(), now
            except sqlite3.DatabaseError as error:
                raise database_fault(self._path, error, self._setting) from error
        return self._open

    def close(self) -> None:
        """Close the connection."""
        self._held.close()
        self._held, self._open = ExitStack(), None

    def _connect(self) -> sqlite3.Connection:
        opened = self._held.enter_context(open_readonly(self._path, self._setting))
        found = opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        if {str(name) for (name,) in found} >= NEEDED:
            return opened
        folder = self._held.enter_context(tempfile.TemporaryDirectory(prefix="cutscore-"))
        copy = current_copy(opened, self._path, Path(folder), self._setting)
        return self._held.enter_context(open_readonly(copy, self._setting))


class FolderSource(_LocalFiles):
    """MLflow's old file store, which nobody writes to any more: read when it is first asked for."""

    def __init__(self, root: Path) -> None:
        super().__init__(root.absolute())
        self.title = str(root)
        self._held = ExitStack()
        self._open: sqlite3.Connection | None = None

    def stamp(self) -> str:
        """Return the same at all times."""
        return "once"

    def connection(self) -> sqlite3.Connection:
        """Return the connection to what was read."""
        if self._open is None:
            folder = self._held.enter_context(tempfile.TemporaryDirectory(prefix="cutscore-"))
            database = Path(folder) / "mlflow.db"
            read_file_store(self._store, database)
            self._open = self._held.enter_context(open_readonly(database))
        return self._open

    def close(self) -> None:
        """Take the copy away."""
        self._held.close()


class PortSource:
    """A server, or another database: read whole through its port, and again from time to time."""

    def __init__(self, store: RunStore) -> None:
        self.title = redact(store.uri)
        self._store = store
        self._open: sqlite3.Connection | None = None
        self._at, self._took, self._count = 0.0, 0.0, 0
        self._files = tempfile.TemporaryDirectory(prefix="cutscore-")

    def stamp(self) -> str:
        """Return a number that grows with every reading."""
        self.connection()
        return str(self._count)

    def connection(self) -> sqlite3.Connection:
        """Return a copy in memory that is not too old."""
        began = time.monotonic()
        if self._open is None or began - self._at > max(LEAST_SECONDS, SHARE * self._took):
            contents = read_contents(patient_client(self._store.uri))
            made = sqlite3.connect(":memory:")
            copy_contents(contents, self._store.registry, made)
            if self._open is not None:
                self._open.close()
            self._open, self._count = made, self._count + 1
            self._at = time.monotonic()
            self._took = self._at - began
        return self._open

    def file(self, run: RunPlace, name: str) -> Path | None:
        """Return a copy of a file, which the store's port is asked for."""
        if not run.address:  # there is no such run, and what is asked for may be any path
            return None
        folder = Path(self._files.name) / run.run_id
        folder.mkdir(exist_ok=True)
        try:
            found = self._store.download(run.run_id, name, folder)
        except StoreError:
            return None
        return found if found is not None and found.is_file() else None

    def names(self, run: RunPlace) -> list[str]:
        """Return the names of a run's files, which the store's port is asked for."""
        return [file.path for file in self._store.read(run.run_id).artifacts]

    def close(self) -> None:
        """Take the copies away."""
        if self._open is not None:
            self._open.close()
        self._files.cleanup()
