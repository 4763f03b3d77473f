"""Data frames as a model's table, checked column by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.cost import Amounts
from cutscore.errors import Fault, RequestError, nearest
from cutscore.records import Column, Table, Values

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]


def rows_of(
    frame: pd.DataFrame, columns: tuple[Column, ...], amounts: tuple[str, ...] = ()
) -> tuple[Table, Amounts]:
    """Return the frame's rows as a table with a model's columns, and the columns of their costs.

    Parameters
    ----------
    frame : DataFrame
        One column per feature and amount, by name, in any order; others are ignored. Missing
        values are allowed. A category that was not there in training counts as missing.
    columns : tuple of Column
        The features.
    amounts : tuple of str
        The columns that costs are made of; they are kept at full precision.

    Raises
    ------
    RequestError
        For missing columns (with the nearest) and values that are no finite numbers in a numeric
        column. All that are found are reported together.
    """
    present = [str(name) for name in frame.columns]
    wanted = dict.fromkeys([*(column.name for column in columns), *amounts])
    faults = [
        Fault(name, f"the column is missing.{nearest(name, present)}")
        for name in wanted
        if name not in present
    ]
    repeated = sorted({name for name in present if present.count(name) > 1})
    faults += [Fault(name, "the column is there more than once.") for name in repeated]
    if faults:
        raise RequestError(faults)
    values = np.empty((len(frame), len(columns)), dtype=np.float32)
    for position, column in enumerate(columns):
        series = frame.iloc[:, present.index(column.name)]
        if column.levels is None:
            faults += _read_numbers(column.name, series, values[:, position])
        else:
            _read_categories(column.levels, series, values[:, position])
    kept = {name: np.empty(len(frame)) for name in amounts}
    for name, numbers in kept.items():
        faults += _read_numbers(name, frame.iloc[:, present.index(name)], numbers)
    if faults:
        raise RequestError(list(dict.fromkeys(faults)))
    return Table(columns, values), kept


def _read_numbers(name: str, series: pd.Series[Any], out: Values | Floats) -> list[Fault]:
    """Write a column's numbers to `out`, or say what is wrong with them."""
    import pandas as pd

    numbers = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    not_numbers = np.flatnonzero(np.isnan(numbers) & series.notna().to_numpy())
    infinite = np.flatnonzero(np.isinf(numbers))
    for rows, problem in ((not_numbers, "numbers are needed"), (infinite, "must be finite")):
        if len(rows):
            first = series.iloc[int(rows[0])]
            return [Fault(name, f"{problem}, got {first!r} in {len(rows)} row(s).")]
    out[:] = numbers
    return []


def _read_categories(levels: tuple[str, ...], series: pd.Series[Any], out: Values) -> None:
    """Write the positions of a column's levels to `out`; unknown ones are missing."""
    import pandas as pd

    text = [None if missing else str(v) for v, missing in zip(series, series.isna(), strict=True)]
    codes = pd.Index(levels, dtype=object).get_indexer(pd.Index(text, dtype=object))
    out[:] = np.where(codes >= 0, codes, np.nan)
