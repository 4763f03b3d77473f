"""Columns that costs are made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError, listed, nearest, override
from cutscore.records import Dataset

Amounts = Mapping[str, npt.NDArray[np.float64]]


def amount(amounts: Amounts, setting: str, column: str) -> npt.NDArray[np.float64]:
    """Return a column kept at full precision, shape (rows,).

    Raises
    ------
    RequestError
        If it is not there.
    """
    if column in amounts:
        return amounts[column]
    given = list(amounts)
    problem = f'the rows have no column "{column}".{nearest(column, given)}'
    raise RequestError(Fault(setting, problem, f"They have {listed(given) or 'none'}."))


def missing_amounts(dataset: Dataset, wanted: Mapping[str, str]) -> list[Fault]:
    """Return a fault for each wanted column, by setting, that the data set does not keep."""
    kept = list(dataset.amounts)
    faults = []
    for setting, column in wanted.items():
        if column in dataset.amounts:
            continue
        if column in dataset.columns or not dataset.columns:
            problem = f'no column "{column}" is kept for costs.{nearest(column, kept)}'
            remedy = f"Kept are {listed(kept)}; list others in data.amounts."
            if not kept:
                remedy = f"List it: {override('data.amounts', [column])}."
        else:
            problem = f'the table has no column "{column}".{nearest(column, dataset.columns)}'
            remedy = f"Its columns: {listed(dataset.columns)}."
        faults.append(Fault(setting, problem, remedy))
    return faults
