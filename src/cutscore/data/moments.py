"""Dates and times as people write them, and the notations that could be read in two ways."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cutscore.errors import Fault, RequestError
from cutscore.sql import literal

if TYPE_CHECKING:
    import duckdb

_TIME = r"(?P<time>[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?P<half> ?[AaPp][Mm])?)?"
_ZONE = r"(?P<zone> ?(?:Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?"
_YEAR_FIRST = re.compile(
    rf"[0-9]{{4}}(?P<mark>[-/.])[0-9]{{1,2}}(?P=mark)[0-9]{{1,2}}{_TIME}{_ZONE}"
)
_YEAR_LAST = re.compile(
    r"(?P<first>[0-9]{1,2})(?P<mark>[-/.])(?P<second>[0-9]{1,2})(?P=mark)"
    rf"(?P<year>[0-9]{{4}}|[0-9]{{2}}){_TIME}{_ZONE}"
)
_TIMES = ("", "{}%H:%M", "{}%H:%M:%S", "{}%H:%M:%S.%f")
_HALVES = ("{}%I:%M %p", "{}%I:%M:%S %p")


@dataclass(frozen=True)
class Look:
    """What can be seen of a notation: its mark, where the year is, time of day and zone.

    `first` and `second` are the numbers before a year that comes last, else 0.
    """

    mark: str
    year: str
    timed: bool
    halves: bool
    zoned: bool
    first: int = 0
    second: int = 0

    @property
    def family(self) -> tuple[str, str, bool, bool]:
        """What all cells of a column must share; whole days go with times of either kind."""
        return self.mark, self.year, self.halves, self.zoned


def look_at(text: str) -> Look | None:
    """Return what a date or time looks like; None for a text that is none."""
    found = _YEAR_FIRST.fullmatch(text)
    if found is None:
        found = _YEAR_LAST.fullmatch(text)
    if found is None or (found["zone"] and not found["time"]):
        return None
    parts = found.groupdict()
    first, second = int(parts.get("first") or 0), int(parts.get("second") or 0)
    if max(first, second) > 31 or min(first, second) > 12:
        return None
    return Look(
        mark=parts["mark"],
        year="first" if "year" not in parts else f"last, {len(parts['year'])} digits",
        timed=bool(parts["time"]),
        halves=bool(parts["half"]),
        zoned=bool(parts["zone"]),
        first=first,
        second=second,
    )


@dataclass(frozen=True)
class Moment:
    """One notation of dates and times, and how DuckDB reads it.

    `formats` are those of strptime; none for ISO 8601 with `mark` between the parts of the date.
    """

    formats: tuple[str, ...] = ()
    mark: str = "-"
    timed: bool = False
    zoned: bool = False

    @property
    def type(self) -> str:
        """The type of the column: dates without a time of day are DATE."""
        return "TIMESTAMP" if self.timed or self.zoned else "DATE"

    def sql(self, column: str) -> str:
        """Return the SQL of a text column as DATE or as TIMESTAMP in UTC, NULL where unreadable."""
        plain = column
        if self.zoned:
            plain = f"regexp_replace({plain}, ' ?(Z|UTC)$', '+00')"
            plain = f"regexp_replace({plain}, ' ([+-])', '\\1')"
        if self.formats:
            if any("%p" in each for each in self.formats):
                plain = f"regexp_replace({plain}, '([0-9])([AaPp][Mm])', '\\1 \\2')"
            made = f"try_strptime({plain}, [{', '.join(map(literal, self.formats))}])"
            return f"TRY_CAST(CAST({made} AS TIMESTAMP) AS {self.type})"
        mark = re.escape(self.mark)
        # DuckDB would leave out the time of a DATE and the zone of a TIMESTAMP without a word.
        time = r"[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
        tail = rf"{time}[+-][0-9]{{2}}(:?[0-9]{{2}})?" if self.zoned else f"({time})?"
        tail = tail if self.timed else ""
        guard = f"'[0-9]{{4}}{mark}[0-9]{{1,2}}{mark}[0-9]{{1,2}}{tail}'"
        date = plain if self.mark == "-" else f"replace({plain}, {literal(self.mark)}, '-')"
        read = "TIMESTAMP WITH TIME ZONE" if self.zoned else self.type
        cast = f"TRY_CAST(TRY_CAST({date} AS {read}) AS {self.type})"
        return f"CASE WHEN regexp_full_match({plain}, {guard}) THEN {cast} END"


def written(looks: Sequence[Look], order: str = "%Y %m %d") -> Moment:
    """Return the notation of looks of one family, `order` being that of the date's parts."""
    look, timed = looks[0], any(each.timed for each in looks)
    if look.year == "first" and not look.halves:
        return Moment((), look.mark, timed, look.zoned)
    date = order.replace(" ", look.mark)
    times = _HALVES if look.halves else _TIMES if timed else ("",)
    zone = "%z" if look.zoned else ""
    formats = dict.fromkeys(
        date + time.format(mark) + zone for time in times for mark in (" ", "T")
    )
    return Moment(tuple(formats), look.mark, timed, look.zoned)


def given(format_: str) -> Moment:
    """Return the notation of a format of strptime that a user gave."""
    timed = any(f"%{code}" in format_ for code in ("H", "I", "M", "S", "f", "c", "X", "T"))
    return Moment((format_,), timed=timed, zoned="%z" in format_)


def unreadable(
    moment: Moment, texts: Sequence[str], connection: duckdb.DuckDBPyConnection
) -> list[str]:
    """Return the texts that a notation cannot read, such as 30 February.

    Raises
    ------
    RequestError
        When a given format is none.
    """
    import duckdb

    sql = (
        f"SELECT x FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS x) WHERE {moment.sql('x')} IS NULL"
    )
    try:
        found = connection.execute(sql, [list(texts)]).fetchall()
    except duckdb.InvalidInputException as error:
        problem = (
            f"{', '.join(moment.formats)} is no format of dates: {str(error).splitlines()[0]}."
        )
        remedy = "Formats are those of strptime, such as %d/%m/%Y."
        raise RequestError(Fault("data.date_format", problem, remedy)) from None
    return [str(row[0]) for row in found]
