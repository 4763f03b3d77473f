"""Columns that costs are made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError, listed, nearest

Amounts = Mapping[str, npt.NDArray[np.float64]]


def amount(amounts: Amounts, setting: str, column: str) -> npt.NDArray[np.float64]:
    """Return a column kept at full precision, shape (rows,).

    Raises
    ------
    RequestError
        If it is not kept.
    """
    if column in amounts:
        return amounts[column]
    kept = list(amounts)
    raise RequestError(
        Fault(
            setting,
            f'no column "{column}" is kept for costs.{nearest(column, kept)}',
            f"Kept are {listed(kept)}; list others in data.amounts."
            if kept
            else f'List it: "data.amounts=[{column}]".',
        )
    )
