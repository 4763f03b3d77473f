"""One column's values as a caller gives them, checked and read as training read them."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.data.texts import UNSEEN, canonical, visible
from cutscore.errors import Fault
from cutscore.records import RawColumn

Floats = npt.NDArray[np.float64]
LARGEST = float(np.finfo(np.float32).max)
EXACT = 2**53
"""Up to here floats hold every whole number."""
FURTHEST = 106_751_990
"""Days from 1970-01-01, to either side, that have a number of microseconds in 64 bits."""
UNKNOWN = -1.0
"""The place of a category that training did not meet."""
_MICROSECONDS_PER_DAY = 86_400_000_000
_ROWS_TOLD = 100
_TRUTH = (bool, np.bool_)
_NAMES = (str, np.bool_, Real, Decimal, dt.date)
"""What a category may be given as: its text, or what has this text."""


@dataclass(frozen=True)
class RowsFault(Fault):
    """One thing wrong with some rows of a column, so told that faults of several batches can join.

    `what` is needed, `got` is the first value at fault as it is shown ('' where none is), `number`
    how many rows are at fault.
    """

    what: str = ""
    got: str = ""
    number: int = 0


class CellError(ValueError):
    """A value that a column cannot take; the text says what is needed."""


@dataclass(eq=False)
class ReadColumn:
    """A column that was read.

    Attributes
    ----------
    values : what becomes of the table, float64 (or as exact as the file has them, float32), shape
        (rows,); missing values are NaN
    whole : the values as they are in the file, where that is something else
    unseen : rows whose category training did not meet; they count as missing
    faults : what is wrong; the rest is of no use then
    """

    values: npt.NDArray[np.floating[Any]]
    whole: npt.NDArray[Any] | None = None
    unseen: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    faults: list[Fault] = field(default_factory=list)

    @property
    def doubles(self) -> Floats:
        """The values as expressions and costs take them."""
        return self.values.astype(np.float64, copy=False)


def read_cells(raw: RawColumn, cells: Sequence[Any], missing: Sequence[str] = ()) -> ReadColumn:
    """Read a column's Python values; None and NaN are missing in every kind of column."""
    if raw.kind == "category":
        return _categories(raw, cells, missing)
    read = _READERS[raw.kind]
    wrong: dict[str, list[int]] = {}
    values: list[Any] = []
    for row, cell in enumerate(cells):
        try:
            values.append(None if is_missing(cell) else read(cell))
        except CellError as error:
            values.append(None)
            wrong.setdefault(str(error), []).append(row)
    faults = [fault_at(raw.name, problem, rows, cells) for problem, rows in wrong.items()]
    return ReadColumn(*_arrays(raw, values), faults=faults)


def fault_at(
    name: str,
    problem: str,
    rows: Iterable[int],
    cells: Sequence[Any] | Mapping[int, Any] | None = None,
) -> Fault:
    """Return a fault of some rows of a column, with the first row and its value."""
    found = [int(row) for row in rows]
    got = "" if cells is None else shown(cells[found[0]])
    return rows_fault(name, problem, got, f"row {found[0]}", len(found), found)


def rows_fault(
    name: str, what: str, got: str, place: str, number: int, rows: Sequence[int] = ()
) -> RowsFault:
    """Return the fault of a number of rows, the first of which is at `place`."""
    given = f", got {got}" if got else ""
    more = f" and {number - 1:,} more" if number > 1 else ""
    told = tuple(rows[:_ROWS_TOLD])
    return RowsFault(name, f"{what}{given} in {place}{more}.", "", told, what, got, number)


def is_missing(cell: Any) -> bool:
    """Whether a value stands for none: None, NaN, NaT and what pandas has for them."""
    kind = type(cell)
    if cell is None or kind is str or kind is int or kind is bool:
        return cell is None
    if isinstance(cell, Real):
        return bool(cell != cell)
    if isinstance(cell, np.datetime64):
        return bool(np.isnat(cell))
    return kind.__name__ in ("NAType", "NaTType")


def days(moments: npt.NDArray[np.datetime64]) -> Floats:
    """Return moments in days since 1970-01-01, as training has them."""
    micros = moments.astype("M8[us]")
    found = micros.astype(np.int64).astype(np.float64) / _MICROSECONDS_PER_DAY
    return np.where(np.isnat(micros), np.nan, found)


def code_of(cell: Any, codes: Mapping[str, int], missing: Sequence[str]) -> float:
    """Return the place of a category, NaN for a text that means missing, else `UNKNOWN`."""
    text = (cell if isinstance(cell, str) else _as_text(cell)).strip(UNSEEN)
    for written in (text, canonical(text)):
        if written in codes:
            return float(codes[written])
    return math.nan if text in missing else UNKNOWN


