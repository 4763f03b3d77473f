"""The store that is merged into: checked, locked, backed up."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from cutscore.care.database import BUSY_SECONDS, header_faults
from cutscore.care.holdings import HeldFiles
from cutscore.care.merge_tables import Row
from cutscore.care.paths import artifact_roots, claimed_folder
from cutscore.care.rules import Kind
from cutscore.errors import Fault, RequestError, StoreError, blaming
from cutscore.runs.locks import locked
from cutscore.runs.merge_journal import merge_lock, missing_folders
from cutscore.runs.settings import SETTING
from cutscore.runs.sqlite import check_file, is_empty

LOCK_SECONDS = 10.0
CACHE_KB = 200_000
Seen = dict[tuple[Kind, str], HeldFiles]


@dataclass
class MergeTarget:
    """The store that is merged into: a connection to it or to a copy, where its files are.

    `folder` is the real database's folder. `coming` are, by kind and id, the files that this
    merge brings and that are not in place yet, with the folder that they go to; `seen` is what
    has been read of the files that are. `versions` are the registry's by name and number, each
    with what makes it the same in two stores, once they have been looked at.
    """

    connection: sqlite3.Connection
    folder: Path
    coming: dict[tuple[Kind, str], tuple[HeldFiles, Path | None]] = field(default_factory=dict)
    seen: Seen = field(default_factory=dict)
    versions: dict[str, dict[int, tuple[object, Row]]] = field(default_factory=dict)
    _roots: dict[int, tuple[Path, ...]] = field(default_factory=dict)

    def roots_of(self, experiment: int) -> tuple[Path, ...]:
        """Return the folders in which the target may have files of an experiment's runs."""
        if experiment not in self._roots:
            query = "SELECT artifact_location FROM experiments WHERE experiment_id = ?"
            row = self.connection.execute(query, (experiment,)).fetchone()
            place = claimed_folder(str(row[0] or "")) if row else None
            extra = [] if place is None else [place]
            self._roots[experiment] = artifact_roots(self.folder, extra)
        return self._roots[experiment]


@dataclass(frozen=True)
class MergeRequest:
    """Which stores go into which; `extra` are more folders that hold files of the sources.

    `keep_target`: where a run or model differs in both, the target's stays; else the merge is
    refused. `leave_out` are words for what stays behind.
    """

    sources: tuple[Path, ...]
    target: Path
    extra: tuple[Path, ...] = ()
    dry_run: bool = False
    keep_target: bool = False
    leave_out: tuple[str, ...] = ()


def check_request(request: MergeRequest) -> None:
    """Check what can be said of the files before any is opened."""
    faults: list[Fault] = []
    for path in request.sources:
        if not path.is_dir() and (found := header_faults(path, "SRC")):
            faults += found
            continue
        if request.target.exists() and path.samefile(request.target):
            problem = f"{path} is the target itself."
            faults.append(Fault("SRC", problem, "Name another store, or another target."))
    for folder in request.extra:
        if not folder.is_dir():
            problem = f"{folder} is no folder."
            faults.append(Fault("--artifacts", problem, "Name the folder that holds the files."))
    if faults:
        raise RequestError(faults)


def check_target(path: Path) -> None:
    """Check that the target, if it is there, can be written and has the current schema."""
    if is_empty(path):
        return
    try:
        check_file(path)
    except RequestError as error:
        raise RequestError([replace(fault, setting="--into") for fault in error.faults]) from error


@contextmanager
def held(target: Path) -> Iterator[None]:
    """Hold the merge's lock on a target; folders made for one that fails are removed again."""
    made = missing_folders([target.parent])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{target.parent} cannot be written ({error.strerror})."
        raise RequestError(Fault("--into", problem, "Choose a folder you may write.")) from error
    try:
        with blaming("--into", SETTING), locked(merge_lock(target), LOCK_SECONDS):
            yield
    except OSError as error:
        raise StoreError(f"{target} cannot be merged into ({error}).") from error
    finally:
        if made and not target.exists():
            merge_lock(target).unlink(missing_ok=True)
            for folder in reversed(made):
                Path(folder).rmdir()


def start_from(empty: Path, target: Path) -> None:
    """Make the target's database, whole from its first moment."""
    new = target.with_name(f".{target.name}.new-{os.getpid()}")
    try:
        shutil.copyfile(empty, new)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def back_up(target: Path, backup: Path) -> None:
    """Copy the target's database as it is at this moment."""
    with closing(connect(target)) as real, closing(sqlite3.connect(backup)) as copy:
        real.backup(copy)


def backup_path(target: Path) -> Path:
    """Return a name for the backup that is not taken."""
    stamp = datetime.now().astimezone().strftime("%Y%m%dT%H%M%S")
    names = [f"{target.name}.backup-{stamp}{end}" for end in ("", *(f"-{i}" for i in range(2, 99)))]
    return next(path for path in map(target.with_name, names) if not path.exists())


def connect(path: Path) -> sqlite3.Connection:
    """Connect for writing, with foreign keys checked when the transaction ends."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    return connection
