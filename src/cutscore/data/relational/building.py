"""Running the plan: from source tables to a feature table as one Parquet file."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutscore.data.relational.declaration import Declaration
from cutscore.data.relational.grouping import ROWS, aggregated_name
from cutscore.data.relational.planning import AT, FEATURES, BuildPlan, source_name
from cutscore.data.relational.steps import INFINITE
from cutscore.errors import Fault, RequestError, StoreError, listed
from cutscore.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb

NOTES, SOURCES = "notes", "sources"
"""What is written into the file beside the features."""
_NO_ROOM = "No space left", "Disk quota exceeded", "max_temp_directory_size"


@dataclass(frozen=True)
class DropRules:
    """Which columns are left out, without a look at the target.

    Attributes
    ----------
    missing_above : share of missing values above which a column goes; None: no such rule
    constant : whether a column with one value, or none, goes
    kept : columns, in lower case, that stay in any case
    """

    missing_above: float | None = None
    constant: bool = False
    kept: frozenset[str] = frozenset()


def run_plan(plan: BuildPlan, declaration: Declaration, connection: Any) -> tuple[str, ...]:
    """Make the table of features and return what is to be told of the source tables.

    Raises
    ------
    RequestError
        For keys that are not unique, or what DuckDB cannot read or compute.
    """
    import duckdb

    try:
        check_keys(declaration, plan, connection)
        _check_times(declaration, plan, connection)
        for statement in plan.statements:
            connection.execute(statement).fetchall()
        _check_rows(declaration, connection)
        infinite = [
            f"{column} is infinite in {rows:,} rows of {table}: missing there."
            for column, table, rows in infinite_columns(declaration, plan, connection)
        ]
        return (*_orphans(declaration, plan, connection), *infinite)
    except duckdb.Error as error:
        raise _damaged(plan, connection) or failed(error) from None


def _damaged(plan: BuildPlan, connection: Any) -> RequestError | None:
    """Return the error of the first source table that cannot be read to its end, if there is one.

    What DuckDB says of a file whose pages are no longer whole does not name the file.
    """
    import duckdb

    for name in plan.sources:
        table = identifier(source_name(name))
        try:
            connection.execute(f"SELECT max(hash(COLUMNS(*))) FROM {table}").fetchall()
        except duckdb.Error as error:
            told = str(error).splitlines()[0].rstrip(".")
            problem = f'the table "{name}" cannot be read to its end ({told}).'
            return RequestError(Fault("data.path", problem, "Its file is damaged."))
    return None


def failed(error: Exception) -> RequestError | OSError:
    """Return the error of tables that DuckDB cannot read or aggregate, or has no room for.

    That is an OSError, for only the cache knows where the room is needed.
    """
    import duckdb

    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = " ".join(lines[:3])
    if any(word in told for word in _NO_ROOM):
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if isinstance(error, duckdb.OutOfMemoryException):
        told = told.split(" Possible solutions")[0]
        remedy = "Give DuckDB more with data.memory_limit=SIZE."
        return RequestError(Fault("data.memory_limit", f"it does not do: {told}.", remedy))
    return RequestError(Fault("data.path", f"the tables cannot be read or aggregated: {told}"))


def write_features(
    plan: BuildPlan,
    declaration: Declaration,
    rules: DropRules,
    notes: Sequence[str],
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    *,
    numbered: bool = False,
) -> None:
    """Write the features and what is to be told of them to a Parquet file.

    They are sorted by key, or by AT if they are `numbered`.
    """
    import duckdb

    kept, told = _chosen(plan, declaration, rules, connection)
    columns = ", ".join(map(identifier, kept))
    order = ", ".join(map(identifier, [AT] if numbered else declaration.base.table.keys))
    written = {NOTES: [*notes, *told], SOURCES: plan.sources}
    beside = ", ".join(f"{name}: {literal(json.dumps(part))}" for name, part in written.items())
    try:
        connection.execute(
            f"COPY (SELECT {columns} FROM {FEATURES} ORDER BY {order}) TO {literal(str(path))} "
            f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{beside}}})"
        ).fetchall()
    except duckdb.Error as error:
        raise failed(error) from None


def written_beside(path: Path) -> tuple[tuple[str, ...], dict[str, dict[str, str]]]:
    """Return what `write_features` was to tell, and the types of the source tables' columns."""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(path).metadata
    notes, sources = (json.loads(metadata[name.encode()]) for name in (NOTES, SOURCES))
    return tuple(notes), sources


def check_keys(
    declaration: Declaration, plan: BuildPlan, connection: duckdb.DuckDBPyConnection
) -> None:
    """Refuse tables with two rows of one key; the base table's key must have no gaps either.

    Raises
    ------
    RequestError
        With a fault for each such table.
    """
    faults = []
    for node in declaration.nodes:
        if node.name not in plan.sources or not node.table.keys:
            continue
        keys = ", ".join(map(identifier, node.table.keys))
        table = identifier(source_name(node.name))
        rows = connection.execute(
            f"SELECT {keys}, count(*) AS n FROM {table} GROUP BY {keys} HAVING n > 1 "
            f"ORDER BY {keys} LIMIT 1000"
        ).fetchall()
        setting = f"data.tables.{node.name}.key"
        if rows:
            shown = listed([" ".join(map(str, row[:-1])) for row in rows], 3)
            many = f"{len(rows):,}{' or more' if len(rows) == 1000 else ''}"
            problem = f'{many} values of "{keys}" name more than one row of {node.name}: {shown}.'
            remedy = "A key names one row; take the rows out that are there twice."
            faults.append(Fault(setting, problem.replace('""', '"'), remedy))
        if node.parent is None:
            gaps = " OR ".join(f"{identifier(key)} IS NULL" for key in node.table.keys)
            found = connection.execute(f"SELECT count(*) FROM {table} WHERE {gaps}").fetchall()
            if found[0][0]:
                faults.append(Fault(setting, f"it is missing in {found[0][0]:,} rows."))
    if faults:
        raise RequestError(faults)


