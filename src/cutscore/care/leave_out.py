"""What of a store a merge has no rule for, and what of it stays behind because the user says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from pathlib import Path

from cutscore.care.rules import JOINTS, RULES, tables_of
from cutscore.errors import Fault, nearest

PARTS = {
    "traces": ("assessments", *reversed(tables_of("of traces"))),
    "assessments": ("assessments",),
    "scorers": ("online_scoring_configs", "scorer_versions", "scorers"),
    "evaluation-datasets": (
        "evaluation_dataset_tags",
        "evaluation_dataset_records",
        "evaluation_datasets",
    ),
    "issues": ("issues",),
}
"""What may stay behind though it has rules, by the word for it: its tables."""

_ENTITIES = {"traces": "trace", "evaluation-datasets": "evaluation_dataset"}
_FLAG = "--leave-out"


def leave_out(database: Path, parts: Collection[str]) -> dict[str, int]:
    """Delete parts or tables from a source's copy, and return how many rows each table had."""
    left: dict[str, int] = {}
    with closing(sqlite3.connect(database)) as connection, connection:
        leavable = _leavable(connection)
        for part in parts:
            for table in leavable.get(part, ()):
                left[table] = connection.execute(f'DELETE FROM "{table}"').rowcount
            if part in _ENTITIES:
                query = "DELETE FROM entity_associations WHERE ? IN (source_type, destination_type)"
                rows = connection.execute(query, (_ENTITIES[part],)).rowcount
                left["entity_associations"] = left.get("entity_associations", 0) + rows
    return {table: rows for table, rows in left.items() if rows}


def part_faults(parts: Collection[str], sources: Sequence[sqlite3.Connection]) -> list[Fault]:
    """Return what is wrong with the words for what is to stay behind."""
    known = sorted({word for source in sources for word in _leavable(source)})
    return [
        Fault(
            _FLAG,
            f'"{part}" is nothing that can be left out; that are {", ".join(PARTS)}, and tables '
            "that a merge has no rule for.",
            nearest(part, known).strip(),
        )
        for part in parts
        if part not in known
    ]


def uncovered_faults(
    setting: str, source: sqlite3.Connection, target: sqlite3.Connection
) -> list[Fault]:
    """Return the faults of what a source holds and no rule covers."""
    faults: list[Fault] = []
    counts = {table: _count(source, table) for table in _without_rule(source)}
    held = {table: rows for table, rows in counts.items() if rows}
    if held:
        words = ", ".join(f"{table} ({rows:,} rows)" for table, rows in held.items())
        problem = f"it holds what a merge has no rule for: {words}."
        remedy = f"{_FLAG} {','.join(held)} merges the rest without."
        faults.append(Fault(setting, problem, remedy))
    for table in tables_of("same"):
        if not _equal(source, target, table):
            problem = f"its table {table} is not the target's."
            faults.append(Fault(setting, problem, "Make them the same with MLflow."))
    strange = _strange_inputs(source)
    if strange:
        problem = f"it holds what a merge has no rule for: {', '.join(strange)}."
        remedy = "Remove these in MLflow first if they are not needed."
        faults.append(Fault(setting, problem, remedy))
    return faults


def _leavable(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Return the words for what may stay behind, with the tables they stand for."""
    return PARTS | {table: (table,) for table in _without_rule(connection)}


def _without_rule(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
    names = [str(name) for (name,) in rows if not str(name).startswith("sqlite_")]
    return [name for name in names if name not in RULES or RULES[name].how == "empty"]


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])


def _equal(one: sqlite3.Connection, other: sqlite3.Connection, table: str) -> bool:
    query = f'SELECT * FROM "{table}" ORDER BY 1'
    return bool(one.execute(query).fetchall() == other.execute(query).fetchall())


def _strange_inputs(connection: sqlite3.Connection) -> Iterable[str]:
    query = "SELECT source_type, destination_type, count(*) FROM inputs GROUP BY 1, 2"
    return [
        f"inputs from {source} to {destination} ({count:,} rows)"
        for source, destination, count in connection.execute(query)
        if (source, destination) not in JOINTS
    ]
