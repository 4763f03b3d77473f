"""The same costs for every row."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Annotated

from annotated_types import Ge

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Dataset, Rows


@dataclass(frozen=True)
class FixedCost:
    """Give every row the same four costs, in any one unit.

    Only differences and ratios matter to the threshold; the reported totals are in the unit that
    the costs are given in.
    """

    false_negative: Annotated[float, Ge(0)]
    false_positive: Annotated[float, Ge(0)]
    true_positive: Annotated[float, Ge(0)] = 0.0
    true_negative: Annotated[float, Ge(0)] = 0.0

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, cost in given.items():
            if not math.isfinite(cost) or cost < 0:
                raise ValueError(f"{name} must be a finite cost of 0 or more, got {cost}.")
        if not any(given.values()):
            raise ValueError(
                "false_negative, false_positive, true_positive and true_negative are all 0; "
                "at least false_negative or false_positive must be above 0."
            )
        if self.false_negative <= self.true_positive and self.false_positive <= self.true_negative:
            raise ValueError(
                "a mistake must cost more than the right decision: false_negative above "
                "true_positive, or false_positive above true_negative; got false_negative="
                f"{self.false_negative:g}, true_positive={self.true_positive:g}, false_positive="
                f"{self.false_positive:g}, true_negative={self.true_negative:g}."
            )

    def matrix(
        self,
        dataset: Dataset,  # noqa: ARG002  fixed costs need no data
        training: Rows | None = None,  # noqa: ARG002
        rows: Rows | None = None,  # noqa: ARG002
    ) -> CostMatrix:
        """Return the cost matrix, the same for any data set."""
        return CostMatrix(
            true_negative=self.true_negative,
            false_positive=self.false_positive,
            false_negative=self.false_negative,
            true_positive=self.true_positive,
        )
