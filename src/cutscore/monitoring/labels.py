"""True classes that come late and in part, found by the ids of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.batch.fault_book import FaultBook
from cutscore.batch.scored_rows import classes_of
from cutscore.data.locate import LocatedData
from cutscore.data.unlabelled import RowFile, RowSettings, opened
from cutscore.data.unpack import SETTING as DATA_PATH
from cutscore.data.unreadable import read_evenly
from cutscore.errors import Fault, RequestError, blaming, nearest
from cutscore.records import RawColumn, RawTable, Rows, Target
from cutscore.records.decision import Flags

if TYPE_CHECKING:
    import duckdb

LABELS = "--labels"
Hashes = npt.NDArray[np.uint64]


class IdHasher:
    """Turns ids as texts into numbers of 64 bits, by which they are looked up before compared."""

    def __init__(self) -> None:
        import duckdb

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect()

    def __call__(self, texts: Any) -> Hashes:
        """Return the hashes of an Arrow array of texts, shape (rows,)."""
        import pyarrow as pa

        self._connection.register("ids", pa.table({"id": texts}))
        found = self._connection.execute("SELECT hash(id) AS h FROM ids").fetchnumpy()["h"]
        return np.asarray(found, dtype=np.uint64)


@dataclass(eq=False)
class Labels:
    """True classes by id.

    Attributes
    ----------
    hashes, ids, target : hashes in ascending order, the ids that have them as an Arrow array of
        texts, and the class of each, shape (labels,)
    unknown : labels that are there but empty
    found : which labels some row had
    example : an id of some row
    """

    hashes: Hashes
    ids: Any
    target: Target
    unknown: int = 0
    hasher: IdHasher = field(default_factory=IdHasher)

    def __post_init__(self) -> None:
        self.found: Flags = np.zeros(len(self.hashes), dtype=bool)
        self.example = ""

    def of(self, texts: Any) -> tuple[Target, Flags]:
        """Return the classes of rows by their ids, and which are known, each of shape (rows,)."""
        if not len(self.hashes):
            return np.zeros(len(texts), np.int8), np.zeros(len(texts), bool)
        wanted = _texts(texts)
        self.example = wanted[0].as_py() or self.example
        hashes = self.hasher(wanted)
        at: Rows = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        met = (self.hashes[at] == hashes) & wanted.is_valid().to_numpy(zero_copy_only=False)
        known = met & _equal(self.ids.take(at), wanted)
        for row in np.flatnonzero(met & ~known):  # another id has the same hash
            here = slice(at[row], np.searchsorted(self.hashes, hashes[row], side="right"))
            place = self.ids[here].index(wanted[int(row)]).as_py()
            known[row], at[row] = place >= 0, at[row] + max(place, 0)
        self.found[at[known]] = True
        return np.where(known, self.target[at], 0).astype(np.int8), known

    def check_found(self) -> None:
        """Refuse labels none of which belongs to a row: ids are of another kind, or written so.

        Raises
        ------
        RequestError
            If there are labels, and no row has one.
        """
        if len(self.found) and not self.found.any():
            problem = f"none of {len(self.found):,} labels is of a row that was read: its ids are "
            problem += f'like "{self.ids[0]}", those of rows like "{self.example}".'
            raise RequestError(Fault(LABELS, problem, "Name the column of ids: --id COLUMN."))

    @property
    def strays(self) -> int:
        """How many labels belong to no row."""
        return int(np.count_nonzero(~self.found))


def read_labels(path: Path, target: str, id_column: str) -> Labels:
    """Read the true classes of a CSV or Parquet file with a column of ids.

    An id may be there again with the same class; empty classes are counted and passed over.

    Raises
    ------
    RequestError
        If it cannot be read, lacks a column, has classes other than 0 and 1, or two for one id.
    """
    wanted = [RawColumn(target, "category")]

    def work(data: LocatedData) -> Labels:
        ids, classes, unknown, book = list[Any](), list[Target](), 0, FaultBook()
        connection = opened(data)
        try:
            raw = RawTable((), missing=("", "NA", "N/A", "NaN", "nan", "NULL", "null"))
            rows = RowFile(data, connection, raw, wanted, RowSettings(), id_column)
            faults = [
                Fault(name, f'"{path}" has no column "{column}".{nearest(column, rows.names)}')
                for name, column in (("--target", target), ("--id", id_column))
                if column not in rows.names
            ]
            if faults:
                raise RequestError(faults)
            for batch in rows.batches():
                try:
                    found, known = classes_of(batch.rows.column(target), target)
                except RequestError as error:
                    book.add(error.faults, batch.numbers)
                    continue
                unknown += int(np.count_nonzero(~known))
                known &= batch.ids.is_valid().to_numpy(zero_copy_only=False)
                ids.append(_texts(batch.ids).filter(known))
                classes.append(found[known])
        finally:
            connection.close()
        if book:
            raise RequestError(book.faults())
        return _sorted(ids, classes, unknown)

    with blaming(LABELS, DATA_PATH):
        return read_evenly(path, RowSettings().lines, work)


def _sorted(texts: list[Any], classes: list[Target], unknown: int) -> Labels:
    import pyarrow as pa
    import pyarrow.compute as pc

    hasher = IdHasher()
    target = np.concatenate([np.empty(0, np.int8), *classes])
    hashes = np.concatenate([np.empty(0, np.uint64), *map(hasher, texts)])
    ids = pa.concat_arrays([_texts(pa.array([], pa.string())), *texts])
    texts.clear()  # of millions of ids two copies are much
    order = np.argsort(hashes, kind="stable")
    ids, hashes, target = ids.take(order), hashes[order], target[order]
    again = hashes[1:] == hashes[:-1]
    if (again & ~_equal(ids[1:], ids[:-1])).any():  # ids that share a hash: equal ones together
        order = np.lexsort([np.asarray(pc.rank(ids)), hashes])
        ids, target = ids.take(order), target[order]
        again &= _equal(ids[1:], ids[:-1])
    torn = int(np.count_nonzero(again & (target[1:] != target[:-1])))
    if torn:
        problem = f"ids have both classes, 0 and 1: {torn:,} times."
        raise RequestError(Fault(LABELS, problem, "Leave one label for each id."))
    first = np.append(True, ~again) if len(ids) else np.zeros(0, dtype=bool)
    return Labels(hashes[first], ids.filter(first), target[first], unknown, hasher)


def _texts(ids: Any) -> Any:
    """Return ids as an Arrow array of texts that may hold any number of bytes."""
    import pyarrow as pa

    return ids.cast(pa.large_string())


def _equal(one: Any, other: Any) -> Flags:
    import pyarrow.compute as pc

    return np.asarray(pc.equal(one, other).fill_null(False))