def _as_text(cell: Any) -> str:
    """Return the text that training made of a value: moments in UTC, without zeros at the end."""
    if not isinstance(cell, dt.datetime):
        return str(cell)
    with contextlib.suppress(OverflowError):  # a year that UTC does not have
        cell = cell if cell.tzinfo is None else cell.astimezone(dt.UTC).replace(tzinfo=None)
    return str(cell).rstrip("0") if cell.microsecond else str(cell)


def _arrays(raw: RawColumn, values: Sequence[Any]) -> tuple[Floats, npt.NDArray[Any] | None]:
    """Return values that were read as the table has them, and as they are in the file."""
    if raw.kind in ("date", "timestamp"):
        moments = np.array([np.datetime64("NaT") if v is None else v for v in values], "M8[us]")
        return days(moments), moments.astype("M8[D]" if raw.kind == "date" else "M8[us]")
    if raw.kind == "integer":
        absent = np.array([value is None for value in values], dtype=bool)
        whole = np.array([0 if value is None else value for value in values], dtype=np.int64)
        return np.where(absent, np.nan, whole.astype(np.float64)), np.ma.MaskedArray(whole, absent)
    return np.array(values, dtype=np.float64).reshape(len(values)), None


def _number(cell: Any) -> float:
    if isinstance(cell, (str, bytes, *_TRUTH)):
        raise CellError("a number is needed")
    try:
        number = float(cell)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise CellError("a number is needed") from None
    if abs(number) > LARGEST:
        raise CellError("a finite number is needed, of at most 3.4e38")
    return number


def _integer(cell: Any) -> int:
    _number(cell)
    found = int(cell)
    if found != cell or not -(2**63) <= found < 2**63:
        raise CellError("a whole number of at most 64 bits is needed")
    if abs(found) > EXACT and isinstance(cell, (float, np.floating)):
        raise CellError("beyond 2^53 an integer is needed, since a float may be rounded there")
    return found


def _boolean(cell: Any) -> float:
    if isinstance(cell, _TRUTH) or (isinstance(cell, Real) and cell in (0, 1)):
        return float(cell)
    raise CellError("true or false is needed")


def _moment(cell: Any) -> dt.datetime:
    """Return a moment in UTC, without a zone."""
    if isinstance(cell, str):
        with contextlib.suppress(ValueError):
            cell = dt.datetime.fromisoformat(cell.strip(UNSEEN))
    elif isinstance(cell, np.datetime64):
        near = isinstance(cell.astype("M8[D]").item(), dt.date)
        cell = cell.astype("M8[us]").item() if near else cell
    elif hasattr(cell, "to_pydatetime"):
        cell = cell.to_pydatetime(warn=False)
    if isinstance(cell, dt.datetime):
        with contextlib.suppress(OverflowError):
            return cell if cell.tzinfo is None else cell.astimezone(dt.UTC).replace(tzinfo=None)
        raise CellError("a moment from the years 1 to 9999 in UTC is needed")
    if isinstance(cell, dt.date):
        return dt.datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001  # in UTC, like all
    raise CellError('a date such as "2026-01-31" or "2026-01-31T12:30:00Z" is needed')


def _date(cell: Any) -> dt.datetime:
    moment = _moment(cell)
    if moment.time() != dt.time.min:
        raise CellError('a date without a time of day, such as "2026-01-31", is needed')
    return moment


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _moment,
}


def _categories(raw: RawColumn, cells: Sequence[Any], missing: Sequence[str]) -> ReadColumn:
    codes = {level: at for at, level in enumerate(raw.levels or ())}
    values, unseen, wrong = np.full(len(cells), np.nan), [], []
    for row, cell in enumerate(cells):
        if is_missing(cell):
            continue
        if not isinstance(cell, _NAMES):
            wrong.append(row)
            continue
        code = code_of(cell, codes, missing)
        if code == UNKNOWN:
            unseen.append(row)
        else:
            values[row] = code
    faults = [fault_at(raw.name, "a text is needed", wrong, cells)] if wrong else []
    return ReadColumn(values, unseen=np.array(unseen, dtype=np.int64), faults=faults)


def shown(cell: Any) -> str:
    """Return a value for a message, cut if it is long."""
    text = visible(cell) if isinstance(cell, str) else repr(cell)
    return text if len(text) <= 40 else f"{text[:37]}..."


def plain_cells(raw: RawColumn, cells: Sequence[Any]) -> list[Any]:
    """Return values that were let in as a column of its kind has them; None where missing."""
    read = str if raw.kind == "category" else _READERS[raw.kind]
    return [None if is_missing(cell) else read(cell) for cell in cells]
