"""Rows in whatever form they are given, as Arrow tables of the types of training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cutscore.errors import Fault, nearest

if TYPE_CHECKING:
    import pyarrow as pa


_FEW, _MANY = 50, 200
"""Names up to which the nearest is looked for, and up to which each is told."""
_TOLD = {
    "double": "numbers", "int64": "whole numbers", "string": "text", "bool": "true or false",
    "date32[day]": "dates (2024-02-29)", "timestamp[us]": "times (2024-02-29T10:30:00Z)",
}  # fmt: skip
_UNLIKE = TypeError, ValueError, NotImplementedError, OverflowError  # Arrow's are of these


def typed_rows(
    table: str,
    rows: Any,
    types: Mapping[str, str],
    needed: set[str],
    faults: list[Fault],
    *,
    ignore_unknown: bool,
) -> pa.Table:
    """Return rows as an Arrow table with all columns of training; unneeded ones may be missing."""
    import pyarrow as pa

    kinds = arrow_kinds()
    found, unknown, count = _columns_of(_as_given(table, rows, faults), types)
    near = (set(types) - set(found), types) if len(unknown) <= _FEW else ()
    for name in () if ignore_unknown else unknown[:_MANY]:
        guess = next(filter(None, (nearest(name, each) for each in near)), "")
        problem = f'{table} had no column "{name}" in training.{guess}'
        faults.append(Fault(f"rows.{table}", problem, "Leave it out."))
    arrays = {}
    for name, kind in types.items():
        arrow = kinds.get(kind, pa.string())
        if name not in found:
            if count and name in needed:
                faults.append(Fault(f"rows.{table}", f'the column "{name}" is missing.'))
            arrays[name] = pa.nulls(count, arrow)
            continue
        try:
            arrays[name] = _array(found[name], arrow)
        except _UNLIKE as error:
            faults.append(_unlike(table, name, found[name], arrow, error))
            arrays[name] = pa.nulls(count, arrow)
    return pa.table(arrays)


def _unlike(table: str, name: str, values: Any, kind: pa.DataType, error: Exception) -> Fault:
    """Return the fault of a column that holds something else than in training."""
    told = f'"{name}" must hold {_TOLD.get(str(kind), str(kind))}'
    for at, value in enumerate(values if isinstance(values, list) else ()):
        try:
            _array([value], kind)
        except _UNLIKE:
            got = f"{told}, got {str(value)[:80]!r} in row {at}."
            return Fault(f"rows.{table}", got, rows=(at,))
    return Fault(f"rows.{table}", f"{told}: {str(error).splitlines()[0]}.")


def arrow_kinds() -> dict[str, pa.DataType]:
    """Return the Arrow type of each type that a column of a source table may have."""
    import pyarrow as pa

    return {
        "DOUBLE": pa.float64(), "BIGINT": pa.int64(), "VARCHAR": pa.string(),
        "BOOLEAN": pa.bool_(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"),
    }  # fmt: skip


def _as_given(table: str, rows: Any, faults: list[Fault]) -> pa.Table | list[Mapping[str, Any]]:
    """Return rows as an Arrow table or as records; none, and a fault, if they are neither."""
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        return rows
    if hasattr(rows, "iloc"):
        return pa.Table.from_pandas(rows, preserve_index=False)
    if hasattr(rows, "__arrow_c_stream__"):  # record batches, Polars and others
        with suppress(pa.ArrowInvalid):  # one column alone
            return pa.table(rows)
    if isinstance(rows, Mapping):
        return [rows]
    if rows is not None and not isinstance(rows, Iterable):
        problem = "rows must be dicts, an Arrow table or a data frame"
        faults.append(Fault(f"rows.{table}", f"{problem}, got {type(rows).__name__}."))
        return []
    records = [] if rows is None else list(rows)
    wrong = [at for at, row in enumerate(records) if not isinstance(row, Mapping)]
    if wrong:
        problem = f"each row must be a mapping of columns to values; row {wrong[0]} is not."
        faults.append(Fault(f"rows.{table}", problem, rows=tuple(wrong)))
        return []
    return records


def _columns_of(
    rows: pa.Table | list[Mapping[str, Any]], types: Mapping[str, str]
) -> tuple[dict[str, Any], list[str], int]:
    """Return the values of each column that training had, the other names, and how many rows."""
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        names, number = rows.column_names, rows.num_rows
        found = {name: rows.column(name) for name in names if name in types}
        return found, [name for name in names if name not in types], number
    there = dict.fromkeys(name for row in rows for name in row)
    found = {name: [row.get(name) for row in rows] for name in there if name in types}
    return found, [str(name) for name in there if name not in types], len(rows)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if isinstance(values, list):
        if pa.types.is_temporal(kind) and any(isinstance(value, str) for value in values):
            return pa.array(values, pa.string()).cast(pa.timestamp("us", "UTC")).cast(kind)
        return pa.array(values, kind, from_pandas=True)
    combined = values.combine_chunks()
    if pa.types.is_floating(kind) and pa.types.is_boolean(combined.type):
        raise TypeError("truth values are no numbers")
    made = combined.cast(kind)
    if pa.types.is_floating(kind):
        return pa.array(made.to_numpy(zero_copy_only=False), from_pandas=True)
    return made