def _check_times(
    declaration: Declaration, plan: BuildPlan, connection: duckdb.DuckDBPyConnection
) -> None:
    """Refuse tables with rows of a time after the decision."""
    faults = []
    for node in declaration.nodes:
        if node.table.time is None or node.name not in plan.sources:
            continue
        time, table = identifier(node.table.time), identifier(source_name(node.name))
        sql = f"SELECT count(*), max({time}) FROM {table} WHERE {time} > 0"
        count, latest = connection.execute(sql).fetchall()[0]
        if count:
            faults.append(late(node.name, node.table.time, count, latest))
    if faults:
        raise RequestError(faults)


def late(table: str, time: str, count: int, latest: float) -> Fault:
    """Return the fault of rows that were not known when the decision was due."""
    problem = f'in {count:,} rows "{time}" is after the decision, up to {latest:g}; 0 is its time.'
    remedy = "Such rows know what came later: take them out."
    return Fault(f"data.tables.{table}.time", problem, remedy)


def _check_rows(declaration: Declaration, connection: duckdb.DuckDBPyConnection) -> None:
    """Make sure that no join has added or lost a row."""
    table = identifier(source_name(declaration.base.name))
    before = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    after = connection.execute(f"SELECT count(*) FROM {FEATURES}").fetchall()[0][0]
    if before != after:
        raise StoreError(f"{before:,} rows of {declaration.base.name} became {after:,}.")


def _orphans(
    declaration: Declaration, plan: BuildPlan, connection: duckdb.DuckDBPyConnection
) -> Iterator[str]:
    """Yield, for each child, how many of its rows belong to no row of its parent."""
    absent = [
        node.name
        for node in declaration.nodes
        if node.table.of is None and node.parent and node.name not in plan.aggregated
    ]
    if absent:
        yield f"Tables that are not there: {listed(absent)}; their columns are missing."
    for node in declaration.nodes[:-1]:
        parent = str(node.parent)
        if node.name not in plan.aggregated or parent not in plan.sources:
            continue  # what is made of a child's groups has each of its rows
        keys = next(each for each in declaration.nodes if each.name == parent).table.keys
        told = " AND ".join(f'a."#k{at}" = p.{identifier(key)}' for at, key in enumerate(keys))
        rows = connection.execute(
            f"SELECT coalesce(sum({identifier(ROWS)}), 0) FROM "
            f"{identifier(aggregated_name(node.name))} a "
            f"ANTI JOIN {identifier(source_name(parent))} p ON {told}"
        ).fetchall()
        if rows[0][0]:
            yield f"{int(rows[0][0]):,} rows of {node.name} belong to no row of {parent}."


def infinite_columns(
    declaration: Declaration, plan: BuildPlan, connection: duckdb.DuckDBPyConnection
) -> Iterator[tuple[str, str, int]]:
    """Yield each column that was infinite and is missing for that, its table, in how many rows."""
    for node in declaration.nodes:
        finite = plan.finite.get(node.name, ())
        place = FEATURES if node.parent is None else aggregated_name(node.name)
        any_row = f"SELECT bool_or({identifier(INFINITE)}) FROM {identifier(place)}"
        if not finite or not connection.execute(any_row).fetchall()[0][0]:
            continue  # counting computes the rows once more
        for step in finite:
            counts = ", ".join(f"count_if(isinf({identifier(name)}))" for name in step.columns)
            sql = f"SELECT {counts} FROM {identifier(step.view)}"
            counted = connection.execute(sql).fetchall()[0]
            for told, rows in zip(step.columns.values(), counted, strict=True):
                if rows:
                    yield told, node.name, rows


def _chosen(
    plan: BuildPlan,
    declaration: Declaration,
    rules: DropRules,
    connection: duckdb.DuckDBPyConnection,
) -> tuple[list[str], list[str]]:
    """Return the columns that stay, and what is told of the others."""
    needed = {name.lower() for name in (*declaration.base.table.keys, declaration.target)}
    needed |= rules.kept
    names = [name for name in plan.columns if name.lower() not in needed]
    rows, figures = _figures(names, connection)
    reasons: dict[str, list[str]] = {}
    for name, (present, differs) in figures.items():
        if present == 0:
            reasons.setdefault("without a value", []).append(name)
        elif rules.missing_above is not None and 1 - present / rows > rules.missing_above:
            share = f"missing in more than {rules.missing_above:.0%} of rows"
            reasons.setdefault(share, []).append(name)
        elif rules.constant and present == rows and not differs:
            reasons.setdefault("with one value", []).append(name)
    out = {name for each in reasons.values() for name in each}
    told = [
        f"{len(names):,} columns {reason} are left out: {listed(names, 100)}."
        for reason, names in reasons.items()
    ]
    return [name for name in plan.columns if name not in out], told


def _figures(
    names: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> tuple[int, Mapping[str, tuple[int, bool]]]:
    """Return the number of rows and, by column, how many have a value and whether it differs."""
    told = [f"count({c}), coalesce(min({c}) <> max({c}), false)" for c in map(identifier, names)]
    sql = f"SELECT {', '.join(['count(*)', *told])} FROM {FEATURES}"
    rows, *values = connection.execute(sql).fetchall()[0]
    pairs = zip(values[::2], values[1::2], strict=True)
    return rows, dict(zip(names, pairs, strict=True))
