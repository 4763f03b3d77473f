"""What a run, a logged model or a trace holds, as one digest per field.

What may differ between stores that hold the same is left out: absolute paths, and the ids that a
merge translates. Everything else is in a field, whatever columns MLflow adds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from operator import itemgetter

from cutscore.care.rules import IDS, RULES, UNITS, Kind, columns, listed, tables_of

Content = dict[str, str]
"""Digest by field; a field without rows is ''."""

LIFECYCLE = "lifecycle"
FILES = "files"
_LIFECYCLE = ("lifecycle_stage", "deleted_time")
_JOINTS = {
    "data sets": (
        "SELECT i.destination_id, d.name, d.digest, i.step, t.name, t.value FROM inputs i "
        "LEFT JOIN datasets d ON d.dataset_uuid = i.source_id "
        "LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid "
        "WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' "
        f"AND i.destination_id {IDS} ORDER BY 1, 2, 3, 4, 5, 6"
    ),
    "models in and out": (
        "SELECT i.source_id, i.source_type, i.destination_id, i.step, t.name, t.value "
        "FROM inputs i LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid "
        f"WHERE i.source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND i.source_id {IDS} "
        "ORDER BY 1, 2, 3, 4, 5, 6"
    ),
}
_GROWING: dict[Kind, tuple[str, ...]] = {
    "run": ("params", "metrics", "data sets", "models in and out", "metrics of models"),
    "model": ("params", "tags"),
    "trace": ("metadata", "spans", "metrics of spans"),
}
"""Fields in which an earlier state of the same run or model has fewer rows, but no other ones."""

_FREE: dict[Kind, tuple[str, ...]] = {
    "run": ("run", LIFECYCLE, "tags", "latest metrics", FILES),
    "model": ("model", LIFECYCLE, FILES),
    "trace": ("trace", "tags", "metrics", FILES),
}
_UNFINISHED = ("RUNNING", "SCHEDULED", "IN_PROGRESS")


def fields_of(connection: sqlite3.Connection, kind: Kind) -> dict[str, str]:
    """Return a query by field; its first column is the id."""
    unit = UNITS[kind]
    fields: dict[str, str] = {}
    for table in tables_of(unit.tables):
        rule = RULES[table]
        names = [name for name in columns(connection, table) if name not in rule.mapped]
        parts = {rule.field: [name for name in names if name not in (*_LIFECYCLE, rule.owner)]}
        if table == unit.table and unit.stage:
            parts[LIFECYCLE] = [name for name in names if name in _LIFECYCLE]
        column, value = rule.apart
        but = f" AND \"{column}\" <> '{value}'" if column else ""
        for field, chosen in parts.items():
            order = ", ".join(str(place + 1) for place in range(len(chosen) + 1))
            fields[field] = (
                f'SELECT {listed([rule.owner, *chosen])} FROM "{table}" '
                f'WHERE "{rule.owner}" {IDS}{but} ORDER BY {order}'
            )
    return {**fields, **_JOINTS} if kind == "run" else fields


def all_ids(connection: sqlite3.Connection, kind: Kind) -> list[str]:
    """Return the ids of all runs, models or traces of a store, sorted."""
    unit = UNITS[kind]
    return [
        str(row[0]) for row in connection.execute(f"SELECT {unit.id} FROM {unit.table} ORDER BY 1")
    ]


def read_contents(
    connection: sqlite3.Connection, kind: Kind, ids: Iterable[str]
) -> dict[str, Content]:
    """Return the content of runs, models or traces by id, without their files."""
    wanted = list(ids)
    if not wanted:
        return {}
    fields = fields_of(connection, kind)
    contents: dict[str, Content] = {one: dict.fromkeys(fields, "") for one in wanted}
    argument = (json.dumps(wanted),)
    for name, query in fields.items():
        for one, rows in groupby(connection.execute(query, argument), key=itemgetter(0)):
            contents[one][name] = _digest(rows)
    return contents


def files_digest(files: Mapping[str, str]) -> str:
    """Return the digest of files by name and sha256; '' for none."""
    return _digest(sorted(files.items())) if files else ""


def differing(one: Content, other: Content) -> list[str]:
    """Return the fields in which two contents differ; one that either lacks is not compared."""
    return [name for name in one if name in other and one[name] != other[name]]


def in_words(
    kind: Kind, owner: str, one: sqlite3.Connection, other: sqlite3.Connection, names: Sequence[str]
) -> list[str]:
    """Return the fields that differ in words, those of a single row with their columns."""
    argument = (json.dumps([owner]),)
    words: list[str] = []
    for name in names:
        query = fields_of(one, kind).get(name, "")
        if name not in (LIFECYCLE, RULES[UNITS[kind].table].field):
            words.append(name)
            continue
        found, there = (connection.execute(query, argument) for connection in (one, other))
        headings = [str(column[0]) for column in found.description]
        pairs = zip(headings, *found.fetchall(), *there.fetchall(), strict=True)
        unlike = [heading for heading, mine, theirs in pairs if mine != theirs]
        words.append(f"{name} ({', '.join(unlike)})")
    return words


def is_earlier(
    kind: Kind,
    one_id: str,
    one: sqlite3.Connection,
    other: sqlite3.Connection,
    differences: Iterable[str],
) -> bool:
    """Return whether `one` holds an earlier state of the same run, model or trace as `other`.

    An earlier state of a run or trace is not finished, and all that it has the later one has too.
    Files and tags, which a run overwrites as it goes, are not looked at.
    """
    changed, fields = set(differences), fields_of(one, kind)
    if not changed <= {*_GROWING[kind], *_FREE[kind]}:
        return False
    if kind != "model" and changed & set(fields) and not _is_unfinished(one, kind, one_id):
        return False
    argument = (json.dumps([one_id]),)
    return all(
        set(one.execute(fields[name], argument)) <= set(other.execute(fields[name], argument))
        for name in _GROWING[kind]
        if name in changed
    )


def _is_unfinished(connection: sqlite3.Connection, kind: Kind, owner: str) -> bool:
    unit = UNITS[kind]
    query = f"SELECT status FROM {unit.table} WHERE {unit.id} = ?"
    row = connection.execute(query, (owner,)).fetchone()
    return row is not None and row[0] in _UNFINISHED


def _digest(rows: Iterable[tuple[object, ...]]) -> str:
    """Return the digest of rows in their order."""
    return sha256(repr(list(rows)).encode("utf-8", "surrogatepass")).hexdigest()
