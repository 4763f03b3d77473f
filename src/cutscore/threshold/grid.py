"""The optimum over evenly spaced thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from annotated_types import Ge, Le

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Scores, Target, ThresholdChoice
from cutscore.threshold.choosing import choice_of
from cutscore.threshold.kernels import grid_cut
from cutscore.threshold.objective import Objective


@dataclass(frozen=True)
class Grid(Objective):
    """Choose the best of the thresholds 0, step, 2 step, ... up to 1."""

    step: Annotated[float, Ge(1e-6), Le(1)] = 0.001

    def choose(self, target: Target, scores: Scores, costs: CostMatrix) -> ThresholdChoice:
        """Return the best grid point; of equal ones the highest."""
        return choice_of(
            self.best(target, scores, costs, partial(grid_cut, step=self.step)),
            target,
            scores,
            costs,
            objective=self.objective,
            search="grid",
            beta=self.beta,
            step=self.step,
            limits=self.limits,
        )
