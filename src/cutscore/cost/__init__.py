"""What decisions cost: strategies that give rows their cost matrix.

A cost (the settings) is fitted on training rows, where it estimates what it needs, and prices any
rows from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from cutscore.cost.amounts import Amounts
from cutscore.cost.matrix import CostMatrix
from cutscore.records import Dataset, Rows

__all__ = ["Amounts", "Cost", "CostMatrix", "FittedCost"]


class FittedCost(Protocol):
    """A cost that knows all it needs but the rows' own amounts."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that rows are priced by."""
        ...

    def matrix(self, amounts: Amounts, rows: Rows | None = None, /) -> CostMatrix:
        """Return the costs of rows.

        Parameters
        ----------
        amounts : mapping
            The table's columns by name, float64, shape (rows,); only `columns` are read.
        rows : array of int64, optional
            The rows to price, in this order; all if None. Nothing is read of other rows.

        Raises
        ------
        RequestError
            Where costs are missing or make no sense.
        """
        ...

    def to_json(self) -> Mapping[str, Any]:
        """Return it as plain values, its `kind` among them; `cost.saved` reads them."""
        ...


class Cost(Protocol):
    """A way to put a price on right and wrong decisions."""

    @property
    def where(self) -> str | None:
        """An SQL condition on the rows that can be priced, None for all: no others are loaded."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that costs are made of."""
        ...

    def fit(self, dataset: Dataset, training: Rows | None = None, /) -> FittedCost:
        """Estimate what there is to estimate (a mean, a share) on training rows; all if None.

        Raises
        ------
        RequestError
            Where amounts are missing or make no sense.
        """
        ...
