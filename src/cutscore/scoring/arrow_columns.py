"""A column of an Arrow table, checked and read without a Python value per row where it can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cutscore.errors import Fault
from cutscore.records import RawColumn
from cutscore.scoring.cells import (
    EXACT,
    FURTHEST,
    LARGEST,
    UNKNOWN,
    ReadColumn,
    code_of,
    days,
    fault_at,
    read_cells,
)


def read_arrow(raw: RawColumn, array: Any, missing: Sequence[str] = ()) -> ReadColumn:
    """Read a column of an Arrow table or batch; `read_cells` sees to whatever is unusual."""
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    read, of = None, pa.types
    if raw.kind == "category":
        if of.is_float32(array.type):  # as Python's numbers they would have more digits
            array = array.cast(pa.string())
        if of.is_string(array.type) or of.is_large_string(array.type):
            read = _texts(raw, array.dictionary_encode(), missing)
        elif of.is_dictionary(array.type) and of.is_string(array.type.value_type):
            read = _texts(raw, array, missing)
    elif raw.kind in ("date", "timestamp"):
        if of.is_date(array.type) or of.is_timestamp(array.type):
            read = _moments(raw, array)
    elif of.is_integer(array.type) or of.is_floating(array.type):
        read = _numbers(raw, array)
    elif of.is_boolean(array.type) and raw.kind == "boolean":
        read = ReadColumn(_plain(array.cast(pa.int8())).astype(np.float64))
    if read is not None:
        return read
    cells = python_values(array)
    if cells is None:
        faults = [Fault(raw.name, f"values of Arrow's type {array.type} cannot be read here.")]
        return ReadColumn(np.empty(0), faults=faults)
    return read_cells(raw, cells, missing)


def python_values(array: Any) -> list[Any] | None:
    """Return a column's values, None if Python has none for them, such as the year 10,000."""
    try:
        values: list[Any] = array.to_pylist()
    except (OverflowError, ValueError):
        return None
    return values


def _numbers(raw: RawColumn, array: Any) -> ReadColumn | None:
    """Return numbers, None if some of them need a closer look."""
    import pyarrow as pa

    if raw.kind == "integer" and pa.types.is_integer(array.type):
        absent = _plain(array.is_null())
        try:
            kept = _plain(array.cast(pa.int64()).fill_null(0))
        except pa.ArrowInvalid:  # beyond 64 bits with a sign
            return None
        values = np.where(absent, np.nan, kept.astype(np.float64))
        return ReadColumn(values, np.ma.MaskedArray(kept, absent))
    if raw.kind == "number" and pa.types.is_float32(array.type):  # as the table has them
        narrow = _plain(array)
        return None if np.isinf(narrow).any() else ReadColumn(narrow)
    values = _plain(array).astype(np.float64, copy=False)
    if (np.abs(values) > LARGEST).any():
        return None
    if raw.kind == "number":
        return ReadColumn(values)
    absent = np.isnan(values)
    present = values[~absent]
    if raw.kind == "boolean":
        return ReadColumn(values) if np.isin(present, (0, 1)).all() else None
    if (present % 1 > 0).any() or (np.abs(present) > EXACT).any():
        return None
    whole = np.where(absent, 0, values).astype(np.int64)
    return ReadColumn(values, np.ma.MaskedArray(whole, absent))


def _moments(raw: RawColumn, array: Any) -> ReadColumn | None:
    """Return moments in UTC; None if what should be days has times."""
    import pyarrow as pa

    # With a zone, Arrow holds the moment in UTC; without one it is taken to be so.
    found = _plain(array)
    far = np.abs(found.astype("M8[D]").astype(np.int64)) > FURTHEST
    far &= ~np.isnat(found)
    if far.any():
        problem = "a moment within 290,000 years is needed"
        return ReadColumn(np.empty(0), faults=[fault_at(raw.name, problem, np.flatnonzero(far))])
    zone = getattr(array.type, "tz", None)
    moments = _plain(array.cast(pa.timestamp("us", zone), safe=False)).astype("M8[us]")
    if raw.kind == "timestamp":
        return ReadColumn(days(moments), moments)
    dates = moments.astype("M8[D]")
    present = ~np.isnat(moments)
    if (dates[present].astype("M8[us]") != moments[present]).any():
        return None
    return ReadColumn(days(moments), dates)


def _texts(raw: RawColumn, encoded: Any, missing: Sequence[str]) -> ReadColumn:
    """Return the places of categories, looking each distinct one up once."""
    import pyarrow as pa

    codes = {level: at for at, level in enumerate(raw.levels or ())}
    texts = encoded.dictionary.to_pylist()
    known = [np.nan if text is None else code_of(text, codes, missing) for text in texts]
    places = np.array([*known, np.nan])
    values = places[_plain(encoded.indices.cast(pa.int64()).fill_null(len(texts)))]
    unseen = np.flatnonzero(values == UNKNOWN)
    values[unseen] = np.nan
    return ReadColumn(values, unseen=unseen)


def _plain(array: Any) -> Any:
    return array.to_numpy(zero_copy_only=False)
