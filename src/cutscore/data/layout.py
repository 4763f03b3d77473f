"""What columns a file has, of which types, and the SQL that reads them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cutscore.data.locate import LocatedData, check_names
from cutscore.errors import Fault, RequestError

if TYPE_CHECKING:
    import duckdb

# One type per way of reading. Not BOOLEAN, which takes yes and no too: those are categories.
CANDIDATES = ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "VARCHAR")
SAMPLE = 20_480
Effort = Literal["sample", "every row", "text"]
EFFORTS: tuple[Effort, ...] = ("sample", "every row", "text")


@dataclass(frozen=True)
class Layout:
    """The columns of a file (name to DuckDB type, in order) and what stands after FROM."""

    types: Mapping[str, str]
    relation: str
    text: bool


def identifier(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def open_file(located: LocatedData) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that can read this one file and reach nothing else."""
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={
            "python_enable_replacements": "false",
            "threads": "2",
        },
    )
    # The progress bar, on after two seconds, would be written to stdout.
    connection.execute("SET enable_progress_bar = false").fetchall()
    connection.execute(f"SET allowed_paths = [{literal(str(located.path))}]").fetchall()
    connection.execute("SET enable_external_access = false").fetchall()
    return connection


def describe(
    located: LocatedData,
    connection: duckdb.DuckDBPyConnection,
    *,
    missing: Collection[str],
    as_text: Collection[str],
    exact: Collection[str],
    effort: Effort,
) -> Layout:
    """Say what columns the file has.

    Types of a text file are read off a sample of its first rows, off all rows, or not at all, by
    `effort`. Columns in `as_text`
    are text in any case, so that codes with leading zeros keep them. Whole numbers are read as
    DOUBLE, for a fraction may come after the rows that were looked at; not so columns in `exact`.
    """
    if located.kind == "parquet":
        return _parquet(located, connection)
    check_names(located.header, located.path)
    options = _options(located, missing)
    rows = _sniffed(located, connection, options, effort)
    found = [str(column["type"]) for column in rows[0]]
    if len(found) != len(located.header):
        raise RequestError(
            Fault(
                "data.path",
                f'"{located.path}" has {len(located.header)} column names but {len(found)} '
                "columns.",
                "Mend the first line, or set data.delimiter.",
            )
        )
    types = dict(zip(located.header, found, strict=True))
    for name, kind in types.items():
        if name in as_text:
            types[name] = "VARCHAR"
        elif kind == "BIGINT" and name not in exact:
            types[name] = "DOUBLE"
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    relation = (
        f"read_csv({literal(str(located.path))}, {options}, auto_detect = false, "
        f"columns = {{{columns}}}{_formats(rows[1], rows[2])})"
    )
    return Layout(types, relation, text=True)


def _sniffed(
    located: LocatedData, connection: duckdb.DuckDBPyConnection, options: str, effort: Effort
) -> tuple[Any, str | None, str | None]:
    """Return the columns with their types, and how dates and timestamps are written."""
    import duckdb

    as_text: list[dict[str, str]] = [{"type": "VARCHAR"}] * len(located.header)
    if effort == "text":
        return as_text, None, None
    sample = SAMPLE if effort == "sample" else -1
    try:
        rows = connection.execute(
            "SELECT Columns, DateFormat, TimestampFormat "
            f"FROM sniff_csv({literal(str(located.path))}, {options}, sample_size = {sample}, "
            f"auto_type_candidates = [{', '.join(map(literal, CANDIDATES))}])"
        ).fetchall()
    except duckdb.Error:
        # Read as text instead: where the file is at fault, reading tells the line, sniffing not.
        return as_text, None, None
    return rows[0][0], rows[0][1], rows[0][2]


def _formats(date: str | None, timestamp: str | None) -> str:
    """Return how dates are written, where that is not the standard's way."""
    told = [("dateformat", date), ("timestampformat", timestamp)]
    return "".join(f", {key} = {literal(value)}" for key, value in told if value)


def _options(located: LocatedData, missing: Collection[str]) -> str:
    nulls = ", ".join(map(literal, missing)) or "''"
    compression = "gzip" if located.compressed else "none"
    return (
        f"delim = {literal(located.delimiter)}, quote = '\"', escape = '\"', header = true, "
        f"skip = 0, nullstr = [{nulls}], compression = '{compression}'"
    )


def _parquet(located: LocatedData, connection: duckdb.DuckDBPyConnection) -> Layout:
    path = literal(str(located.path))
    schema = connection.execute(
        f"SELECT name FROM parquet_schema({path}) WHERE coalesce(num_children, 0) = 0"
    ).fetchall()
    described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({path})").fetchall()
    if len(schema) == len(described):  # else some columns are nested, and names are not comparable
        check_names(tuple(str(row[0]) for row in schema), located.path)
    types = {str(row[0]): str(row[1]) for row in described}
    return Layout(types, f"read_parquet({path})", text=False)
