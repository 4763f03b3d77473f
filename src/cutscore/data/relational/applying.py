"""Tables of rows without a target: read with the types that training had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.data.layout import Layout, counts, replaced
from cutscore.data.relational.columns import source_columns
from cutscore.data.relational.declaration import Declaration, Node
from cutscore.data.relational.planning import BuildPlan
from cutscore.errors import Fault, nearest

if TYPE_CHECKING:
    import duckdb

APPLY = "data.apply"
_TOLD = {"DOUBLE": "numbers", "BIGINT": "whole numbers", "VARCHAR": "text", "BOOLEAN": "yes or no"}


@dataclass(frozen=True)
class TrainedTable:
    """A table's columns in training.

    Attributes
    ----------
    types : by column, without the target
    needed : columns, in lower case, that the features cannot be made without
    named : columns that were taken as they were, since they name rows
    known : columns that may be there; None for any
    beside : columns that are taken along, though training had none of them, and what asks for each
    """

    types: Mapping[str, str]
    needed: frozenset[str]
    named: tuple[str, ...]
    known: frozenset[str] | None = None
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of text, whose cells are text though all of them look like numbers."""
        return tuple(name for name, kind in self.types.items() if kind == "VARCHAR")


def trained_table(node: Node, declaration: Declaration, plan: BuildPlan) -> TrainedTable:
    """Return a table's columns by the plan of training."""
    types = {n: kind for n, kind in plan.sources[node.name].items() if n != declaration.target}
    used = plan.used.get(node.name, frozenset())
    whole = [name for name, kind in types.items() if kind == "BIGINT"]
    named = tuple(dict.fromkeys([*node.table.keys, *node.on, *whole]))
    return TrainedTable(types, used | {name.lower() for name in node.names}, named)


def as_trained(
    node: Node,
    layout: Layout,
    declaration: Declaration,
    trained: TrainedTable,
    path: Path,
    connection: duckdb.DuckDBPyConnection,
) -> tuple[Layout, list[Fault]]:
    """Return the columns that training had too, in its order, and what is wrong with them.

    A column without a value has the type of training.
    """
    kinds = {
        name: kind
        for name, (_, kind) in source_columns(node, layout, trained.named, declaration).items()
    }
    shared = [name for name in trained.types if name in layout.types]
    unlike = [name for name in shared if kinds.get(name) != trained.types[name]]
    faults = list(_absent(layout, trained, path))
    nothing, types = {}, {name: layout.types[name] for name in shared}
    for name, values in counts(layout, unlike, connection).items():
        types[name] = kind = trained.types[name]
        nothing[name] = f"CAST(NULL AS {kind})"
        if values:
            found = kinds.get(name, layout.types[name])
            problem = f'the column "{name}" of "{path}" holds {_TOLD.get(found, found)}; '
            faults.append(Fault(APPLY, f"{problem}in training it held {_TOLD.get(kind, kind)}."))
    more = {n: kind for n, kind in layout.types.items() if n in trained.beside and n not in types}
    return replace(replaced(layout, nothing, {}), types=types | more), faults


def blamed_on(name: str, faults: Iterable[Fault]) -> Iterator[Fault]:
    """Yield faults of the rows called `name`, for of the tables none was found in training."""
    for each in faults:
        if each.setting in (APPLY, "data.cache", "data.memory_limit"):
            yield each
            continue
        remedy = each.remedy.replace(f"data.tables.{name}.path=", f"{APPLY}=")
        problem = each.problem if each.setting == "data.path" else f'in "{name}", {each.problem}'
        yield replace(each, setting=APPLY, problem=problem, remedy=remedy)


def _absent(layout: Layout, trained: TrainedTable, path: Path) -> Iterator[Fault]:
    for name in trained.types:
        if name.lower() in trained.needed and name not in layout.types:
            problem = f'"{path}" has no column "{name}".{nearest(name, layout.types)}'
            yield Fault(APPLY, problem)
    for name, setting in trained.beside.items():
        if name not in layout.types:
            yield Fault(setting, f'"{path}" has no column "{name}".{nearest(name, layout.types)}')
    for name in layout.types:
        if trained.known is not None and name not in trained.known:
            problem = f'"{path}" has a column "{name}", which training did not have.'
            guess = nearest(name, set(trained.types) - set(layout.types))
            yield Fault(APPLY, f"{problem}{guess}", "Leave it out.")
