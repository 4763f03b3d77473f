"""The periods of a data set's rows, by its time or by a column."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError
from cutscore.records import (
    Dataset,
    RowPeriods,
    Undefined,
    is_stretch,
    stretch_periods,
    value_periods,
)

TIME = "time"  # the key of data.time in `Dataset.amounts`

MOST = 400
"""Periods by which figures are told."""


def told_periods(
    dataset: Dataset, period: str | None, setting: str
) -> RowPeriods | Undefined | None:
    """Return the periods by which figures are told, why there are none, or None without a time.

    That is what `period` asks for; else months, and the values of `data.time` that is no date.

    Raises
    ------
    RequestError
        As `dataset_periods` does.
    """
    time = dataset.amounts.get(TIME)
    if time is None:
        return None
    if period is None and not dataset.time_is_date:
        known = np.isfinite(time)
        values, place = np.unique(time[known], return_inverse=True)
        which = np.full(len(time), -1, dtype=np.int64)
        which[known] = place
        found = value_periods([f"{value:.10g}" for value in values.tolist()], which)
    else:
        found = dataset_periods(dataset, period or "month", setting)
    if len(found.names) <= MOST:
        return found
    what = f"{found.stretch}s" if found.stretch else f"values of {period or 'time'}"
    return Undefined(f"there are {len(found.names):,} {what}, more than {MOST} are not told")


def dataset_periods(dataset: Dataset, period: str, setting: str) -> RowPeriods:
    """Return the period of each row, in the order of time.

    `period` is day, week or month, of `data.time` (UTC), or the name of the column whose values
    `Dataset.periods` holds; these are in the order of their earliest times, or sorted where there
    is no `data.time`. Rows without a date or value are in no period. `setting` is what asked.

    Raises
    ------
    RequestError
        If the period is one of time and `data.time` holds no dates, or the column was not read.
    """
    time = dataset.amounts.get(TIME)
    if not is_stretch(period):
        if dataset.periods is None:
            problem = f'the data have no column "{period}", whose values would be the periods.'
            raise RequestError(Fault(setting, problem, "Allowed are day, week, month or a column."))
        return dataset.periods if time is None else _in_time(dataset.periods, time)
    if time is not None and dataset.time_is_date:
        return stretch_periods(time, period)
    found = "no column of dates is declared" if time is None else "data.time holds no dates"
    remedy = f"Set data.time to a column of dates, or {setting} to one whose values are periods."
    raise RequestError(Fault(setting, f"{period} is asked for, but {found}.", remedy))


def _in_time(periods: RowPeriods, time: npt.NDArray[np.float64]) -> RowPeriods:
    """Return the same periods, the one that begins first first."""
    known = periods.which >= 0
    first = np.full(len(periods.names), np.inf)
    np.fmin.at(first, periods.which[known], time[known])
    order = np.argsort(first, kind="stable")
    place = np.append(np.argsort(order), -1)
    return value_periods([periods.names[each] for each in order], place[periods.which])
