"""The time that folds are cut by: that of rows, or their periods counted by the calendar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError, listed
from cutscore.records import RowPeriods, Rows, TimeSpan
from cutscore.validation import RowsToSplit
from cutscore.validation.checks import times

PERIOD = "validation.period"


@dataclass(frozen=True, eq=False)
class Clock:
    """When each row is.

    Attributes
    ----------
    at : times in units of `data.time`, or numbers of periods, float64, shape (rows,)
    name : what a time or a period is called
    unit : what is counted; '' for units of `data.time`
    """

    at: npt.NDArray[np.float64]
    name: Callable[[float], str]
    unit: str = ""

    def span(self, rows: Rows) -> TimeSpan:
        """Return when the first and the last of some rows are, NaN where there is none."""
        if not len(rows):
            return TimeSpan(np.nan, np.nan, "never", "never")
        first, last = float(self.at[rows].min()), float(self.at[rows].max())
        return TimeSpan(first, last, self.name(first), self.name(last))

    def count(self, number: float) -> str:
        """Return a number of periods in words."""
        return f"{number:g} {self.unit}{'' if number == 1 else 's'}"


def clock_of(rows: RowsToSplit, period: str | None) -> Clock:
    """Return when rows are: by `data.time`, or by the period if there is one.

    Raises
    ------
    RequestError
        If a time or a period is missing, or a column's periods overlap in time.
    """
    at = times(rows.order)
    if period is None or rows.periods is None:
        return Clock(at, _date if rows.dated else "{:g}".format)
    periods = rows.periods
    if missing := len(periods.missing):
        problem = f'{missing} of {len(at)} rows have no value in the column "{period}".'
        raise RequestError(Fault(PERIOD, problem, "Leave them out with data.where."))
    if periods.stretch is None:
        _check_apart(periods, at, period)
    names = dict(zip(periods.numbers.tolist(), periods.names, strict=True))
    numbers = periods.numbers[periods.which].astype(np.float64)
    return Clock(numbers, lambda number: names[int(number)], periods.stretch or "period")


def _date(day: float) -> str:
    """Return days since 1970-01-01 as a date, with the time of day if there is one."""
    moment = np.datetime64(round(day * 86_400), "s")
    return str(moment).removesuffix("T00:00:00").replace("T", " ")


def _check_apart(periods: RowPeriods, at: npt.NDArray[np.float64], column: str) -> None:
    """Refuse periods that are not over when the next one begins: later rows would train."""
    first, last = np.full(len(periods.names), np.inf), np.full(len(periods.names), -np.inf)
    np.minimum.at(first, periods.which, at)
    np.maximum.at(last, periods.which, at)
    over = np.maximum.accumulate(last)[:-1] >= first[1:]
    if not over.any():
        return
    pairs = [
        f'"{periods.names[place]}" and "{periods.names[place + 1]}"'
        for place in np.flatnonzero(over).tolist()
    ]
    problem = (
        f'periods of the column "{column}" overlap by data.time, so that none is before the other: '
        f"{listed(pairs, 5)}."
    )
    remedy = "Set it to day, week or month, or to a column whose periods follow each other."
    raise RequestError(Fault(PERIOD, problem, remedy))
