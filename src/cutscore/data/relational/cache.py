"""Tables that are made once: files named by all that can change them.

There are tables of features and, in the folder `tables`, text files that were converted to Parquet.
A name is a hash of the content of the source tables, of what is declared, and of the versions of
DuckDB and of this code, so an entry is never out of date; it is only no longer asked for.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cutscore.errors import Fault, RequestError

TABLES, SOURCE = "tables", "source"
"""The folder of converted files, and under what each says which file it was."""
_RACY = 2_000_000_000
"""Nanoseconds; a file that was changed so shortly before it was read may change unnoticed."""
_FULL = errno.ENOSPC, errno.EDQUOT
_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_SHARED = "data/describing.py", "data/layout.py", "expressions.py", "sql.py"
_CODE = _HERE, *(_ROOT / name for name in _SHARED)


@dataclass(frozen=True)
class CacheEntry:
    """One table that is kept.

    Attributes
    ----------
    path : its file
    source : the name of the text file that was converted to it; '' for a table of features
    size : in bytes
    modified : when it was made, in seconds since 1970
    rows, columns : of the table
    """

    path: Path
    source: str
    size: int
    modified: float
    rows: int
    columns: int


def entry_key(declared: object, files: Mapping[str, Path], memo: Path) -> str:
    """Return the name of a feature table (hex) by what is declared and its source files.

    `memo` is a folder for what is known of files, so that a file that has not changed since is
    not read again.
    """
    import duckdb

    parts = [
        repr(declared),
        duckdb.__version__,
        code_digest(*_CODE),
        *(f"{name} {_digest(path, memo)}" for name, path in sorted(files.items())),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def cached(folder: Path, key: str, build: Callable[[Path], Path]) -> Path:
    """Return the file of an entry, building it unless it is there.

    `build` gets a folder that is its own and returns the file it made in there. One process
    builds at a time, others wait for it and take what it made.

    Raises
    ------
    RequestError
        If the folder cannot be written, or is on a disk without enough room.
    """
    from filelock import FileLock

    path = folder / f"{key}.parquet"
    if path.exists():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            if path.exists():
                return path
            for left in folder.glob(".building-*"):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            work = Path(tempfile.mkdtemp(prefix=".building-", dir=folder))
            try:
                build(work).replace(path)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        if error.errno not in _FULL:
            problem, remedy = f"{folder} cannot be written ({error.strerror}).", "Name another one."
        else:
            there = next(place for place in (folder, *folder.parents) if place.exists())
            free = shutil.disk_usage(there).free / 1e6
            problem = f"there is not enough room in {folder}: {free:,.1f} MB are free there."
            remedy = "Free disk space, or name a folder on another disk with data.cache=FOLDER."
        raise RequestError(Fault("data.cache", problem, remedy)) from None
    return path


def entries(folder: Path) -> list[CacheEntry]:
    """Return the tables that are kept, the newest first."""
    import pyarrow.parquet as pq

    found = []
    for path in (*folder.glob("*.parquet"), *(folder / TABLES).glob("*.parquet")):
        stat, metadata = path.stat(), pq.read_metadata(path)
        size = stat.st_size, stat.st_mtime, metadata.num_rows, metadata.num_columns
        source = (metadata.metadata or {}).get(SOURCE.encode(), b"").decode()
        found.append(CacheEntry(path, source, *size))
    return sorted(found, key=lambda entry: -entry.modified)


def clear(folder: Path, chosen: Iterable[CacheEntry]) -> None:
    """Delete entries once nobody builds; a process that reads one at the moment reads on."""
    from filelock import FileLock

    if folder.is_dir():
        with FileLock(folder / ".lock"):
            for entry in chosen:
                entry.path.unlink(missing_ok=True)


def _digest(path: Path, memo: Path) -> str:
    """Return a hash of a file's content, or of all files of a folder."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        told = [f"{p.relative_to(path)} {_digest(p, memo)}" for p in files]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()
    stat = path.stat()
    state = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]
    note = memo / f"{hashlib.sha256(str(path.resolve()).encode()).hexdigest()}.json"
    try:
        known = json.loads(note.read_text())
    except (OSError, ValueError):
        known = {}
    if known.get("state") == state:
        return str(known["digest"])
    now = time.time_ns()
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "blake2b").hexdigest()
    if now - max(stat.st_mtime_ns, stat.st_ctime_ns) > _RACY:
        with suppress(OSError):  # it is known without a note, too
            memo.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=memo) as place:
                written = Path(place) / "note"
                written.write_text(json.dumps({"state": state, "digest": digest}))
                written.replace(note)
    return digest


@functools.cache
def code_digest(*places: Path) -> str:
    """Return a hash of files, those of folders (with the data beside the code) included."""
    state = hashlib.sha256()
    for place in places:
        for file in sorted(place.iterdir()) if place.is_dir() else [place]:
            if file.suffix in (".py", ".json"):
                state.update(file.read_bytes())
    return state.hexdigest()
