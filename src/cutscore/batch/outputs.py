"""Writing what came of rows: under a temporary name, and whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock, Timeout

from cutscore.batch.tally import Tally
from cutscore.errors import CutscoreError, Fault, RequestError

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["parquet", "csv", "folder"]
SETTING = "--out"
_KINDS: dict[str, Kind] = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv", "": "folder"}
_GROUP = 131_072
"""Rows of a group of rows in a Parquet file: batches are joined to so many."""


def kind_of(out: Path) -> Kind:
    """Return what is to be written, by the name.

    Raises
    ------
    RequestError
        For another ending.
    """
    if out.is_dir():
        return "folder"
    kind = _KINDS.get(out.suffix.lower())
    if kind is None:
        problem = f'"{out}" ends in {out.suffix}, which is not written.'
        remedy = "Name a file that ends in .parquet or .csv, or a folder."
        raise RequestError(Fault(SETTING, problem, remedy))
    return kind


def beside(out: Path, ending: str) -> Path:
    """Return the hidden name beside a path that goes with it."""
    return out.with_name(f".{out.name}.{ending}")


@contextmanager
def reserved(out: Path) -> Iterator[None]:
    """Keep others from writing to the same place; folders above that were made go if nothing came.

    Raises
    ------
    RequestError
        If another process writes there.
    CutscoreError
        If nothing can be written there.
    """
    made = [each for each in out.parents if not each.exists()]
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        path = beside(out, "lock")
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            problem = f'another process writes "{out}" at this moment.'
            raise RequestError(Fault(SETTING, problem, "Wait for it, or name another.")) from None
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        lock.release()
        for each in made:
            with suppress(OSError):  # there is something in it
                each.rmdir()


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Say in plain words that a file could not be written.

    Raises
    ------
    CutscoreError
        Instead of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        number = error.errno
        if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            reason = f"there is no space left on the disk ({os.strerror(number)})"
        raise CutscoreError(f'"{out}" cannot be written: {reason}.') from error


class ScoredFile:
    """A file that rows are written to, under a temporary name until `finish`."""

    def __init__(self, path: Path, kind: Literal["parquet", "csv"], out: Path) -> None:
        self.path, self._kind, self._out = path, kind, out
        self.temporary = beside(path, "partial")
        self._writer: Any = None
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def write(self, table: pa.Table) -> None:
        """Add rows; all calls bring the same columns."""
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows >= _GROUP:
            self._flush()

    def finish(self) -> None:
        """Bring what was written safely to the disk, and give it its name."""
        self._flush()
        with writing(self._out):
            self._close()
            with self.temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            self.temporary.replace(self.path)
            sync_folder(self.path.parent)

    def discard(self) -> None:
        """Take away what was written."""
        self._waiting = []
        with suppress(OSError):
            self._close()
        with suppress(OSError):
            self.temporary.unlink()

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting, self._rows = [], 0
        with writing(self._out):
            if self._writer is None:
                self.temporary.parent.mkdir(parents=True, exist_ok=True)
                self._writer = self._opened(table.schema)
            self._writer.write_table(table)

    def _opened(self, schema: pa.Schema) -> Any:
        if self._kind == "parquet":
            import pyarrow.parquet as pq

            return pq.ParquetWriter(self.temporary, schema, use_dictionary=False)
        from pyarrow import csv

        plain = all(name.isidentifier() for name in schema.names)
        options = csv.WriteOptions(quoting_header="none" if plain else "needed")
        return csv.CSVWriter(self.temporary, schema, write_options=options)

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()


@dataclass
class OneFile:
    """The output of all rows in one file; see `PartsFolder` for the other kind."""

    out: Path
    kind: Literal["parquet", "csv"]
    overwrite: bool = False
    kept: int = 0

    def __post_init__(self) -> None:
        self._file = ScoredFile(self.out, self.kind, self.out)

    def begin(self) -> None:
        """Refuse a file that is there."""
        self._file.discard()
        if self.out.exists() and not self.overwrite:
            problem = f'"{self.out}" exists.'
            raise RequestError(Fault(SETTING, problem, "Name another file, or add --overwrite."))

    def done(self, _name: str, _source: Path) -> None:
        """Return nothing: no part of one file is there before the whole."""

    def write(self, _name: str, table: pa.Table) -> None:
        """Write rows of a part."""
        self._file.write(table)

    def close(self, _name: str, _source: Path, _figures: Tally) -> None:
        """End a part."""

    def finish(self, _names: Sequence[str]) -> None:
        """Give the file its name."""
        self._file.finish()

    def discard(self, *, whole: bool) -> None:  # noqa: ARG002  # nothing of it is of use later
        """Take away what was written."""
        self._file.discard()


def sync_folder(folder: Path) -> None:
    """Make sure that a folder's names are on the disk."""
    with suppress(OSError):  # not every system can
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def remove(path: Path) -> None:
    """Take a folder away with all that is in it, if it is there."""
    shutil.rmtree(path, ignore_errors=True)
