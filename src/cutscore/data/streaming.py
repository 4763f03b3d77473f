"""Reading a plan's rows in batches into one float32 matrix.

The matrix grows with the batches, so the whole table is never held twice nor in float64.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.data.plan import ReadPlan
from cutscore.data.precision import Distinct
from cutscore.data.texts import UNSEEN
from cutscore.records import Values

if TYPE_CHECKING:
    import duckdb

BATCH = 8_192


@dataclass
class Encoder:
    """Numbers texts in the order they are met, without blanks around them."""

    missing: Collection[str] = ()
    codes: dict[str, int] = field(default_factory=dict)

    def encode(self, array: Any) -> npt.NDArray[np.int64]:
        """Return the code of each text of an Arrow array, -1 where it is missing."""
        encoded = array.dictionary_encode()
        texts = [text.strip(UNSEEN) for text in encoded.dictionary.to_pylist()]
        table = np.array([*map(self._code, texts), -1], dtype=np.int64)
        indices = encoded.indices.fill_null(len(table) - 1)
        codes: npt.NDArray[np.int64] = table[indices.to_numpy(zero_copy_only=False)]
        return codes

    def _code(self, text: str) -> int:
        return -1 if text in self.missing else self.codes.setdefault(text, len(self.codes))


@dataclass
class GrowingMatrix:
    """A float32 matrix to which rows are added; `values` is the part that is filled."""

    columns: int
    rows: int = 0
    store: Values = field(init=False)

    def __post_init__(self) -> None:
        self.store = np.empty((0, self.columns), dtype=np.float32)

    def add(self, rows: int) -> Values:
        """Return the view to be filled with the next rows."""
        start, self.rows = self.rows, self.rows + rows
        # Resizing in place lets the system move pages instead of copying them.
        self.store.resize((self.rows, self.columns), refcheck=False)
        return self.store[start:]


@dataclass
class Stream:
    """What was read.

    Text features hold codes of `encoders`, keyed by the feature's position. `columns` holds what
    is no feature, keyed by position in the plan; texts as codes. `distinct` has, for each feature
    of numbers, the values that float32 changes.
    """

    matrix: GrowingMatrix
    kept: npt.NDArray[np.int64]
    present: npt.NDArray[np.int64]
    infinite: npt.NDArray[np.int64]
    encoders: dict[int, Encoder]
    columns: dict[int, npt.NDArray[Any]]
    nulls: dict[int, int]
    distinct: dict[int, Distinct]


def stream(plan: ReadPlan, connection: duckdb.DuckDBPyConnection) -> Stream:
    """Read all rows that the plan's filter keeps, in the file's order.

    Raises
    ------
    duckdb.Error, OSError
        When a row cannot be read as the layout says.
    """
    width = len(plan.features)
    matrix = GrowingMatrix(width)
    missing = frozenset(plan.layout.missing)
    encoders = {at: Encoder(missing) for at, read in enumerate(plan.reads) if read.text}
    others = [at for at, read in enumerate(plan.reads) if at >= width and read.role != "where"]
    parts: dict[int, list[npt.NDArray[Any]]] = {at: [] for at in others}
    kept: list[npt.NDArray[np.int64]] = []
    present, infinite = np.zeros(width, np.int64), np.zeros(width, np.int64)
    nulls = dict.fromkeys(others, 0)
    distinct = {at: Distinct() for at in range(width) if at not in encoders}
    offset = 0
    for batch in connection.sql(plan.statement).to_arrow_reader(BATCH):
        numbers = np.arange(offset, offset + batch.num_rows)
        offset += batch.num_rows
        if plan.reads[-1].role == "where":
            batch, numbers = _filtered(batch, numbers)
        if batch.num_rows == 0:
            continue
        kept.append(numbers)
        block = _block(batch, width, encoders, distinct)
        present += np.count_nonzero(~np.isnan(block), axis=1)
        infinite += np.count_nonzero(np.isinf(block), axis=1)
        matrix.add(batch.num_rows)[:] = block.T
        for at in others:
            array = batch.column(at)
            whole = plan.reads[at].role == "whole"
            values = _whole(array) if whole else _values(array, encoders.get(at))
            nulls[at] += int((values < 0).sum()) if at in encoders else array.null_count
            # A view of one column would keep the whole batch alive.
            parts[at].append(values.copy())
    empty = [np.empty(0, np.int64)]
    columns = {at: _joined(pieces or empty) for at, pieces in parts.items()}
    numbers = np.concatenate(kept or empty)
    return Stream(matrix, numbers, present, infinite, encoders, columns, nulls, distinct)


def _filtered(batch: Any, numbers: npt.NDArray[np.int64]) -> tuple[Any, npt.NDArray[np.int64]]:
    mask = batch.column(batch.num_columns - 1).fill_null(False)
    return batch.filter(mask), numbers[mask.to_numpy(zero_copy_only=False)]


def _joined(pieces: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return arrays end to end, with the mask of missing integers if they have one."""
    masked = any(isinstance(piece, np.ma.MaskedArray) for piece in pieces)
    joined: npt.NDArray[Any] = (np.ma.concatenate if masked else np.concatenate)(pieces)
    return joined


def _whole(array: Any) -> npt.NDArray[Any]:
    """Return numbers or moments as they are; missing are NaN, NaT, or masked integers."""
    if str(array.type) != "int64":
        return _values(array, None)
    values = array.fill_null(0).to_numpy(zero_copy_only=False)
    missing = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else np.ma.nomask
    return np.ma.MaskedArray(values, missing)


def _block(
    batch: Any, width: int, encoders: dict[int, Encoder], distinct: dict[int, Distinct]
) -> Values:
    """Return the batch's features, shape (features, rows), in float32 with one NaN and no -0."""
    block = np.empty((width, batch.num_rows), dtype=np.float32)
    with np.errstate(over="ignore"):  # what is too large for float32 is faulted as infinite
        for at in range(width):
            values = _values(batch.column(at), encoders.get(at))
            block[at] = values
            if at in distinct and values.dtype == np.float64:
                distinct[at].add(values, block[at])
    for at in encoders:
        if at < width:
            block[at][block[at] < 0] = np.nan
    block += 0.0
    block[np.isnan(block)] = np.nan
    return block


def _values(array: Any, encoder: Encoder | None) -> npt.NDArray[Any]:
    if encoder is not None:
        return encoder.encode(array)
    values: npt.NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return values
