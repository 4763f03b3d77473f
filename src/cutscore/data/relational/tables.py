"""Tables that hang on each other, and what is wrong where they make no tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from cutscore.errors import Fault, listed, nearest

Names = str | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LinkedTable:
    """One table and how it hangs on another.

    Attributes
    ----------
    path : file in the folder; None: the file of the table's name, whatever its kind
    of : a table without a file, whose rows are the distinct keys of this child
    key : columns that name a row; no two rows may have the same
    parent : the table whose rows these rows belong to; None for the one that rows are made for
    foreign_key : columns that name the parent's row, in the order of its key; None: named as there
    time : column of when a row came about, as a number before the decision (-30, at most 0); rows
        with a later time are refused
    optional : whether the table may be absent
    no_rows : what a sum over no value is, 0 or None (missing); counts are always 0
    """

    __pydantic_config__: ClassVar[dict[str, object]] = {
        "coerce_numbers_to_str": True,
        "extra": "forbid",
    }

    path: str | None = None
    of: str | None = None
    key: Names = ()
    parent: Names | None = None
    foreign_key: Names | None = None
    time: str | None = None
    optional: bool = False
    no_rows: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The key's columns."""
        return (self.key,) if isinstance(self.key, str) else self.key


def linked_on(table: LinkedTable, parent: LinkedTable) -> tuple[str, ...]:
    """Return the columns of a table that name its parent's row."""
    if table.foreign_key is None:
        return parent.keys
    return (table.foreign_key,) if isinstance(table.foreign_key, str) else table.foreign_key


def misplaced(tables: Mapping[str, LinkedTable]) -> Iterator[Fault]:
    """Yield what is wrong with the tree of tables."""
    roots = [name for name, table in tables.items() if table.parent is None]
    if len(roots) != 1:
        told = f"these have none: {listed(roots)}" if roots else "all have one, so it is a circle"
        problem = f"exactly one table must have no parent, the one that rows are made for; {told}."
        yield Fault("data.tables", problem)
    for name, table in tables.items():
        setting = f"data.tables.{name}"
        if not isinstance(table.parent, str | None):
            problem = f"it has {len(table.parent)} parents ({listed(list(table.parent))})"
            remedy = "To use its rows twice, declare the file as two tables, each with its path."
            yield Fault(f"{setting}.parent", f"{problem}; a table has one.", remedy)
        elif table.parent is not None and table.parent not in tables:
            problem = f'there is no table "{table.parent}".{nearest(table.parent, tables)}'
            yield Fault(f"{setting}.parent", problem, f"Tables: {listed(list(tables))}.")
        elif table.parent is not None and not tables[table.parent].keys:
            problem = f'its parent "{table.parent}" has no key.'
            yield Fault(setting, problem, f"Give data.tables.{table.parent}.key.")
        elif table.parent is not None and len(linked_on(table, tables[table.parent])) != len(
            tables[table.parent].keys
        ):
            problem = f"it must name as many columns as the key of {table.parent} has."
            yield Fault(f"{setting}.foreign_key", problem)
        elif _circle(name, tables):
            yield Fault(f"{setting}.parent", f"its parents go round: {_circle(name, tables)}.")
        elif table.of is not None and [
            each for each, other in tables.items() if other.parent == name
        ] != [table.of]:
            problem = f'it is made of the rows of "{table.of}", which must be its one child.'
            yield Fault(f"{setting}.of", problem)
        elif table.of is not None and not set(linked_on(table, tables[str(table.parent)])) <= set(
            table.keys
        ):
            yield Fault(f"{setting}.foreign_key", "its columns must be part of its key.")
        if table.parent is None and not table.keys:
            yield Fault(f"{setting}.key", "the table that rows are made for needs a key.")
        if table.no_rows not in (None, 0):
            yield Fault(f"{setting}.no_rows", f"{table.no_rows} is not allowed: 0 or null.")


def _circle(name: str, tables: Mapping[str, LinkedTable]) -> str:
    """Return the circle of parents that a table is in, '' if it is in none."""
    path = [name]
    while (parent := tables[path[-1]].parent) in tables and isinstance(parent, str):
        path.append(parent)
        if parent == name:
            return " -> ".join(path)
        if len(path) > len(tables):
            break
    return ""
