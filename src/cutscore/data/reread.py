"""The SQL that reads a column of more rows as training read it."""

from __future__ import annotations

from cutscore.data.kinds import Flag, Reading
from cutscore.data.layout import Layout
from cutscore.data.moments import Moment
from cutscore.data.numerals import Notation
from cutscore.data.plan import MOMENTS
from cutscore.data.raw import reading_from_json
from cutscore.records import RawColumn
from cutscore.sql import identifier

_PLAIN = Notation()
_TOO_WIDE = ("UBIGINT", "HUGEINT", "UHUGEINT", "DECIMAL")
_LIMIT = 2.0**63


def own_reading(raw: RawColumn) -> Reading | None:
    """Return how training read the column's texts, None where it read none."""
    return None if raw.reading is None else reading_from_json(raw.reading)


def source(raw: RawColumn, layout: Layout, plain: Notation) -> tuple[str, str | None]:
    """Return the SQL of a column as the door takes it, and that of texts that may be unreadable.

    `plain` is the notation of numbers in a text file where training read none from text. Whatever
    is of no type that can be read is left as it is: the door refuses it with its values.
    """
    column, kind = identifier(raw.name), layout.types[raw.name]
    if raw.kind == "category":
        return f"CAST({column} AS VARCHAR)", None
    if kind != "VARCHAR":
        return _typed(column, kind), None
    reading = own_reading(raw)
    if reading is None and not layout.text:
        return column, None
    text = layout.text_of(raw.name)
    if raw.kind in ("date", "timestamp"):
        return _moment(raw, reading, text), text
    notation = reading if isinstance(reading, Notation) else plain
    number = notation.sql(text)
    if layout.text and notation == _PLAIN:  # nearly all are; only others are looked at closely
        number = f"coalesce(TRY_CAST({column} AS DOUBLE), {number})"
    if raw.kind == "integer":
        return _integer(text, number), text
    if raw.kind == "boolean":
        return f"coalesce({Flag().sql(text)}, {number})", text
    return number, text


def _typed(column: str, kind: str) -> str:
    """Return the SQL of a column that is no text, in a type that the door knows."""
    if kind.startswith(_TOO_WIDE):
        return f"CAST({column} AS DOUBLE)"
    if kind in MOMENTS and kind != "DATE":
        return f"CAST({column} AS TIMESTAMP)"
    return column


def _moment(raw: RawColumn, reading: Reading | None, text: str) -> str:
    """Return the SQL of dates or times in the notation of training, or else in ISO 8601."""
    if reading is not None:
        return reading.sql(text)
    timed = raw.kind == "timestamp"
    iso = Moment(timed=timed).sql(text)
    return f"coalesce({iso}, {Moment(timed=True, zoned=True).sql(text)})" if timed else iso


def _integer(text: str, number: str) -> str:
    """Return the SQL of whole numbers; a fraction is none, and DuckDB's cast would round it."""
    digits = f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+') THEN TRY_CAST({text} AS BIGINT)"
    whole = f"({number}) = trunc({number}) AND abs({number}) < {_LIMIT}"
    return f"coalesce({digits} END, CASE WHEN {whole} THEN CAST({number} AS BIGINT) END)"
