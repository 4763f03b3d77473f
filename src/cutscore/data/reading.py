"""One file, read and checked, as a `Dataset`."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.data.classes import classes
from cutscore.data.digest import digest, first_equal_row, repeated_rows
from cutscore.data.finish import amounts, features, identities
from cutscore.data.layout import EFFORTS, Effort, describe, open_file
from cutscore.data.locate import SETTING, LocatedData, locate
from cutscore.data.plan import ReadPlan, plan
from cutscore.data.settings import TableSettings
from cutscore.data.streaming import Stream, stream
from cutscore.errors import Fault, RequestError
from cutscore.records import Dataset

if TYPE_CHECKING:
    import duckdb


def read(path: Path, settings: TableSettings, *, name: str, source: str) -> Dataset:
    """Read a table.

    Memory at the peak is about one float32 matrix of the features plus one batch of rows.

    Raises
    ------
    RequestError
        With every fault of the file, or else of its columns, or else of their values.
    """
    made, rows = _streamed(path, settings)
    if made.matrix.rows == 0:
        problem = "the file has no rows" if settings.where is None else "no row is left"
        raise RequestError(
            Fault(SETTING if settings.where is None else "data.where", f"{problem}.")
        )
    faults: list[Fault] = []
    target = classes(rows, made, settings, faults)
    table = features(rows, made, settings, faults)
    kept = amounts(rows, made, faults)
    ids = identities(rows, made, faults)
    if faults:
        raise RequestError(faults)
    first = first_equal_row(table.values)
    return Dataset(
        name=name,
        source=source,
        table=table,
        target=target,
        target_name=settings.target,
        ids=ids,
        digest=digest(table, target, settings.target, ids, kept),
        duplicate_of=first,
        duplicates=repeated_rows(first, target),
        amounts=kept,
        columns=tuple(rows.layout.types),
    )


def _streamed(path: Path, settings: TableSettings) -> tuple[Stream, ReadPlan]:
    """Read with types off the first rows; where a later row differs, try harder."""
    import duckdb

    failures = (duckdb.Error, OSError)  # Arrow raises the second when a later batch fails
    located = locate(path, settings.delimiter)
    connection = open_file(located)
    try:
        for effort in EFFORTS[:-1] if located.kind == "csv" else ():
            with contextlib.suppress(*failures):
                return _attempt(located, connection, settings, effort)
        return _attempt(located, connection, settings, EFFORTS[-1])
    except failures as error:
        raise RequestError(_unreadable(path, error)) from None
    finally:
        connection.close()


def _attempt(
    located: LocatedData,
    connection: duckdb.DuckDBPyConnection,
    settings: TableSettings,
    effort: Effort,
) -> tuple[Stream, ReadPlan]:
    exact = [name for name in (settings.id, settings.group) if name is not None]
    layout = describe(
        located,
        connection,
        missing=settings.missing,
        as_text=settings.categorical,
        exact=exact,
        effort=effort,
    )
    rows = plan(layout, settings)
    return stream(rows, connection), rows


def _unreadable(path: Path, error: Exception) -> Fault:
    """Return DuckDB's message without its advice on its own options."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = " ".join(itertools.takewhile(lambda line: not line.startswith("Possible"), lines[:4]))
    return Fault(
        SETTING,
        f'"{path}" cannot be read as a table: {told}',
        "Give a CSV, TSV or Parquet file, in UTF-8, with one line of column names.",
    )
