"""The optimum over all distinct scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, Le

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Scores, Target, ThresholdChoice
from cutscore.threshold.choosing import choice_of
from cutscore.threshold.kernels import exact_cut
from cutscore.threshold.losses import ObjectiveName, loss_of


@dataclass(frozen=True)
class Exact:
    """Choose the best of all distinct scores and of flagging nobody; no grid can do better."""

    objective: ObjectiveName = "cost"
    beta: Annotated[float, Gt(0), Le(1000)] = 1.0

    def choose(self, target: Target, scores: Scores, costs: CostMatrix) -> ThresholdChoice:
        """Return the optimum; of equal optima the highest threshold."""
        loss = loss_of(self.objective, self.beta, target, costs)
        cut = exact_cut(scores, target, loss)
        return choice_of(cut, target, scores, costs, objective=self.objective, search="exact")
