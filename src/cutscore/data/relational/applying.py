"""Rows without a target in place of the base table: read with the types that training had."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.data.layout import Layout
from cutscore.data.relational.columns import source_columns
from cutscore.data.relational.declaration import Declaration, Node
from cutscore.data.relational.planning import plan_build
from cutscore.errors import Fault, nearest
from cutscore.sql import identifier

if TYPE_CHECKING:
    import duckdb

APPLY = "data.apply"
_TOLD = {"DOUBLE": "numbers", "BIGINT": "whole numbers", "VARCHAR": "text", "BOOLEAN": "yes or no"}


@dataclass(frozen=True)
class TrainedBase:
    """The base table's columns in training.

    Attributes
    ----------
    types : by column, without the target
    needed : columns, in lower case, that the features cannot be made without
    """

    types: Mapping[str, str]
    needed: Collection[str]

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of text, whose cells are text though all of them look like numbers."""
        return tuple(name for name, kind in self.types.items() if kind == "VARCHAR")


def trained_base(declaration: Declaration, sources: Mapping[str, Mapping[str, str]]) -> TrainedBase:
    """Return the base table's columns by the types that all tables had in training."""
    base = declaration.base
    types = {n: kind for n, kind in sources[base.name].items() if n != declaration.target}
    used = plan_build(declaration, sources).used.get(base.name, frozenset())
    return TrainedBase(types, used | {name.lower() for name in base.table.keys})


def as_trained(
    node: Node,
    layout: Layout,
    names: Sequence[str],
    declaration: Declaration,
    trained: TrainedBase,
    path: Path,
    connection: duckdb.DuckDBPyConnection,
) -> tuple[Layout, list[Fault]]:
    """Return the columns that training had too, in its order, and what is wrong with them.

    A column without a value has the type of training.
    """
    kinds = {
        name: kind for name, (_, kind) in source_columns(node, layout, names, declaration).items()
    }
    shared = [name for name in trained.types if name in layout.types]
    unlike = [name for name in shared if kinds.get(name) != trained.types[name]]
    faults = list(_absent(layout, trained, path))
    replaced, types = [], {name: layout.types[name] for name in shared}
    counts = ", ".join(["0", *(f"count({identifier(name)})" for name in unlike)])
    present = connection.execute(f"SELECT {counts} FROM {layout.relation}").fetchall()[0][1:]
    for name, values in zip(unlike, present, strict=True):
        types[name] = kind = trained.types[name]
        replaced.append(f"CAST(NULL AS {kind}) AS {identifier(name)}")
        if values:
            found = kinds.get(name, layout.types[name])
            problem = f'the column "{name}" of "{path}" holds {_TOLD.get(found, found)}; '
            faults.append(Fault(APPLY, f"{problem}in training it held {_TOLD.get(kind, kind)}."))
    star = f"* REPLACE ({', '.join(replaced)})" if replaced else "*"
    relation = f"(SELECT {star} FROM {layout.relation})" if replaced else layout.relation
    return replace(layout, types=types, relation=relation), faults


def blamed_on(name: str, faults: Iterable[Fault]) -> Iterator[Fault]:
    """Yield faults of the rows called `name`, for of the tables none was found in training."""
    for each in faults:
        if each.setting in (APPLY, "data.cache", "data.memory_limit"):
            yield each
            continue
        remedy = each.remedy.replace(f"data.tables.{name}.path=", f"{APPLY}=")
        problem = each.problem if each.setting == "data.path" else f'in "{name}", {each.problem}'
        yield replace(each, setting=APPLY, problem=problem, remedy=remedy)


def _absent(layout: Layout, trained: TrainedBase, path: Path) -> Iterator[Fault]:
    for name in trained.types:
        if name.lower() in trained.needed and name not in layout.types:
            problem = f'"{path}" has no column "{name}".{nearest(name, layout.types)}'
            yield Fault(APPLY, problem)
