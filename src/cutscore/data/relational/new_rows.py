"""The features of new applicants, from their rows in each table, by the SQL of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cutscore.data.relational.building import failed, late
from cutscore.data.relational.declaration import Declaration, Node, declare
from cutscore.data.relational.given_rows import arrow_kinds, typed_rows
from cutscore.data.relational.kept_plan import KeptPlan, TableFeatures
from cutscore.data.relational.planning import BuildPlan, plan_build
from cutscore.data.relational.tables import LinkedTable
from cutscore.errors import Fault, RequestError, StoreError, listed, nearest

if TYPE_CHECKING:
    import pyarrow as pa

_PARTS = ("rows", "windows", "aggregates")


@dataclass(frozen=True, eq=False)
class TableInputs:
    """A declaration of several tables, and the columns that they had in training.

    Rows may come from several threads at once: each runs a plan of its own, which is kept.

    Attributes
    ----------
    declared : what was declared, as plain values
    sources : type of each column of each table, as training had them
    """

    declared: Mapping[str, Any]
    sources: Mapping[str, Mapping[str, str]]
    _idle: list[KeptPlan] = field(default_factory=list, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values; `from_json` restores it."""
        return {"declared": self.declared, "sources": self.sources}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> TableInputs:
        """Return what `to_json` described.

        Raises
        ------
        StoreError
            If it is damaged, or has an expression that may not be evaluated.
        """
        try:
            made = cls(dict(state["declared"]), dict(state["sources"]))
            made._check_plain()
            made.plan  # noqa: B018  # checks it
        except (KeyError, TypeError, ValueError, AttributeError, RequestError) as error:
            raise StoreError(f"the declaration of tables is damaged: {error}") from error
        return made

    def _check_plain(self) -> None:
        """Refuse what would stand in SQL as it is and is not of the few kinds that may."""
        kinds = {kind for types in self.sources.values() for kind in types.values()}
        if not kinds <= set(arrow_kinds()):
            raise ValueError(f"columns are of the types {listed(sorted(kinds))}")
        for columns in self.declared["sentinels"].values():
            for value in (value for values in columns.values() for value in values):
                if not isinstance(value, int | float | str):
                    raise TypeError(f"{value!r} cannot mean missing")

    @cached_property
    def declaration(self) -> Declaration:
        """The tables in their places."""
        given = self.declared
        tables = {}
        for name, table in given["tables"].items():
            plain = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
            settings: dict[str, Any] = plain
            tables[name] = LinkedTable(**settings)
        sentinels = {
            table: {column: tuple(values) for column, values in columns.items()}
            for table, columns in given["sentinels"].items()
        }
        more = {part: given[part] for part in _PARTS}
        return declare(tables, given["sql"], more, given["joined"], sentinels, given["target"])

    @cached_property
    def plan(self) -> BuildPlan:
        """The SQL of training."""
        return plan_build(self.declaration, self.sources)

    def _node(self, name: str) -> Node:
        return next(each for each in self.declaration.nodes if each.name == name)

    @property
    def base(self) -> str:
        """The table of applicants."""
        return self.declaration.base.name

    def needed(self, table: str, columns: Sequence[str] = ()) -> list[str]:
        """Return the columns of a table without which `columns` of the features cannot be made."""
        wanted = {*self.plan.used.get(table, ()), *map(str.lower, self._node(table).names)}
        wanted |= set(map(str.lower, columns)) if table == self.base else set()
        wanted -= {self.declaration.target.lower()}
        return [name for name in self.sources[table] if name.lower() in wanted]

    def features_for(
        self, tables: Mapping[str, Any], columns: Sequence[str], *, ignore_unknown: bool = False
    ) -> TableFeatures:
        """Return some columns of the feature table, a row for each applicant in the order given.

        Parameters
        ----------
        tables : mapping
            By table of training: dicts, an Arrow table or a data frame; none for no rows.
        columns : sequence of str
            Of the feature table; those that it does not have are passed over.
        ignore_unknown : bool
            Pass over columns of tables that training did not have.

        Raises
        ------
        RequestError
            With all tables and columns that are missing or unknown, and all of the wrong kind.
        """
        import duckdb

        given = self._arrow(tables, columns, ignore_unknown)
        kept = self._idle.pop() if self._idle else self._kept_plan()
        try:
            found = kept.features(given)
        except duckdb.Error as error:
            problem = failed(error)
            if isinstance(problem, OSError):
                raise problem from None
            raise RequestError(replace(f, setting="rows") for f in problem.faults) from None
        finally:
            self._idle.append(kept)
        chosen = [name for name in columns if name in self.plan.columns]
        return replace(found, rows=found.rows.select(chosen), orphans=self._orphans(given))

    def _kept_plan(self) -> KeptPlan:
        return KeptPlan(self.declaration, self.plan, self.declared["missing"])

    def _arrow(
        self, tables: Mapping[str, Any], columns: Sequence[str], ignore_unknown: bool
    ) -> dict[str, pa.Table]:
        """Return the rows of each table with the types of training."""
        faults = list(self._strangers(tables))
        given: dict[str, pa.Table] = {}
        for name, types in self.sources.items():
            if name in tables:
                needed = set(self.needed(name, columns))
                given[name] = typed_rows(
                    name, tables[name], types, needed, faults, ignore_unknown=ignore_unknown
                )
        if not faults:
            faults += [f for name, rows in given.items() for f in self._unsound(name, rows)]
        if faults:
            raise RequestError(faults)
        return given

    def _orphans(self, given: Mapping[str, pa.Table]) -> dict[str, int]:
        """Return, by table, how many rows belong to no row of the table above."""
        counts: dict[str, int] = {}
        for name, rows in given.items():
            node, columns = self._node(name), self._node(name).on
            while node.parent is not None and self._node(node.parent).table.of is not None:
                node = self._node(node.parent)  # made of these very rows, by some of their columns
                named = dict(zip(node.table.keys, columns, strict=True))
                columns = tuple(named[key] for key in node.on)
            if node.parent is not None and node.parent in given and rows.num_rows:
                above = set(_keys(given[node.parent], self._node(node.parent).table.keys))
                lost = sum(key not in above for key in _keys(rows, columns))
                counts |= {name: lost} if lost else {}
        return counts

    def _strangers(self, tables: Mapping[str, Any]) -> Iterator[Fault]:
        for name in [name for name in tables if name not in self.sources][:20]:
            problem = f'training had no table "{name}".{nearest(name, self.sources)}'
            yield Fault("rows", problem, f"Its tables: {listed(list(self.sources))}.")
        for name in self.sources:
            if name not in tables:
                remedy = "Give an empty list where there are no rows."
                yield Fault("rows", f'the table "{name}" is not given.', remedy)

    def _unsound(self, name: str, rows: pa.Table) -> Iterator[Fault]:
        """Yield what is wrong with a table where two rows have one key, or came about too late."""
        import pyarrow.compute as pc

        node = self._node(name)
        keys = list(node.table.keys)
        if (
            keys
            and rows.num_rows > 1
            and rows.group_by(keys, use_threads=False).aggregate([]).num_rows < rows.num_rows
        ):
            yield Fault(f"rows.{name}", f"two rows have the same {listed(keys)}.")
        if node.table.time is not None:
            after = pc.filter(
                rows[node.table.time], pc.greater(rows[node.table.time], 0).fill_null(False)
            )
            if len(after):
                yield late(name, node.table.time, len(after), pc.max(after).as_py())


def table_inputs(source: Any, sources: Mapping[str, Mapping[str, str]]) -> TableInputs:
    """Return what a `RelationalSource` declares, with the columns' types of its tables."""
    declared = {
        "tables": {name: asdict(table) for name, table in source.tables.items()},
        "sql": dict(source.sql),
        **{part: {k: dict(v) for k, v in getattr(source, part).items()} for part in _PARTS},
        "joined": dict(source.joined),
        "sentinels": {
            table: {column: list(values) for column, values in columns.items()}
            for table, columns in source.sentinels.items()
        },
        "target": source.target,
        "missing": list(source.missing),
    }
    return TableInputs(declared, sources)


def _keys(rows: pa.Table, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return zip(*(rows[name].to_pylist() for name in columns), strict=True)
