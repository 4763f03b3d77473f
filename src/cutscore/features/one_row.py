"""The expressions of one row, planned once: a service computes the same for every request.

Planning takes DuckDB ten times as long as computing. A prepared statement keeps the plan, if its
values are texts; those are read back as the very values that they were written from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cutscore.features.derive import as_feature, widened
from cutscore.records import Values
from cutscore.sql import identifier

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class OneRow:
    """A statement that computes expressions of a row.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Has a table `narrow` of the columns that are mentioned.
    row : pyarrow.Table
        What it has; only rows of the same types are computed.
    columns : str
        The expressions, as they stand after SELECT.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, row: pa.Table, columns: str) -> None:
        self._connection, self._schema = connection, row.schema
        described = connection.execute("DESCRIBE narrow").fetchall()
        given = ", ".join(
            f"CAST(CAST(${at} AS VARCHAR) AS {kind}) AS {identifier(str(name))}"
            for at, (name, kind, *_) in enumerate(described, 1)
        )
        table = f"(SELECT {widened(described)} FROM (SELECT {given}) AS narrow) AS t"
        connection.execute(f"PREPARE one_row AS SELECT {columns} FROM {table}").fetchall()

    def compute(self, row: pa.Table) -> Values | None:
        """Return the features of a row, shape (expressions,); None if it has other types."""
        if row.schema != self._schema:
            return None
        try:
            texts = [_literal(column[0].as_py()) for column in row.columns]
        except (OverflowError, ValueError):  # a moment that Python has none for
            return None
        found = self._connection.execute(f"EXECUTE one_row({', '.join(texts)})").fetchone()
        return None if found is None else as_feature(np.array(found, dtype=np.float64))


def _literal(value: Any) -> str:
    """Return a value as a text in SQL; what has no such text raises ValueError."""
    if value is None:
        return "NULL"
    text = str(value)
    if "\0" in text:
        raise ValueError("SQL ends at a zero")
    return "'" + text.replace("'", "''") + "'"
