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
    """Turns ids as texts into numbers of 64 bits; two of 10 million ids meet with 3 in 10^6."""

    def __init__(self) -> None:
        import duckdb

        self._connection: duckdb.DuckDBPyConnection = duckdb.connect()

    def __call__(self, texts: Any) -> Hashes:
        """Return the hashes of an Arrow array of texts, shape (rows,)."""
        import pyarrow as pa

        self._connection.register("ids", pa.table({"id": texts.cast(pa.string())}))
        found = self._connection.execute("SELECT hash(id) AS h FROM ids").fetchnumpy()["h"]
        return np.asarray(found, dtype=np.uint64)


@dataclass(eq=False)
class Labels:
    """True classes by id.

    Attributes
    ----------
    ids, target : hashes in ascending order, and the class of each, shape (labels,)
    unknown : labels that are there but empty
    found : which labels some row had
    """

    ids: Hashes
    target: Target
    unknown: int = 0
    hasher: IdHasher = field(default_factory=IdHasher)

    def __post_init__(self) -> None:
        self.found: Flags = np.zeros(len(self.ids), dtype=bool)

    def of(self, texts: Any) -> tuple[Target, Flags]:
        """Return the classes of rows by their ids, and which are known, each of shape (rows,)."""
        hashes = self.hasher(texts)
        at: Rows = np.minimum(np.searchsorted(self.ids, hashes), max(len(self.ids) - 1, 0))
        if not len(self.ids):
            return np.zeros(len(hashes), np.int8), np.zeros(len(hashes), bool)
        known = (self.ids[at] == hashes) & texts.is_valid().to_numpy(zero_copy_only=False)
        self.found[at[known]] = True
        return np.where(known, self.target[at], 0).astype(np.int8), known

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
    hasher = IdHasher()

    def work(data: LocatedData) -> Labels:
        hashes, classes, unknown, book = list[Hashes](), list[Target](), 0, FaultBook()
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
                hashes.append(hasher(batch.ids)[known])
                classes.append(found[known])
        finally:
            connection.close()
        if book:
            raise RequestError(book.faults())
        return _sorted(hashes, classes, unknown, hasher)

    with blaming(LABELS, DATA_PATH):
        return read_evenly(path, RowSettings().lines, work)


def _sorted(hashes: list[Hashes], classes: list[Target], unknown: int, hasher: IdHasher) -> Labels:
    ids = np.concatenate([np.empty(0, np.uint64), *hashes])
    target = np.concatenate([np.empty(0, np.int8), *classes])
    order = np.argsort(ids, kind="stable")
    ids, target = ids[order], target[order]
    again = ids[1:] == ids[:-1]
    torn = int(np.count_nonzero(again & (target[1:] != target[:-1])))
    if torn:
        problem = f"{torn:,} ids have both classes, 0 and 1."
        raise RequestError(Fault(LABELS, problem, "Leave one label for each id."))
    first = np.append(True, ~again) if len(ids) else np.zeros(0, dtype=bool)
    return Labels(ids[first], target[first], unknown, hasher)
