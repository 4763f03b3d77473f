"""The SQL that makes one row per row of the base table: checked against the tables' columns.

Every child is aggregated to its parent's key before it is joined, deepest first, so no join can
change the number of rows. The statements are written against empty tables of the right types, so
all that DuckDB has to say against them is heard before any row is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cutscore.data.relational.aggregates import AggregateExpression, check_aggregate, explained
from cutscore.data.relational.declaration import ALL, Declaration, NamedAggregate, Node, Window
from cutscore.data.relational.grouping import (
    AggregatedChild,
    Checked,
    aggregated_name,
    grouped,
    key_name,
)
from cutscore.data.relational.steps import (
    INFINITE,
    BuildSteps,
    Made,
    MadeFinite,
    StepRelation,
    any_infinite,
)
from cutscore.data.relational.visible import check_columns
from cutscore.errors import RequestError
from cutscore.expressions import ExpressionError, check, sandbox
from cutscore.sql import identifier

Types = Mapping[str, str]
FEATURES = "features"
AT = "#at"
"""The column of the base table that says where a row stands, if there is one."""


def source_name(table: str) -> str:
    """Return what a table is called before anything is computed of it."""
    return f"source:{table}"


@dataclass(frozen=True)
class BuildPlan:
    """Statements that make the table `features` out of one source table each.

    Attributes
    ----------
    statements : SQL, in order
    columns : the result's columns and types, in order
    made : those that are no columns of the base table, with the table each comes from
    sources : types of the source tables that are there
    aggregated : the tables whose rows are aggregated
    used : columns, in lower case, that expressions over a table's rows mention
    finite : by table, columns in which what is infinite was made missing; rows where it was are
        marked by the column INFINITE of the aggregated table, or of the result
    flagged : whether the result has that column, which also says so of the rows that are joined
    """

    statements: tuple[str, ...]
    columns: Types
    made: Mapping[str, str]
    sources: Mapping[str, Types]
    aggregated: tuple[str, ...] = ()
    used: Mapping[str, frozenset[str]] = field(default_factory=dict)
    finite: Mapping[str, Sequence[MadeFinite]] = field(default_factory=dict)
    flagged: bool = False


def plan_build(declaration: Declaration, sources: Mapping[str, Types]) -> BuildPlan:
    """Write the statements; `sources` are the tables that are there, with their columns' types.

    Raises
    ------
    RequestError
        With a fault for each expression that cannot be used.
    """
    connection = sandbox()
    try:
        return _Planner(declaration, sources, BuildSteps(connection)).plan()
    finally:
        connection.close()


@dataclass
class _Planner:
    declaration: Declaration
    sources: Mapping[str, Types]
    steps: BuildSteps
    aggregated: dict[str, AggregatedChild] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    types: dict[str, Types] = field(default_factory=dict)
    used: dict[str, set[str]] = field(default_factory=dict)
    told: set[tuple[str, str]] = field(default_factory=set)
    checked: dict[str, AggregateExpression] = field(default_factory=dict)

    def plan(self) -> BuildPlan:
        for table, types in self.sources.items():
            columns = ", ".join(f"{identifier(name)} {kind}" for name, kind in types.items())
            self.steps.run(f"CREATE TEMP TABLE {identifier(source_name(table))} ({columns})")
        for node in self.declaration.nodes[:-1]:
            self.aggregated[node.name] = self._child(node)
        base = self.declaration.base
        relation = self._rows(base)
        relation = self.steps.extend(
            relation,
            self._row_expressions(relation, base, self.declaration.joined, "data.joined."),
        )
        if self.steps.faults:
            raise RequestError(self.steps.faults)
        own = self.sources[base.name]
        self.steps.say(f"CREATE TEMP TABLE {FEATURES} AS SELECT * FROM {identifier(relation.name)}")
        made = {n: self.made.get(n, base.name) for n in relation.types if n not in own}
        there = tuple(n.name for n in self.declaration.nodes[:-1] if self._is_there(n))
        used = {name: frozenset(columns) for name, columns in self.used.items()}
        finite = {name: child.finite for name, child in self.aggregated.items()}
        finite[base.name] = self.steps.finite_of(relation)
        parts = relation.types, made, self.sources, there, used, finite
        return BuildPlan(tuple(self.steps.statements), *parts, self.steps.is_flagged(relation))

    def _child(self, node: Node) -> AggregatedChild:
        """Aggregate a table to its parent's key."""
        names = [each.name for each in node.aggregates]
        if not self._is_there(node):
            return AggregatedChild(absent=tuple(names))
        relation = self._rows(node)
        checked = [
            (each, expression)
            for each in node.aggregates
            if (expression := self._aggregate(each, relation, node)) is not None
        ]
        used = dict.fromkeys(each.window for each, _ in checked if each.window != ALL)
        relation = self._windows(relation, node, [*used], checked)
        return grouped(self.steps, node, relation, checked)

    def _is_there(self, node: Node) -> bool:
        """Whether a table's rows are there and can be told to belong to rows of the base."""
        if node.table.of is not None:
            child = next(n for n in self.declaration.nodes if n.name == node.table.of)
            return child.name in self.sources if child.table.of is None else self._is_there(child)
        parents = {each.name: each for each in self.declaration.nodes}
        above = None if node.parent is None else parents[node.parent]
        if node.name not in self.sources:
            return False
        return above is None or above.table.of is not None or self._is_there(above)

    def _rows(self, node: Node) -> StepRelation:
        """Return a table's rows with its children's aggregates and its row expressions."""
        children = self.declaration.children(node.name)
        if node.table.of is not None:
            relation = self._of_child(node, children[0])
        else:
            relation = StepRelation(source_name(node.name), dict(self.sources[node.name]))
            relation = self._joined(relation, node, children)
        for name, text in node.rows.items():
            prefix = f"data.rows.{node.name}."
            made = self._row_expressions(relation, node, {name: text}, prefix)
            relation = self.steps.extend(relation, made)
            self.told |= set() if name in relation.types else {(node.name, name.lower())}
        self.types[node.name] = relation.types
        return relation

    def _of_child(self, node: Node, child: Node) -> StepRelation:
        """Return the groups of a child as rows: its keys and its aggregates."""
        theirs = self.types[child.name]
        types = {name: theirs[on] for name, on in zip(node.table.keys, child.on, strict=True)}
        given = self.aggregated[child.name]
        keys = ", ".join(
            f"{identifier(key_name(at))} AS {identifier(name)}" for at, name in enumerate(types)
        )
        flag = [INFINITE] if given.flagged else []
        hidden = ", ".join(map(identifier, [*given.hidden, *flag]))
        sql = f"SELECT {', '.join(filter(None, [keys, hidden]))} "
        sql += f"FROM {identifier(aggregated_name(child.name))}"
        self.steps.flagged |= {node.name} if flag else set()
        relation = self.steps.view(StepRelation(node.name, types), sql, types)
        return self.steps.extend(relation, list(given.outer), hides=given.hidden)

    def _joined(self, relation: StepRelation, node: Node, children: Sequence[Node]) -> StepRelation:
        """Return a table's rows, each with what its children's rows come to."""
        hidden: list[str] = []
        joins: list[str] = []
        outer: list[Made] = []
        absent: list[str] = []
        flags: list[str] = []
        for at, child in enumerate(children):
            given = self.aggregated[child.name]
            self.made |= dict.fromkeys(
                [*given.absent, *(made.name for made in given.outer)], child.name
            )
            self._check_free(child, relation, [*(each.name for each in outer), *absent])
            absent += given.absent
            if not given.outer:
                continue
            hidden += [f"c{at}.{identifier(name)}" for name in given.hidden]
            pairs = zip(node.table.keys, range(len(child.on)), strict=True)
            told = " AND ".join(
                f"t.{identifier(name)} = c{at}.{identifier(key_name(n))}" for name, n in pairs
            )
            table = identifier(aggregated_name(child.name))
            joins.append(f"LEFT JOIN {table} c{at} ON {told}")
            flags += [f"c{at}.{identifier(INFINITE)}"] if given.flagged else []
            outer += given.outer
        if joins:
            columns = ", ".join(["t.*", *hidden, *([any_infinite(flags)] if flags else [])])
            self.steps.flagged |= {node.name} if flags else set()
            sql = f"SELECT {columns} FROM {identifier(relation.name)} t {' '.join(joins)}"
            relation = self.steps.view(
                StepRelation(node.name, relation.types, relation.step), sql, {}
            )
            names = [name for child in children for name in self.aggregated[child.name].hidden]
            relation = self.steps.extend(relation, outer, hides=names)
        nothing = [Made(name, "CAST(NULL AS DOUBLE)", "", "") for name in absent]
        return self.steps.extend(relation, nothing)

    def _row_expressions(
        self, relation: StepRelation, node: Node, texts: Mapping[str, str], prefix: str
    ) -> list[Made]:
        made = []
        for name, text in texts.items():
            setting = f"{prefix}{name}"
            try:
                expression = check(text, self.steps.connection)
                self._check_columns(expression.columns, relation, node)
                self._check_name(name, relation)
            except ExpressionError as error:
                self.steps.blame(setting, text, str(error))
            else:
                made.append(Made(name, expression.sql, setting, text))
        return made

    def _check_name(self, name: str, relation: StepRelation) -> None:
        if name.lower() in {each.lower() for each in relation.types}:
            raise ExpressionError(f'the name "{name}" is already taken by a column')

    def _check_free(self, child: Node, relation: StepRelation, taken: Sequence[str]) -> None:
        """Refuse aggregates that are called like a column of the parent or another aggregate."""
        names = {name.lower() for name in (*relation.types, *taken)}
        for each in child.aggregates:
            if each.name.lower() in names:
                told = f'the name "{each.name}" is already taken by a column of {child.parent}'
                self.steps.blame(each.setting, each.text, told)
            names.add(each.name.lower())

    def _check_columns(self, columns: Iterable[str], relation: StepRelation, node: Node) -> None:
        check_columns(columns, relation, node, self.declaration.target, self.sources, self.told)
        self.used.setdefault(node.name, set()).update(map(str.lower, columns))

    def _aggregate(
        self, each: NamedAggregate, relation: StepRelation, node: Node
    ) -> AggregateExpression | None:
        try:
            if each.text not in self.checked:  # once, however many windows it is over
                self.checked[each.text] = check_aggregate(each.text, self.steps.connection)
            expression = self.checked[each.text]
            self._check_columns(expression.columns, relation, node)
        except ExpressionError as error:
            self.steps.blame(each.setting, each.text, explained(error))
            return None
        return expression

    def _windows(
        self, relation: StepRelation, node: Node, used: Sequence[str], checked: Checked
    ) -> StepRelation:
        """Check all windows, and add a column of truth values for each that is used."""
        conditions: list[tuple[str, str]] = []
        for name, window in node.windows.items():
            setting = f"data.windows.{node.name}.{name}"
            text = window.condition or f"last {window.last} by {', '.join(window.by)}"
            try:
                if window.last:
                    self._check_columns(window.by, relation, node)
                    conditions.append((name, self._last(window, node, checked)))
                    continue
                expression = check(window.condition, self.steps.connection)
                self._check_columns(expression.columns, relation, node)
                sql = f"coalesce(CAST(TRY({expression.sql}) AS BOOLEAN), false)"
                conditions.append((name, sql))
            except ExpressionError as error:
                self.steps.blame(setting, text, str(error))
        made = [
            Made(f"@{name}", sql, f"data.windows.{node.name}.{name}", sql)
            for name, sql in conditions
            if name in used
        ]
        return self.steps.extend(relation, made, plain=True)

    def _last(self, window: Window, node: Node, checked: Checked) -> str:
        """Return whether a row is among its parent's last; among equals the values decide."""
        # Those aggregated over last rows by these columns, so that all lengths have one order.
        order = dict.fromkeys(window.by)
        for each, expression in checked:
            if each.window != ALL and node.windows[each.window].by == window.by:
                order |= dict.fromkeys(expression.columns)
        told = ", ".join(f"{identifier(name)} DESC NULLS LAST" for name in order)
        group = ", ".join(map(identifier, node.on))
        return f"row_number() OVER (PARTITION BY {group} ORDER BY {told}) <= {window.last}"
