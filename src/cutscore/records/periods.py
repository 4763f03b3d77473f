"""Which period each row is in: a day, week or month, or one value of a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeGuard, get_args

import numpy as np
import numpy.typing as npt

Stretch = Literal["day", "week", "month"]
STRETCHES: tuple[Stretch, ...] = get_args(Stretch)
Days = npt.NDArray[np.float64] | npt.NDArray[np.datetime64]
_FIRST_MONDAY = 4
"""1970-01-05, in days since 1970-01-01."""


@dataclass(frozen=True, eq=False)
class RowPeriods:
    """The periods that rows are in.

    Attributes
    ----------
    names : of the periods that have rows, in order: 2020-01, 2020-W02 (ISO 8601), 2020-01-31, or
        a column's values
    numbers : the periods counted by the calendar, so that a month without rows lies between two
        numbers that differ by 2; a column's values are numbered from 0; int64, shape (periods,)
    which : the place in `names` of each row's period, -1 where it has no date or value; int64,
        shape (rows,)
    stretch : of time; None for a column's values
    """

    names: tuple[str, ...]
    numbers: npt.NDArray[np.int64]
    which: npt.NDArray[np.int64]
    stretch: Stretch | None = None

    def take(self, rows: npt.NDArray[np.int64]) -> RowPeriods:
        """Return the periods of some of the rows; some may then have none."""
        return replace(self, which=self.which[rows])

    @property
    def missing(self) -> npt.NDArray[np.int64]:
        """The rows that are in no period."""
        return np.flatnonzero(self.which < 0)


def is_stretch(word: str) -> TypeGuard[Stretch]:
    """Whether a word is a stretch of time."""
    return word in STRETCHES


def stretch_periods(days: Days, stretch: Stretch) -> RowPeriods:
    """Return the day, week or month of each row; weeks begin on Mondays.

    `days` are moments: datetime64, or float64 days since 1970-01-01 as in `Dataset.amounts`, both
    in UTC, shape (rows,). Where they are missing (NaT, NaN), the row is in no period.
    """
    known = ~np.isnat(days) if days.dtype.kind == "M" else np.isfinite(days)
    whole = np.floor(days[known]) if days.dtype.kind == "f" else days[known].astype("datetime64[D]")
    number = whole.astype(np.int64)
    if stretch == "week":
        number = (number - _FIRST_MONDAY) // 7
    elif stretch == "month":
        number = number.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    numbers, place = np.unique(number, return_inverse=True)
    names = tuple(_name(each, stretch) for each in numbers.tolist())
    return RowPeriods(names, numbers, _placed(place, known), stretch)


def value_periods(names: Sequence[str], which: npt.NDArray[np.int64]) -> RowPeriods:
    """Return the periods that a column's values are, in the order of `names`.

    `which` is the place of each row's value in `names`, below 0 where it is missing, shape (rows,).
    """
    known = which >= 0
    used, place = np.unique(which[known], return_inverse=True)
    kept = tuple(names[each] for each in used.tolist())
    return RowPeriods(kept, np.arange(len(used)), _placed(place, known))


def _placed(place: npt.NDArray[np.int64], known: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    which = np.full(len(known), -1, dtype=np.int64)
    which[known] = place
    return which


def _name(number: int, stretch: Stretch) -> str:
    if stretch == "month":
        return str(np.datetime64(number, "M"))
    if stretch == "day":
        return str(np.datetime64(number, "D"))
    thursday = np.datetime64(number * 7 + _FIRST_MONDAY + 3, "D")  # whose year is the week's
    year = thursday.astype("datetime64[Y]")
    return f"{year}-W{(thursday - year).astype(int) // 7 + 1:02d}"
