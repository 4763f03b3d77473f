"""Tables that are merged row by row: a row is added, is the same, is later, or is reported.

What the target says stays, unless the source's row says that it is later.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from cutscore.care.merge_report import SourceReport
from cutscore.care.rules import RULES, Rule, What, columns, listed

Row = dict[str, Any]
Maps = dict[What, dict[Any, Any]]
"""What ids of the source are in the target, by what they mean; versions by (name, number)."""

Names = dict[Any, str]
"""The names of the target's experiments, for labels."""


def merge_table(
    target: sqlite3.Connection,
    source: sqlite3.Connection,
    table: str,
    maps: Maps,
    names: Names,
    report: SourceReport,
) -> None:
    """Merge a source's rows of one table; ids that others point at by are noted in `maps`."""
    rule, offered = RULES[table], read_rows(source, table)
    if not offered:
        return
    there = read_rows(target, table)
    known = {key_of(rule, row): row for row in there}
    taken = {row[rule.own] for row in there} if rule.own else set()
    parents = _parents(target, table)
    for row in offered:
        moved = translated(rule, row, maps)
        if moved is None or not _stands(target, parents, moved):
            report.leave(table)
            continue
        label = label_of(rule, moved, names)
        if rule.number:
            _number(rule, moved, known, label, report)
        found = known.get(key_of(rule, moved))
        if found is not None:
            settle(target, table, found, moved, label, report)
        else:
            if rule.own and moved[rule.own] in taken:
                moved[rule.own] = made_id(moved[rule.own], label)
            insert_row(target, table, moved)
            known[key_of(rule, moved)] = found = moved
            taken.add(moved.get(rule.own))
            report.add(table, label)
        if rule.gives is not None:
            maps.setdefault(rule.gives, {})[row[rule.own]] = found[rule.own]


def settle(
    target: sqlite3.Connection,
    table: str,
    found: Row,
    offered: Row,
    label: str,
    report: SourceReport,
    but: Sequence[str] = (),
) -> None:
    """Take over what differs in a row that both stores have, or report it, `but` some columns."""
    rule = RULES[table]
    compared = [name for name in rule.compared(offered) if name not in but]
    unlike = [name for name in compared if found[name] != offered[name]]
    if not unlike:
        return
    words = ", ".join(unlike)
    if not rule.later or (offered[rule.later] or 0) <= (found[rule.later] or 0):
        report.collide(rule.noun, label, f"another {words}: the target's stays")
        return
    changes = ", ".join(f'"{name}" = ?' for name in unlike)
    where = " AND ".join(f'"{name}" = ?' for name in rule.key)
    values = [*(offered[name] for name in unlike), *(found[name] for name in rule.key)]
    target.execute(f'UPDATE "{table}" SET {changes} WHERE {where}', values)
    found.update({name: offered[name] for name in unlike})
    report.rows[table] = report.rows.get(table, 0) + 1
    report.collide(rule.noun, label, f"the source's is later: its {words} are taken over")


def read_rows(connection: sqlite3.Connection, table: str) -> list[Row]:
    """Return the rows of a table in the order of its key."""
    names = columns(connection, table)
    query = f'SELECT {listed(names)} FROM "{table}" ORDER BY {listed(RULES[table].key)}'
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def translated(rule: Rule, row: Row, maps: Maps) -> Row | None:
    """Return a row with ids of the target; None if it points at what the source does not have."""
    moved = dict(row)
    for name, what in rule.mapped.items():
        value = row[name]
        if value is None or what == "address":
            continue
        if what == "version":
            moved[name] = maps["version"].get((row["name"], int(value)), value)
        elif what == "entity":
            if row[name.replace("_id", "_type")] == "experiment":
                moved[name] = str(maps["experiment"].get(int(value), value))
        elif value in maps.get(what, {}):
            moved[name] = maps[what][value]
        else:
            return None
    return moved


def key_of(rule: Rule, row: Row) -> tuple[Any, ...]:
    """Return what makes a row the same in two stores."""
    return tuple(row[name] for name in rule.key)


def label_of(rule: Rule, row: Row, names: Names) -> str:
    """Return what a report calls a row: its key, experiments by their names."""
    words = [
        str(names.get(row[name], row[name]) if rule.mapped.get(name) == "experiment" else row[name])
        for name in rule.key
        if name != "workspace"
    ]
    return ": ".join([" ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def insert_row(target: sqlite3.Connection, table: str, row: Row) -> None:
    """Insert one row."""
    marks = ", ".join("?" for _ in row)
    target.execute(f'INSERT INTO "{table}" ({listed(row)}) VALUES ({marks})', list(row.values()))


def made_id(own: object, key: str) -> str:
    """Return an id made from one that is taken."""
    return sha256(f"{own}{key}".encode()).hexdigest()[:32]


def _number(
    rule: Rule, moved: Row, known: dict[tuple[Any, ...], Row], label: str, report: SourceReport
) -> None:
    """Give a row the number that the target has it under, or a free one."""
    others = [name for name in moved if name != rule.number]
    group = [name for name in rule.key if name != rule.number]
    alike = [row for row in known.values() if all(row[n] == moved[n] for n in group)]
    same = [row for row in alike if all(row[name] == moved[name] for name in others)]
    if same:
        moved[rule.number] = same[0][rule.number]
    elif key_of(rule, moved) in known:
        moved[rule.number] = max(row[rule.number] for row in alike) + 1
        report.collide(rule.noun, label, f"the number is taken: becomes {moved[rule.number]}")


def _parents(target: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    """Return the columns that point at rows of other tables, with a query for what is there."""
    keys = target.execute(f'PRAGMA foreign_key_list("{table}")').fetchall()
    single = [key for key in keys if sum(key[0] == other[0] for other in keys) == 1]
    return [(key[3], f'SELECT 1 FROM "{key[2]}" WHERE "{key[4]}" = ?') for key in single]


def _stands(target: sqlite3.Connection, parents: Sequence[tuple[str, str]], row: Row) -> bool:
    """Return whether all that a row points at is in the target."""
    return all(
        row[column] is None or target.execute(query, (row[column],)).fetchone() is not None
        for column, query in parents
    )
