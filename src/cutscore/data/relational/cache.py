"""Feature tables that are made once: files named by all that can change them.

A name is a hash of the content of the source tables, of what is declared, and of the versions of
DuckDB and of this code, so an entry is never out of date; it is only no longer asked for.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cutscore.errors import Fault, RequestError

_RACY = 2_000_000_000
"""Nanoseconds; a file that was changed so shortly before it was read may change unnoticed."""
_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_CODE = _HERE, _HERE.parent / "layout.py", _ROOT / "expressions.py", _ROOT / "sql.py"


@dataclass(frozen=True)
class CacheEntry:
    """One feature table that is kept.

    Attributes
    ----------
    path : its file
    size : in bytes
    modified : when it was made, in seconds since 1970
    rows, columns : of the table
    """

    path: Path
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
        If the folder cannot be written.
    """
    from filelock import FileLock

    path = folder / f"{key}.parquet"
    if path.exists():
        return path
    _make(folder)
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
    return path


def entries(folder: Path) -> list[CacheEntry]:
    """Return the feature tables that are kept, the newest first."""
    import pyarrow.parquet as pq

    found = []
    for path in folder.glob("*.parquet"):
        stat, metadata = path.stat(), pq.read_metadata(path)
        size = stat.st_size, stat.st_mtime, metadata.num_rows, metadata.num_columns
        found.append(CacheEntry(path, *size))
    return sorted(found, key=lambda entry: -entry.modified)


def clear(chosen: Iterable[CacheEntry]) -> None:
    """Delete entries; a process that reads one at the moment reads on."""
    for entry in chosen:
        entry.path.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{folder} cannot be made ({error.strerror})."
        raise RequestError(Fault("data.cache", problem, "Name a folder you may write.")) from None


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
        _make(memo)
        with tempfile.NamedTemporaryFile("w", dir=memo, delete=False) as written:
            json.dump({"state": state, "digest": digest}, written)
        Path(written.name).replace(note)
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
