"""Which columns a table has, and of which types."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cutscore.data.doubts import Doubt
from cutscore.data.kinds import Cells, Reading, judge
from cutscore.data.layout import Layout, replaced, trim
from cutscore.data.locate import LocatedData, check_names
from cutscore.data.parts import partition_sql
from cutscore.data.settings import TableSettings
from cutscore.data.unpack import refused
from cutscore.errors import Fault, RequestError, listed
from cutscore.expressions import mentioned
from cutscore.sql import connect, identifier, literal

if TYPE_CHECKING:
    import duckdb

# Not BOOLEAN, which takes yes and no too: those are categories. Nor dates: DuckDB guesses at them.
CANDIDATES = ("BIGINT", "DOUBLE", "VARCHAR")
SAMPLE = 20_480
Effort = Literal["sample", "every row", "text"]
EFFORTS: tuple[Effort, ...] = ("sample", "every row", "text")
_NUMERIC_ENDS = ("INT", "INTEGER", "DOUBLE", "FLOAT")
ZONED = "TIMESTAMP WITH TIME ZONE"


def open_file(located: LocatedData) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that can read this one table and reach nothing else."""
    connection = connect()
    paths = ", ".join(literal(str(file)) for file in located.files)
    connection.execute(f"SET allowed_paths = [{paths}]").fetchall()
    connection.execute("SET enable_external_access = false").fetchall()
    return connection


def raw_layout(
    located: LocatedData,
    connection: duckdb.DuckDBPyConnection,
    *,
    missing: Sequence[str],
    decimal: str = ".",
    as_text: Collection[str] = (),
    dates: Collection[str] = (),
    exact: Collection[str] = (),
    effort: Effort,
) -> Layout:
    """Say what columns the table has; no text is trimmed yet.

    Types of a text file are read off a sample of its first rows, off all rows, or not at all, by
    `effort`. Columns of a text file in `as_text` are text in any case, so that codes with leading
    zeros keep them, and so are numbers in `dates`, such as 20190131. Whole numbers are read as
    DOUBLE, for a fraction may come after the rows that were looked at; not so columns in `exact`.
    """
    if located.kind == "parquet":
        layout = _parquet(located, connection, dates)
    else:
        as_text = (*as_text, *dates)
        layout = _csv(located, connection, missing, decimal, as_text, exact, effort)
    zoned = {
        name: f"CAST({identifier(name)} AS TIMESTAMP)"
        for name, kind in layout.types.items()
        if kind == ZONED
    }
    return replaced(
        replace(layout, missing=tuple(missing)), zoned, dict.fromkeys(zoned, "TIMESTAMP")
    )


def describe(
    located: LocatedData,
    connection: duckdb.DuckDBPyConnection,
    settings: TableSettings,
    effort: Effort,
) -> Layout:
    """Say what columns the table has, as `settings` read it.

    Texts that are numbers or dates in the first rows are read as such; where a later row is not
    so written, reading fails and a higher effort is needed.
    """
    dates = settings.date_format if isinstance(settings.date_format, Mapping) else ()
    whole = [settings.id, settings.group, *_row_names(located.names, unnamed=located.unnamed)]
    whole += [name for name in located.names if name.lower() in settings.kept_whole]
    layout = raw_layout(
        located,
        connection,
        missing=settings.missing,
        decimal=settings.decimal,
        as_text=settings.categorical,
        dates=dates,
        exact=[name for name in whole if name is not None],
        effort=effort,
    )
    readings = {} if effort != "sample" else _sampled(layout, connection, settings)
    filtered = mentioned((settings.where,)) if settings.where is not None else frozenset()
    needed = {name for name in layout.types if name.lower() in filtered} | set(readings)
    return _read_as(trim(layout, needed), readings)


def _sampled(
    layout: Layout, connection: duckdb.DuckDBPyConnection, settings: TableSettings
) -> dict[str, Reading]:
    """Judge texts by their first rows; return how to read those that are no words."""
    texts = texts_to_judge(layout, settings)
    if not texts:
        return {}
    columns = ", ".join(f"{layout.text_of(name)} AS c{at}" for at, name in enumerate(texts))
    table = connection.sql(
        f"SELECT {columns} FROM {layout.relation} LIMIT {SAMPLE}"
    ).to_arrow_table()
    readings = {}
    for name, column in zip(texts, table.columns, strict=True):
        counted = column.drop_null().value_counts()
        cells = Cells(counted.field("values").to_pylist(), counted.field("counts").to_numpy())
        found = judge(name, cells, settings, connection, numbers=layout.text)
        if found is not None and not isinstance(found, Doubt):
            readings[name] = found
    return readings


def texts_to_judge(layout: Layout, settings: TableSettings) -> list[str]:
    """Return the columns of texts that may be something else."""
    as_text = {settings.target, settings.id, settings.group, *settings.categorical, *layout.levels}
    return [
        name for name, kind in layout.types.items() if kind == "VARCHAR" and name not in as_text
    ]


def _read_as(layout: Layout, readings: Mapping[str, Reading]) -> Layout:
    """Return the layout with texts read in other ways; a text that cannot be is an error."""
    changes = {}
    for name, reading in readings.items():
        column, told = identifier(name), literal(f'"{name}" is not of one kind')
        sql = reading.sql(column)
        changes[name] = (
            f"CASE WHEN {column} IS NULL THEN NULL WHEN ({sql}) IS NULL THEN error({told}) "
            f"ELSE {sql} END"
        )
    types = {name: reading.type for name, reading in readings.items()}
    return replace(replaced(layout, changes, types), readings=readings)


