"""The columns of a source table: of few types, and missing where they hold a sentinel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cutscore.data.layout import Layout
from cutscore.data.plan import NUMBERS
from cutscore.data.relational.declaration import Declaration, Node, bound
from cutscore.errors import Fault
from cutscore.sql import identifier, literal

_TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_NO_VALUE = '"NULL"'
"""The type of a Parquet column without a value as pandas writes it."""


def source_columns(
    node: Node, layout: Layout, names: Sequence[str], declaration: Declaration
) -> dict[str, tuple[str, str]]:
    """Return SQL and type of each column: whole numbers only where they name rows."""
    found = {}
    for name, told in layout.types.items():
        column = identifier(name)
        kind = "BIGINT" if told == _NO_VALUE else told  # as in text files
        if name in names:
            found[name] = _named(name, kind)
        elif kind in NUMBERS or kind.startswith("DECIMAL"):
            found[name] = f"CAST({column} AS DOUBLE)", "DOUBLE"
        elif kind == "VARCHAR" or kind.startswith("ENUM"):
            found[name] = f"CAST({column} AS VARCHAR)", "VARCHAR"
        elif kind in _TIMES:
            found[name] = f"CAST({column} AS TIMESTAMP)", "TIMESTAMP"
        elif kind in ("BOOLEAN", "DATE"):
            found[name] = column, kind
        elif node.parent is None:
            found[name] = column, kind  # refused when the result is read
        if name in found and name not in names:
            sql, made = found[name]
            found[name] = _without(sql, made, declaration.sentinels_of(node.name, name)), made
    return found


def _named(name: str, kind: str) -> tuple[str, str]:
    column = identifier(name)
    if kind in ("FLOAT", "DOUBLE"):
        told = literal(f'"{name}" names rows and has fractions')
        whole = f"CAST({column} AS BIGINT)"
        sql = f"CASE WHEN {column} <> trunc({column}) THEN error({told}) ELSE {whole} END"
        return sql, "BIGINT"
    if kind in NUMBERS:
        return f"CAST({column} AS BIGINT)", "BIGINT"
    return f"CAST({column} AS VARCHAR)", "VARCHAR"


def _without(sql: str, kind: str, sentinels: Sequence[int | float | str]) -> str:
    """Return a column that is missing where it holds a sentinel of its kind."""
    tests = []
    for value in sentinels:
        limit = bound(value)
        if limit is not None and kind == "DOUBLE":
            tests.append(f"{sql} {limit[0]} {limit[1]}e0")
        elif isinstance(value, str) and kind == "VARCHAR" and limit is None:
            tests.append(f"{sql} = {literal(value)}")
        elif not isinstance(value, str) and kind == "DOUBLE":
            tests.append(f"{sql} = CAST({value!r} AS DOUBLE)")
    return f"CASE WHEN {' OR '.join(tests)} THEN NULL ELSE {sql} END" if tests else sql


def unlike_keys(
    declaration: Declaration, types: Mapping[str, Mapping[str, str]]
) -> Iterator[Fault]:
    """Yield the columns that name a parent's row in another kind than the parent itself."""
    known = dict(types)
    for node in declaration.nodes:  # a child comes before what is made of it
        if node.table.of in known:
            child = next(each for each in declaration.nodes if each.name == node.table.of)
            own = zip(node.table.keys, child.on, strict=True)
            known[node.name] = {key: known[child.name][on] for key, on in own}
    for node in declaration.nodes:
        parent = next((each for each in declaration.nodes if each.name == node.parent), None)
        if parent is None or node.name not in known or parent.name not in known:
            continue
        for mine, theirs in zip(node.on, parent.table.keys, strict=True):
            kinds = known[node.name][mine], known[parent.name][theirs]
            if kinds[0] != kinds[1]:
                told = {"BIGINT": "whole numbers", "VARCHAR": "text"}
                problem = (
                    f'"{mine}" is {told[kinds[0]]}, but "{theirs}" of {parent.name} is '
                    f"{told[kinds[1]]}."
                )
                yield Fault(
                    f"data.tables.{node.name}.foreign_key", problem, "Mend one of the files."
                )
