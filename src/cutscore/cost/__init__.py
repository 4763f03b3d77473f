"""What decisions cost: strategies that give a data set its cost matrix."""

from __future__ import annotations

from typing import Protocol

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Dataset, Rows

__all__ = ["Cost", "CostMatrix"]


class Cost(Protocol):
    """A way to put a price on right and wrong decisions.

    A strategy that can price only some rows has a setting `where`, an SQL condition; the
    experiment loads no other rows (see `Experiment.source`).
    """

    def matrix(
        self, dataset: Dataset, training: Rows | None = None, rows: Rows | None = None
    ) -> CostMatrix:
        """Return the costs of rows.

        Parameters
        ----------
        dataset : Dataset
            The data set.
        training : array of int64, optional
            The only rows from which constants may be estimated (a mean, a share); all if None.
        rows : array of int64, optional
            The rows to price, in this order; all if None. Nothing else is read of other rows
            than `training`.

        Raises
        ------
        RequestError
            Where costs are missing or make no sense.
        """
        ...
