"""Which columns an expression over a table's rows may mention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cutscore.data.relational.declaration import Node
from cutscore.data.relational.steps import StepRelation
from cutscore.errors import listed, nearest
from cutscore.expressions import ExpressionError


def check_columns(
    columns: Iterable[str],
    relation: StepRelation,
    node: Node,
    target: str,
    sources: Mapping[str, Mapping[str, str]],
    told: set[tuple[str, str]],
) -> None:
    """Refuse what is no column of these rows, the target, and the key of the base.

    A column in `told`, by table and name, was refused before, or could not be made: it is refused
    without a word.

    Raises
    ------
    ExpressionError
        For the first such column.
    """
    known = {name.lower(): name for name in relation.types}
    for name in columns:
        if name.lower() == target.lower():
            raise ExpressionError(f'it mentions "{name}", which is the target')
        if node.parent is None and name.lower() in map(str.lower, node.table.keys):
            raise ExpressionError(f'it mentions "{name}", which only names the row')
        if name.lower() not in known:
            if (node.name, name.lower()) in told:
                raise ExpressionError("")
            told.add((node.name, name.lower()))
            raise ExpressionError(_no_column(name, node, relation, sources))


def _no_column(
    name: str, node: Node, relation: StepRelation, sources: Mapping[str, Mapping[str, str]]
) -> str:
    elsewhere = [
        table
        for table, types in sources.items()
        if table != node.name and name.lower() in map(str.lower, types)
    ]
    told = f'it mentions "{name}", which is no column of {node.name}'
    if elsewhere:
        told += f" but of {listed(elsewhere, 3)}; only rows of its own table are seen"
    shown = [each for each in relation.types if not each.startswith(("#", "@"))]
    guess = "" if elsewhere else nearest(name, shown)
    return f"{told}.{guess} Its columns: {listed(shown)}"
