"""A plan that DuckDB keeps: planning takes it several times as long as one applicant's rows do.

A prepared statement keeps its plan only with the optimiser off. What matters most of what that does
is done here by hand: columns that no expression mentions do not go through the plan. Rows come from
objects that hand out another Arrow table each time, so that nothing is inserted or deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cutscore.data.layout import Layout, trim
from cutscore.data.relational.building import infinite_columns
from cutscore.data.relational.columns import source_columns
from cutscore.data.relational.declaration import Declaration, Node
from cutscore.data.relational.given_rows import arrow_kinds
from cutscore.data.relational.planning import AT, FEATURES, BuildPlan, source_name
from cutscore.data.relational.steps import INFINITE
from cutscore.sql import connect, identifier

if TYPE_CHECKING:
    import pyarrow as pa

_TABLE, _GIVEN = "CREATE TEMP TABLE ", "given"
_FEW = 256
"""Rows up to which Python's own values are quicker than Arrow's, whose output is planned anew."""


@dataclass(frozen=True, eq=False)
class TableFeatures:
    """The features of new rows.

    Attributes
    ----------
    rows : columns of the feature table, a row for each row of the base table, in its order
    infinite : in how many rows (of whatever table) a column was infinite and is missing for that
    orphans : how many rows of a table belong to no row of the one above it
    """

    rows: pa.Table
    infinite: Mapping[str, int]
    orphans: Mapping[str, int] = field(default_factory=dict)


class _Given:
    """Rows of a table, which are others each time; DuckDB asks for them when it runs."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_schema__(self) -> Any:
        return self.table.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


class KeptPlan:
    """The statements of a declaration, ready to run; for one thread at a time.

    Parameters
    ----------
    declaration, plan : Declaration, BuildPlan
        What training declared and ran.
    missing : iterable of str
        Texts that mean missing.
    """

    def __init__(self, declaration: Declaration, plan: BuildPlan, missing: Iterable[str]) -> None:
        self._declaration, self._plan, self._missing = declaration, plan, tuple(missing)
        self._connection = connect(threads="1", enable_external_access="false")
        self._run("PRAGMA disable_optimizer")
        self._empty = {name: self._without_rows(name) for name in plan.sources}
        self._given = {name: _Given(table) for name, table in self._empty.items()}
        for node in declaration.nodes:
            if node.name in plan.sources:
                self._view(node)
        for statement in plan.statements:
            self._run(statement.replace(_TABLE, "CREATE TEMP VIEW ", 1))
        base = plan.sources[declaration.base.name]
        flag = {INFINITE: "BOOLEAN"} if plan.flagged else {}
        self._columns = {
            "own": {name: kind for name, kind in plan.columns.items() if name in base},
            "made": {n: kind for n, kind in plan.columns.items() if n not in base} | flag,
        }
        self._columns["made"][AT] = "BIGINT"
        for statement, place in (("own", _GIVEN), ("made", FEATURES)):
            told = ", ".join(map(identifier, self._columns[statement]))
            self._run(f"PREPARE {statement} AS SELECT {told} FROM {place}")

    def features(self, given: Mapping[str, pa.Table]) -> TableFeatures:
        """Return the features of rows that have the types of training, by table.

        Raises
        ------
        duckdb.Error
            For what cannot be computed.
        """
        import pyarrow as pa

        base = self._declaration.base.name
        rows = given[base].num_rows
        numbers = pa.array(range(rows), pa.int64())
        for name, table in given.items():
            more = table.append_column(AT, numbers) if name == base else table
            self._given[name].table = more
        try:
            # DuckDB would take longer to sort one row than to make half of it.
            made = self._found("made", rows).sort_by(AT)
            own = self._found("own", rows)
            infinite = INFINITE in made.column_names and True in made[INFINITE].to_pylist()
            found = [(own if n in self._columns["own"] else made)[n] for n in self._plan.columns]
            features = pa.table(found, list(self._plan.columns))
            return TableFeatures(features, self._counts() if infinite else {})
        finally:
            for name, each in self._given.items():
                each.table = self._empty[name]

    def _found(self, statement: str, rows: int) -> pa.Table:
        """Run a statement and return its columns."""
        import pyarrow as pa

        kinds = arrow_kinds()
        schema = pa.schema([(n, kinds[kind]) for n, kind in self._columns[statement].items()])
        if rows > _FEW:
            return self._connection.sql(f"EXECUTE {statement}").to_arrow_table().cast(schema)
        found = self._connection.execute(f"EXECUTE {statement}").fetchall()
        columns = zip(*found, strict=True) if found else [()] * len(schema)
        return pa.table(list(map(pa.array, columns, schema.types)), schema)

    def _counts(self) -> dict[str, int]:
        counts = Counter[str]()  # two tables may each have a column of that name
        found = infinite_columns(self._declaration, self._plan, self._connection)
        for column, _, rows in found:
            counts[column] += rows
        return dict(counts)

    def _view(self, node: Node) -> None:
        """Make the view of a source table as far as it is mentioned, and of the base as given."""
        types, relation = self._plan.sources[node.name], f"rows:{node.name}"
        self._connection.register(relation, self._given[node.name])
        layout = trim(Layout(types, identifier(relation), text=False, missing=self._missing))
        # Training took whole numbers as they were: they only name rows.
        whole = [name for name, kind in types.items() if kind == "BIGINT"]
        columns = {
            name: f"{sql} AS {identifier(name)}"
            for name, (sql, _) in source_columns(node, layout, whole, self._declaration).items()
        }
        needed = {*self._plan.used.get(node.name, ()), *map(str.lower, node.names)}
        told = [sql for name, sql in columns.items() if name.lower() in needed]
        if node.parent is None:
            own = ", ".join(columns.values())
            self._run(f"CREATE TEMP VIEW {_GIVEN} AS SELECT {own} FROM {layout.relation}")
            told.append(identifier(AT))
        view = identifier(source_name(node.name))
        sql = ", ".join(told)
        self._run(f"CREATE TEMP VIEW {view} AS SELECT {sql} FROM {layout.relation}")

    def _without_rows(self, name: str) -> pa.Table:
        import pyarrow as pa

        kinds = arrow_kinds()
        columns = {n: kinds[kind] for n, kind in self._plan.sources[name].items()}
        if name == self._declaration.base.name:
            columns[AT] = pa.int64()
        return pa.schema(list(columns.items())).empty_table()

    def _run(self, statement: str) -> None:
        self._connection.execute(statement).fetchall()
