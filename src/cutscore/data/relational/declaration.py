"""What is declared of several tables, before any file is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cutscore.data.relational.tables import LinkedTable, linked_on, misplaced
from cutscore.data.relational.texts import Sections, read_sections
from cutscore.errors import Fault, RequestError, listed, nearest

Sentinel = int | float | str
_BOUND = re.compile(r"(<=?|>=?)\s*(-?\d+(?:\.\d+)?)")
_WINDOWED = re.compile(r"(.*?)\s*\[([^\]]*)\]")
_LAST = re.compile(r"last\s+(\d+)\s+by\s+(.+)", re.IGNORECASE)
ALL = "all"
"""The window of all rows."""


@dataclass(frozen=True)
class Window:
    """Rows that an aggregate is limited to: a condition, or the last rows by some columns."""

    condition: str = ""
    last: int = 0
    by: tuple[str, ...] = ()


@dataclass(frozen=True)
class NamedAggregate:
    """One aggregate over one window of a table's rows; `setting` is where it was declared."""

    name: str
    text: str
    window: str
    setting: str


@dataclass(frozen=True)
class Node:
    """A table in its place, with what is declared of its rows."""

    name: str
    table: LinkedTable
    parent: str | None
    on: tuple[str, ...]
    rows: Mapping[str, str]
    windows: Mapping[str, Window]
    aggregates: tuple[NamedAggregate, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that name rows, here or of the parent, and the time."""
        time = () if self.table.time is None else (self.table.time,)
        return (*self.table.keys, *self.on, *time)


@dataclass(frozen=True)
class Declaration:
    """Tables from the deepest to the one that rows are made for, which is the last.

    Attributes
    ----------
    nodes : the tables
    joined : expressions over the last table's columns and all its aggregates
    sentinels : by table and column, either of which may be a pattern, what means missing
    target : the column that nothing may mention
    """

    nodes: tuple[Node, ...]
    joined: Mapping[str, str] = field(default_factory=dict)
    sentinels: Mapping[str, Mapping[str, tuple[Sentinel, ...]]] = field(default_factory=dict)
    target: str = ""

    @property
    def base(self) -> Node:
        """The table that has one row per row of the result."""
        return self.nodes[-1]

    def children(self, name: str) -> tuple[Node, ...]:
        """Return the tables whose parent this is."""
        return tuple(node for node in self.nodes if node.parent == name)

    def sentinels_of(self, table: str, column: str) -> tuple[Sentinel, ...]:
        """Return what means missing in a column."""
        return tuple(
            value
            for pattern, columns in self.sentinels.items()
            if fnmatchcase(table, pattern)
            for name, values in columns.items()
            if fnmatchcase(column, name)
            for value in values
        )


def bound(text: Sentinel) -> tuple[str, str] | None:
    """Return sign and number of a sentinel such as `< -40000`, None for a plain value."""
    found = _BOUND.fullmatch(text.strip()) if isinstance(text, str) else None
    return (found[1], found[2]) if found else None


def declare(
    tables: Mapping[str, LinkedTable],
    sql: Mapping[str, str],
    more: Mapping[str, Mapping[str, Mapping[str, str]]],
    joined: Mapping[str, str],
    sentinels: Mapping[str, Mapping[str, tuple[Sentinel, ...]]],
    target: str,
) -> Declaration:
    """Put tables into their places.

    Parameters
    ----------
    sql : text of SQL files by table
    more : by heading (`rows`, `windows`, `aggregates`) and table, what comes beside the files

    Raises
    ------
    RequestError
        With every fault of the tree of tables and of the texts.
    """
    faults: list[Fault] = [*_unknown(tables, sql, more, sentinels), *misplaced(tables)]
    if faults:
        raise RequestError(faults)
    nodes = []
    for name in _deepest_first(tables):
        said = read_sections(sql.get(name, ""), f"data.sql.{name}", faults)
        nodes.append(_node(name, tables, said, more, faults))
    if faults:
        raise RequestError(faults)
    return Declaration(tuple(nodes), joined, sentinels, target)


def _node(
    name: str,
    tables: Mapping[str, LinkedTable],
    said: Sections,
    more: Mapping[str, Mapping[str, Mapping[str, str]]],
    faults: list[Fault],
) -> Node:
    table = tables[name]
    windows = {**said.windows, **more["windows"].get(name, {})}
    aggregates = list(_spread(said.aggregates, f"data.sql.{name}: ", windows, faults))
    added = more["aggregates"].get(name, {})
    aggregates += _spread(added, f"data.aggregates.{name}.", windows, faults)
    parent = None if table.parent is None else str(table.parent)
    if parent is None and aggregates:
        problem = "this table has no parent to aggregate its rows to."
        faults.append(Fault(f"data.aggregates.{name}", problem, "Use joined, or rows."))
    on = () if parent is None else linked_on(table, tables[parent])
    return Node(
        name,
        table,
        parent,
        on,
        {**said.rows, **more["rows"].get(name, {})},
        {key: _window(text) for key, text in windows.items()},
        tuple(aggregates),
    )


def _window(text: str) -> Window:
    last = _LAST.fullmatch(text.strip())
    if last is None:
        return Window(text)
    by = tuple(name.strip().strip('"') for name in last[2].split(","))
    return Window(last=int(last[1]), by=by)


def _spread(
    texts: Mapping[str, str], prefix: str, windows: Mapping[str, str], faults: list[Fault]
) -> Iterator[NamedAggregate]:
    """Yield each aggregate once for each window that its name asks for."""
    for name, text in texts.items():
        asked = _WINDOWED.fullmatch(name)
        setting = f"{prefix}{name}"
        if asked is None:
            yield NamedAggregate(name, text, ALL, setting)
            continue
        for window in (word.strip() for word in asked[2].split(",")):
            if window == ALL:
                yield NamedAggregate(asked[1], text, ALL, setting)
            elif window in windows:
                yield NamedAggregate(f"{asked[1]}_{window}", text, window, setting)
            else:
                problem = f'there is no window "{window}".{nearest(window, windows)}'
                told = f"Windows of this table: {listed([ALL, *windows])}."
                faults.append(Fault(setting, problem, told))


def _unknown(
    tables: Mapping[str, LinkedTable],
    sql: Mapping[str, str],
    more: Mapping[str, Mapping[str, Mapping[str, str]]],
    sentinels: Mapping[str, object],
) -> Iterator[Fault]:
    named = [("sql", name) for name in sql]
    named += [(heading, name) for heading, each in more.items() for name in each]
    for key, name in named:
        if name not in tables:
            problem = f'there is no table "{name}".{nearest(name, tables)}'
            yield Fault(f"data.{key}.{name}", problem, f"Tables: {listed(list(tables))}.")
    for pattern in sentinels:
        if not any(fnmatchcase(name, pattern) for name in tables):
            problem = f'no table is called "{pattern}".{nearest(pattern, tables)}'
            yield Fault(f"data.sentinels.{pattern}", problem, f"Tables: {listed(list(tables))}.")


def _deepest_first(tables: Mapping[str, LinkedTable]) -> list[str]:
    def depth(name: str) -> int:
        parent = tables[name].parent
        return 0 if parent is None else 1 + depth(str(parent))

    return sorted(tables, key=lambda name: -depth(name))
