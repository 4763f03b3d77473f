"""Rows in whatever form they are given, as Arrow tables of the types of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cutscore.errors import Fault, nearest

if TYPE_CHECKING:
    import pyarrow as pa


def typed_rows(
    table: str, rows: Any, types: Mapping[str, str], needed: set[str], faults: list[Fault]
) -> pa.Table:
    """Return rows as an Arrow table with all columns of training; unneeded ones may be missing."""
    import pyarrow as pa

    kinds = arrow_kinds()
    found, count = _columns_of(rows)
    for name in found:
        if name not in types:
            problem = f'{table} had no column "{name}" in training.{nearest(name, types)}'
            faults.append(Fault(f"rows.{table}", problem, "Leave it out."))
    arrays = {}
    for name, kind in types.items():
        arrow = kinds.get(kind, pa.string())
        if name not in found:
            if count and name.lower() in needed:
                faults.append(Fault(f"rows.{table}", f'the column "{name}" is missing.'))
            arrays[name] = pa.nulls(count, arrow)
            continue
        try:
            arrays[name] = _array(found[name], arrow)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            told = {"DOUBLE": "numbers", "BIGINT": "whole numbers", "VARCHAR": "text"}
            problem = f'"{name}" must hold {told.get(kind, kind)}: {str(error).splitlines()[0]}.'
            faults.append(Fault(f"rows.{table}", problem))
            arrays[name] = pa.nulls(count, arrow)
    return pa.table(arrays)


def arrow_kinds() -> dict[str, pa.DataType]:
    """Return the Arrow type of each type that a column of a source table may have."""
    import pyarrow as pa

    return {
        "DOUBLE": pa.float64(), "BIGINT": pa.int64(), "VARCHAR": pa.string(),
        "BOOLEAN": pa.bool_(), "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"),
    }  # fmt: skip


def _columns_of(rows: Any) -> tuple[dict[str, Any], int]:
    """Return the values of each column, and how many rows there are."""
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        return {name: rows.column(name) for name in rows.column_names}, rows.num_rows
    if hasattr(rows, "iloc"):
        return _columns_of(pa.Table.from_pandas(rows, preserve_index=False))
    records = [rows] if isinstance(rows, Mapping) else list(rows or [])
    names = dict.fromkeys(name for row in records for name in row)
    return {name: [row.get(name) for row in records] for name in names}, len(records)


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if isinstance(values, list):
        return pa.array(values, kind, from_pandas=True)
    combined = values.combine_chunks()
    if pa.types.is_floating(kind) and pa.types.is_boolean(combined.type):
        raise TypeError("truth values are no numbers")
    made = combined.cast(kind)
    return (
        pa.array(made.to_numpy(zero_copy_only=False), from_pandas=True)
        if (pa.types.is_floating(kind))
        else made
    )
