"""A table's rows aggregated to its parent's key, and what the parent computes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cutscore.data.relational.aggregates import (
    NUMBERS_ONLY,
    AggregateExpression,
    Piece,
    aggregate_sql,
)
from cutscore.data.relational.declaration import ALL, NamedAggregate, Node
from cutscore.data.relational.steps import INFINITE, BuildSteps, Made, MadeFinite, StepRelation
from cutscore.sql import identifier

ROWS = "#rows"
"""The column of an aggregated table that says how many rows were aggregated."""

Checked = Sequence[tuple[NamedAggregate, AggregateExpression]]


@dataclass(frozen=True)
class AggregatedChild:
    """What a child hands to its parent: expressions over hidden columns, and their settings.

    `finite` is what was made finite in the child's rows; `flagged` says whether the aggregated
    table has the column INFINITE.
    """

    outer: tuple[Made, ...] = ()
    hidden: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    finite: tuple[MadeFinite, ...] = ()
    flagged: bool = False


def aggregated_name(table: str) -> str:
    """Return what a table is called once it is aggregated to its parent's key."""
    return f"aggregated:{table}"


def key_name(at: int) -> str:
    """Return what a column of the key is called in an aggregated table."""
    return f"#k{at}"


def grouped(
    steps: BuildSteps, node: Node, relation: StepRelation, checked: Checked
) -> AggregatedChild:
    """Aggregate, and return what the parent computes of the aggregates."""
    filters, arguments, relation = _columns(steps, relation, checked)
    _check_numbers(steps, relation, checked, arguments)
    if steps.faults:
        return AggregatedChild(absent=tuple(each.name for each in node.aggregates))
    outer: list[Made] = []
    known: dict[tuple[Piece, str], str] = {}
    columns: list[str] = []
    for each, expression in checked:
        names = []
        for piece in expression.pieces:
            if (piece, each.window) not in known:
                name = known[piece, each.window] = f"#{node.name}:{len(known)}"
                conditions = [] if each.window == ALL else [identifier(f"@{each.window}")]
                if piece.where is not None:
                    conditions.append(identifier(filters[piece.where.sql]))
                taken = [arguments[part.sql] for part in piece.arguments]
                types = [relation.types[column] for column in taken]
                where = " AND ".join(conditions) or None
                sql = aggregate_sql(piece, [*map(identifier, taken)], types, where)
                columns.append(f"{sql} AS {identifier(name)}")
            names.append(_over_none(piece, node, known[piece, each.window]))
        outer_sql = _renamed(expression.outer.sql, names)
        outer.append(Made(each.name, outer_sql, each.setting, each.text))
    keys = [f"{identifier(name)} AS {identifier(key_name(at))}" for at, name in enumerate(node.on)]
    flagged = steps.is_flagged(relation)
    flag = [f"bool_or({identifier(INFINITE)}) AS {identifier(INFINITE)}"] if flagged else []
    told = ", ".join([*keys, f"count(*) AS {identifier(ROWS)}", *flag, *columns])
    steps.say(
        f"CREATE TEMP TABLE {identifier(aggregated_name(node.name))} AS SELECT {told} "
        f"FROM {identifier(relation.name)} GROUP BY {', '.join(map(identifier, node.on))}"
    )
    finite = steps.finite_of(relation)
    return AggregatedChild(tuple(outer), tuple(known.values()), finite=finite, flagged=flagged)


def _columns(
    steps: BuildSteps, relation: StepRelation, checked: Checked
) -> tuple[dict[str, str], dict[str, str], StepRelation]:
    """Make a column of each filter and of each argument; return their names by their SQL."""
    filters: dict[str, Made] = {}
    arguments: dict[str, Made] = {}
    for each, expression in checked:
        for piece in expression.pieces:
            if piece.where is not None and piece.where.sql not in filters:
                sql = f"coalesce(CAST(TRY({piece.where.sql}) AS BOOLEAN), false)"
                made = Made(f"#f{len(filters)}", sql, each.setting, each.text)
                filters[piece.where.sql] = made
            for part in piece.arguments:
                if part.sql not in arguments:
                    made = Made(f"#a{len(arguments)}", part.sql, each.setting, each.text)
                    arguments[part.sql] = made
    relation = steps.extend(relation, list(filters.values()), plain=True)
    relation = steps.extend(relation, list(arguments.values()))
    return (
        {sql: made.name for sql, made in filters.items()},
        {sql: made.name for sql, made in arguments.items()},
        relation,
    )


def _check_numbers(
    steps: BuildSteps, relation: StepRelation, checked: Checked, arguments: Mapping[str, str]
) -> None:
    """Refuse to add up text, and the like."""
    for each, expression in checked:
        for piece in expression.pieces:
            if piece.function not in NUMBERS_ONLY:
                continue
            argument = piece.arguments[0].sql
            kind = relation.types.get(arguments[argument], "")
            if kind and kind not in ("DOUBLE", "BOOLEAN"):
                told = f"{piece.function} needs numbers, and {argument} is {kind}"
                steps.blame(each.setting, each.text, told)


def _over_none(piece: Piece, node: Node, name: str) -> str:
    """Return the SQL of an aggregate that has a value over no rows where one is declared."""
    zero = piece.function.startswith("count") or (
        piece.function == "sum" and node.table.no_rows == 0
    )
    return f"coalesce({identifier(name)}, 0)" if zero else identifier(name)


def _renamed(outer: str, names: Sequence[str]) -> str:
    return re.sub(r'"#(\d+)"', lambda found: names[int(found[1])], outer)
