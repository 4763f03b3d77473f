"""Columns that costs are made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.records import Dataset


def amount(dataset: Dataset, setting: str, column: str) -> npt.NDArray[np.float64]:
    """Return a column kept at full precision, shape (rows,).

    Raises
    ------
    RequestError
        If the data set does not keep it.
    """
    if column in dataset.amounts:
        return dataset.amounts[column]
    kept = list(dataset.amounts)
    raise RequestError(
        Fault(
            setting,
            f'no column "{column}" is kept for costs.{nearest(column, kept)}',
            f"Kept are {listed(kept)}; list others in data.amounts."
            if kept
            else f'List it: "data.amounts=[{column}]".',
        )
    )
