"""The optimum over evenly spaced thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Scores, Target, ThresholdChoice
from cutscore.threshold.choosing import choice_of
from cutscore.threshold.kernels import grid_cut
from cutscore.threshold.losses import ObjectiveName, loss_of


@dataclass(frozen=True)
class Grid:
    """Choose the best of the thresholds 0, step, 2 step, ... up to 1."""

    step: Annotated[float, Ge(1e-6), Le(1)] = 0.001
    objective: ObjectiveName = "cost"
    beta: Annotated[float, Gt(0), Le(1000)] = 1.0

    def choose(self, target: Target, scores: Scores, costs: CostMatrix) -> ThresholdChoice:
        """Return the best grid point; of equal ones the highest."""
        loss = loss_of(self.objective, self.beta, target, costs)
        cut = grid_cut(scores, target, loss, self.step)
        return choice_of(
            cut, target, scores, costs, objective=self.objective, search="grid", step=self.step
        )
