"""What decisions cost: strategies that give a data set its cost matrix."""

from __future__ import annotations

from typing import Protocol

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Dataset

__all__ = ["Cost", "CostMatrix"]


class Cost(Protocol):
    """A way to put a price on right and wrong decisions."""

    def matrix(self, dataset: Dataset) -> CostMatrix:
        """Return the costs of the rows; raise `RequestError` where they make no sense."""
        ...
