"""The columns of a table, and the SQL that reads them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cutscore.data.kinds import Reading
from cutscore.data.texts import UNSEEN
from cutscore.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Layout:
    """The columns of a table (name to DuckDB type, in order) and what stands after FROM.

    `text` says whether the table is a text file. `levels` are text columns that a Parquet file
    holds as categories. `row_names` are columns that pandas or R may have made of row numbers.
    `missing` are the texts that mean missing; blanks around texts are no part of them. Both are
    seen to in SQL only for columns that `trimmed` names; elsewhere whoever reads a text sees to it.
    `readings` says how texts are read that `types` does not have as texts.
    """

    types: Mapping[str, str]
    relation: str
    text: bool
    levels: frozenset[str] = field(default_factory=frozenset)
    row_names: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    trimmed: frozenset[str] = field(default_factory=frozenset)
    readings: Mapping[str, Reading] = field(default_factory=dict)

    def text_of(self, name: str) -> str:
        """Return the SQL of a column of texts, trimmed, NULL where one means missing."""
        column = identifier(name)
        return column if name in self.trimmed else _trimmed(column, self.missing)


def trim(layout: Layout, names: Collection[str] | None = None) -> Layout:
    """Return the layout with texts trimmed, those of some columns or of all."""
    texts = [name for name, kind in layout.types.items() if kind == "VARCHAR"]
    chosen = [name for name in texts if names is None or name in names]
    changed = replaced(layout, {name: layout.text_of(name) for name in chosen}, {})
    return replace(changed, trimmed=layout.trimmed | set(chosen))


def replaced(layout: Layout, changes: Mapping[str, str], types: Mapping[str, str]) -> Layout:
    """Return the layout with other SQL, and perhaps other types, for some columns."""
    if not changes:
        return layout
    told = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in changes.items())
    relation = f"(SELECT * REPLACE ({told}) FROM {layout.relation})"
    return replace(layout, types={**layout.types, **types}, relation=relation)


def counts(
    layout: Layout, names: Collection[str], connection: duckdb.DuckDBPyConnection
) -> dict[str, int]:
    """Return how many rows have a value in each of some columns."""
    told = ", ".join(["count(*)", *(f"count({identifier(name)})" for name in names)])
    found = connection.execute(f"SELECT {told} FROM {layout.relation}").fetchall()[0]
    return dict(zip(names, found[1:], strict=True))


def _trimmed(column: str, missing: Sequence[str]) -> str:
    # Trimming all these characters is slow, and nearly no text has any; so is a regular expression.
    ends = " OR ".join(f"{column}[{at}] NOT BETWEEN '!' AND '~'" for at in (1, -1))
    trimmed = _present(f"trim({column}, {literal(UNSEEN)})", missing)
    return f"CASE WHEN {ends} THEN {trimmed} ELSE {_present(column, missing)} END"


def _present(text: str, missing: Sequence[str]) -> str:
    """Return the SQL of a text that is NULL where it is one of those that mean missing."""
    absent = ", ".join(map(literal, missing))
    return f"CASE WHEN {text} IN ({absent}) THEN NULL ELSE {text} END" if missing else text
