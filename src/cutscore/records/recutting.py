"""What a frozen threshold costs in later periods, and ones that are chosen anew."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.records.outcomes import Undefined

Floats = npt.NDArray[np.float64]
_WIDE = 1.959963984540054
"""The standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, eq=False)
class Recutting:
    """Later periods, decided by a frozen threshold and by one that is chosen anew for each.

    The frozen one, and its calibrator, come from the first `chosen_from` periods, those of a period
    from the latest `chosen_from` that may inform it: none is tried on rows that had a say in it,
    and both have seen about equally many. Arrays are of shape (decided periods,), the last of all.

    Attributes
    ----------
    chosen_from : from how many periods each comes
    frozen_cost, refitted_cost : total costs; the second NaN where no threshold could be chosen
    error : standard error of their difference, given the thresholds
    threshold : the frozen one, None if each row is decided by its own costs
    refitted_threshold : NaN where there is none
    """

    chosen_from: int
    frozen_cost: Floats
    refitted_cost: Floats
    error: Floats
    threshold: float | None
    refitted_threshold: Floats

    @property
    def frozen_total(self) -> float:
        """What the frozen threshold costs in all."""
        return float(self.frozen_cost.sum())

    @property
    def refitted_total(self) -> float:
        """What the thresholds that are chosen anew cost in all; NaN if one is missing."""
        return float(self.refitted_cost.sum())

    @property
    def difference(self) -> tuple[float, float, float] | Undefined:
        """What it costs more than choosing anew, and the 95 % interval of that."""
        made = self.frozen_cost - self.refitted_cost
        if not np.isfinite(made).all():
            return Undefined("in some periods no threshold could be chosen anew")
        wide = _WIDE * math.sqrt(float((self.error**2).sum()))
        total = float(made.sum())
        return total, total - wide, total + wide
