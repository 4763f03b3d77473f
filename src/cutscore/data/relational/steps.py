"""The steps of a plan: views that add columns, tried on empty tables as they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cutscore.errors import Fault
from cutscore.sql import identifier

if TYPE_CHECKING:
    import duckdb

_NUMBER = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)")
_OTHERS = ("BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP")
INFINITE = "#infinite"
"""The column that says whether anything computed in a row was infinite."""


@dataclass(frozen=True)
class Made:
    """A column to be computed: name, SQL, and what to blame."""

    name: str
    sql: str
    setting: str
    text: str

    @property
    def told(self) -> str:
        """What it is called where it is told of: what is hidden, by its SQL."""
        return f"{self.sql} (in {self.setting})" if self.name.startswith("#") else self.name


@dataclass
class StepRelation:
    """Where a table's rows are at some point of the plan, and their columns."""

    name: str
    types: dict[str, str]
    step: int = 0


@dataclass(frozen=True)
class MadeFinite:
    """Columns as computed, before what is infinite becomes missing.

    Attributes
    ----------
    view : where they are
    columns : by their names there, how they are told
    """

    view: str
    columns: Mapping[str, str]


@dataclass
class BuildSteps:
    """Statements so far, what is wrong with those that cannot be written, what may be infinite.

    `finite` holds the columns that were made finite by the relation's name without its step;
    `flagged` the names of those that have the column INFINITE, perhaps from their children.
    """

    connection: duckdb.DuckDBPyConnection
    faults: list[Fault] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    finite: dict[str, list[MadeFinite]] = field(default_factory=dict)
    flagged: set[str] = field(default_factory=set)

    def extend(
        self,
        relation: StepRelation,
        made: Sequence[Made],
        *,
        hides: Sequence[str] = (),
        plain: bool = False,
    ) -> StepRelation:
        """Add columns; what cannot be computed in a row, or is not finite, is missing there."""
        taken = {name.lower() for name in relation.types}  # whose faults are told already
        made = list({m.name.lower(): m for m in made if m.name.lower() not in taken}.values())
        if not made:
            return relation
        source = identifier(relation.name)
        kinds = self._kinds(made, source, plain=plain)
        fine = [each for each in made if kinds[each.name]]
        told = ", ".join(
            (each.sql if plain else f"CAST(TRY({each.sql}) AS {kinds[each.name]})")
            + f" AS {identifier(each.name)}"
            for each in fine
        )
        if not fine:
            return relation
        left_out = f" EXCLUDE ({', '.join(map(identifier, hides))})" if hides else ""
        types = {**relation.types, **{each.name: kinds[each.name] for each in fine}}
        extended = self.view(relation, f"SELECT *{left_out}, {told} FROM {source}", types)
        numbers = [each.name for each in fine if kinds[each.name] == "DOUBLE"]
        if not numbers:
            return extended
        # Negative zeros become zeros: which of the two is the least would depend on their order.
        finite = ", ".join(
            f"CASE WHEN {identifier(name)} = 0 THEN 0e0 WHEN isfinite({identifier(name)}) "
            f"THEN {identifier(name)} END AS {identifier(name)}"
            for name in numbers
        )
        shown = {each.name: each.told for each in fine if each.name in numbers}
        known = self.is_flagged(relation)
        tests = [f"isinf({identifier(name)})" for name in numbers]
        flag = any_infinite([*tests, identifier(INFINITE)] if known else tests)
        self.finite.setdefault(_chain(relation.name), []).append(MadeFinite(extended.name, shown))
        self.flagged.add(_chain(relation.name))
        replaced, added = (f"{finite}, {flag}", "") if known else (finite, f", {flag}")
        sql = f"SELECT * REPLACE ({replaced}){added} FROM {identifier(extended.name)}"
        return self.view(extended, sql, types)

    def finite_of(self, relation: StepRelation) -> tuple[MadeFinite, ...]:
        """Return what was made finite in a relation; if anything, it has the column INFINITE."""
        return tuple(self.finite.get(_chain(relation.name), ()))

    def is_flagged(self, relation: StepRelation) -> bool:
        """Return whether a relation has the column INFINITE."""
        return _chain(relation.name) in self.flagged

    def _kinds(self, made: Sequence[Made], source: str, *, plain: bool) -> dict[str, str]:
        """Return the type that each column gets, '' with a fault where it cannot be computed."""
        import duckdb

        told = [each.sql if plain else f"TRY({each.sql})" for each in made]
        try:
            kinds = self._described(told, source)
        except duckdb.Error:
            kinds = []
            for each, sql in zip(made, told, strict=True):  # one by one, to know which
                try:
                    kinds += self._described([sql], source)
                except duckdb.Error as error:
                    line = str(error).splitlines()[0].split(". You might need")[0]
                    self.blame(each.setting, each.text, line.rstrip("."))
                    kinds.append("")
        found = {each.name: _plain(kind) for each, kind in zip(made, kinds, strict=True)}
        for each, kind in zip(made, kinds, strict=True):
            if kind and not found[each.name]:
                told_kind = f"it gives {kind}, not a number, text or a date"
                self.blame(each.setting, each.text, told_kind)
        return found

    def _described(self, columns: Sequence[str], source: str) -> list[str]:
        told = ", ".join(f"{sql} AS x{at}" for at, sql in enumerate(columns))
        rows = self.connection.execute(f"DESCRIBE SELECT {told} FROM {source}").fetchall()
        return [str(row[1]) for row in rows]

    def view(self, relation: StepRelation, sql: str, types: Mapping[str, str]) -> StepRelation:
        """Make the next view of a table's rows; without types they are as before."""
        step = relation.step + 1
        name = f"{_chain(relation.name)}|{step}"
        self.say(f"CREATE TEMP VIEW {identifier(name)} AS {sql}")
        return StepRelation(name, dict(types or relation.types), step)

    def say(self, statement: str) -> None:
        """Run a statement on the empty tables and make it part of the plan."""
        self.run(statement)
        self.statements.append(statement)

    def run(self, statement: str) -> None:
        """Run a statement on the empty tables."""
        self.connection.execute(statement).fetchall()

    def blame(self, setting: str, text: str, problem: str) -> None:
        """Note what is wrong with an expression; '' if the cause is told already."""
        if not problem:
            return
        sentence = problem if problem.endswith(("?", ".")) else f"{problem}."
        self.faults.append(Fault(setting, sentence, f"The expression is: {text}"))


def any_infinite(tests: Sequence[str]) -> str:
    """Return the column INFINITE of what says for one part of a row each whether it was."""
    return f"coalesce(greatest({', '.join(tests)}), false) AS {identifier(INFINITE)}"


def _chain(name: str) -> str:
    """Return a relation's name without the number of its step."""
    return name.split("|")[0]


def _plain(kind: str) -> str:
    """Return the type that a value is kept as, '' for one that cannot be."""
    if _NUMBER.fullmatch(kind):
        return "DOUBLE"
    return kind if kind in _OTHERS else ""
