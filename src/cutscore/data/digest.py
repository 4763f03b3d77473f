"""What a data set contains, as a hash; and which of its rows are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.records import RowPeriods, Rows, Table, Target, Values

_BLOCK = 4_096
_MISSING = np.iinfo(np.int64).min


def digest(
    table: Table,
    target: Target,
    target_name: str,
    ids: npt.NDArray[Any],
    amounts: Mapping[str, npt.NDArray[np.float64]],
    whole: Mapping[str, npt.NDArray[Any]],
    weights: npt.NDArray[np.float64] | None = None,
    periods: RowPeriods | None = None,
) -> str:
    """Return the SHA-256 of the content, as 64 hexadecimal digits.

    Names, kinds, levels and every value count, in order; the file's name, format and types do
    not, so that the same table as CSV and as Parquet has the same digest. Of `whole`, columns of
    whole numbers or moments count if float32 makes different values the same; of fractions, the
    float32 values say enough. Without `weights`, which are as in the file, and
    without `periods`, nothing is said of them.
    """
    head: dict[str, Any] = {
        "columns": [[column.name, column.levels] for column in table.columns],
        "shape": table.values.shape,
        "target": target_name,
        "amounts": sorted(amounts),
    }
    if weights is not None:
        head["weight"] = True
    if periods is not None:
        head["periods"] = periods.names
    state = hashlib.sha256(json.dumps(head, ensure_ascii=True).encode())
    state.update(np.ascontiguousarray(table.values).data)
    state.update(np.ascontiguousarray(target).data)
    if weights is not None:
        state.update(np.ascontiguousarray(weights).data)
    if periods is not None:
        state.update(periods.which.data)
    for name in sorted(amounts):
        state.update(np.ascontiguousarray(amounts[name] + 0.0).data)
    for name in sorted(whole):
        values = whole[name]
        if _loses(values, table.values[:, table.names.index(name)]):
            plain = np.ma.filled(values, _MISSING) if values.dtype.kind == "i" else values
            state.update(np.ascontiguousarray(plain).view(np.uint8).data)
    for identity in ids.tolist():
        state.update(f"{identity}\n".encode())
    return state.hexdigest()


def _loses(values: npt.NDArray[Any], narrowed: Values) -> bool:
    """Whether float32 makes different whole numbers or moments the same."""
    present = np.ma.compressed(values)
    present = present[present == present]
    if present.dtype.kind == "f" and (present % 1 != 0).any():
        return False
    return len(np.unique(present)) > len(np.unique(narrowed[~np.isnan(narrowed)]))


def first_equal_row(values: Values) -> Rows:
    """Return for each row the index of the first row that equals it, bit for bit.

    Missing values are equal to each other; `values` must hold one kind of NaN and no -0. Rows are
    compared by a 64-bit multilinear hash first, and rows of equal hash value by value.
    """
    keys = _keys(values)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(keys) else keys[:0]
    sizes = np.diff(np.r_[starts, len(keys)])
    first = np.arange(len(keys), dtype=np.int64)
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        met: dict[bytes, int] = {}
        for row in order[start : start + size].tolist():
            first[row] = met.setdefault(values[row].tobytes(), row)
    return first


def repeated_rows(first: Rows, target: Target) -> int:
    """Return how many rows repeat an earlier row in all feature values and the target."""
    return len(first) - len(np.unique(first * 2 + target))


def _keys(values: Values) -> npt.NDArray[np.uint64]:
    """Return a hash of each row's bits; fixed odd weights make it the same everywhere."""
    rows, columns = values.shape
    weights = np.random.default_rng(0).integers(1, 2**63, columns, dtype=np.uint64) * 2 + 1
    bits = np.ascontiguousarray(values).view(np.uint32)
    keys = np.zeros(rows, dtype=np.uint64)
    for start in range(0, rows, _BLOCK):
        part = slice(start, start + _BLOCK)
        keys[part] = bits[part].astype(np.uint64) @ weights
    return keys