def _csv(
    located: LocatedData,
    connection: duckdb.DuckDBPyConnection,
    missing: Sequence[str],
    decimal: str,
    as_text: Collection[str],
    exact: Collection[str],
    effort: Effort,
) -> Layout:
    check_names(located.names, located.path)
    options = _options(located, missing, decimal)
    found = _sniffed(located, connection, options, effort)
    if len(found) != len(located.names):
        raise RequestError(
            Fault(
                "data.path",
                f'"{located.path}" has {len(located.names)} column names but {len(found)} columns.',
                "Mend the first line, or set data.delimiter.",
            )
        )
    types = dict(zip(located.names, found, strict=True))
    for name, kind in types.items():
        if name in as_text:
            types[name] = "VARCHAR"
        elif kind == "BIGINT" and name not in exact:
            types[name] = "DOUBLE"
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    file = literal(str(located.files[0]))
    relation = f"read_csv({file}, {options}, auto_detect = false, columns = {{{columns}}})"
    row_names = _row_names(located.names, unnamed=located.unnamed)
    return Layout(types, relation, text=True, row_names=row_names)


def _row_names(names: Sequence[str], *, unnamed: bool) -> tuple[str, ...]:
    """Return the first columns of a file that have no name, or that pandas gave one for that."""
    rest = names[1:] if unnamed else names
    made_up = itertools.takewhile(lambda name: name.startswith("Unnamed: "), rest)
    return (*names[: len(names) - len(rest)], *made_up)


def _sniffed(
    located: LocatedData, connection: duckdb.DuckDBPyConnection, options: str, effort: Effort
) -> list[str]:
    """Return the types of the columns."""
    import duckdb

    as_text = ["VARCHAR"] * len(located.names)
    if effort == "text":
        return as_text
    sample = SAMPLE if effort == "sample" else -1
    try:
        rows: Any = connection.execute(
            f"SELECT Columns FROM sniff_csv({literal(str(located.files[0]))}, {options}, "
            f"sample_size = {sample}, "
            f"auto_type_candidates = [{', '.join(map(literal, CANDIDATES))}])"
        ).fetchall()
    except duckdb.Error:
        # Read as text instead: where the file is at fault, reading tells the line, sniffing not.
        return as_text
    return [str(column["type"]) for column in rows[0][0]]


def _options(located: LocatedData, missing: Sequence[str], decimal: str) -> str:
    # DuckDB takes no quote and no delimiter here; such texts are taken out afterwards.
    marks = {'"', located.delimiter}
    nulls = ", ".join(literal(word) for word in missing if not marks & set(word)) or "''"
    return (
        f"delim = {literal(located.delimiter)}, quote = '\"', escape = '\"', "
        f"header = {str(located.header).lower()}, skip = {located.skip}, nullstr = [{nulls}], "
        f"decimal_separator = {literal(decimal)}, compression = {literal(located.compression)}"
    )


def _parquet(
    located: LocatedData, connection: duckdb.DuckDBPyConnection, dates: Collection[str]
) -> Layout:
    """Return the columns of a Parquet file; numbers that are dates are made text."""
    import pyarrow as pa

    schemas = [_schema(file) for file in located.files]
    schema = schemas[0]
    check_names((*schema.names, *located.partitions), located.path)
    for file, other in zip(located.files, schemas, strict=True):
        _check_part(file, set(schema.names), set(other.names))
    files = ", ".join(literal(str(file)) for file in located.files)
    # By name, with types that hold all: else a later file is cast to the types of the first.
    options = "union_by_name = true, hive_partitioning = false, filename = true"
    columns = [identifier(name) for name in schema.names]
    for key, integer in located.partitions.items():
        columns.append(f"{partition_sql(key, integer=integer)} AS {identifier(key)}")
    relation = f"(SELECT {', '.join(columns)} FROM read_parquet([{files}], {options}))"
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    levels = {each.name for each in schema if pa.types.is_dictionary(each.type)}
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    row_names = [
        name for name in types if name in index or re.fullmatch(r"__index_level_\d+__", name)
    ]
    changed = [name for name in dates if types.get(name, "").endswith(_NUMERIC_ENDS)]
    whole = {n: f"CAST(CAST({identifier(n)} AS BIGINT) AS VARCHAR)" for n in changed}
    layout = Layout(types, relation, False, frozenset(levels), tuple(row_names))
    return replaced(layout, whole, dict.fromkeys(changed, "VARCHAR"))


def _schema(file: Path) -> Any:
    """Return the columns of a Parquet file as Arrow sees them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(file)
    except pa.ArrowException as error:
        raise refused(file, f"cannot be read as a table: {str(error).rstrip('.')}.") from None


def _check_part(file: Path, first: set[str], names: set[str]) -> None:
    """Refuse a part of a table that has other columns than the first part."""
    if first == names:
        return
    lacks, more = sorted(first - names), sorted(names - first)
    told = [f"lacks {listed(lacks, 5)}"] if lacks else []
    told += [f"has also {listed(more, 5)}"] if more else []
    raise refused(
        file,
        f"{' and '.join(told)}: the parts of a table must have the same columns.",
        "Leave it out with a pattern of names, or write it again.",
    )
