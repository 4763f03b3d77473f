"""The optimum over all distinct scores."""

from __future__ import annotations

from dataclasses import dataclass

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Scores, Target, ThresholdChoice
from cutscore.threshold.choosing import choice_of
from cutscore.threshold.kernels import exact_cut
from cutscore.threshold.objective import Objective


@dataclass(frozen=True)
class Exact(Objective):
    """Choose the best of all distinct scores and of flagging nobody; no grid can do better."""

    def choose(self, target: Target, scores: Scores, costs: CostMatrix) -> ThresholdChoice:
        """Return the optimum; of equal optima the highest threshold."""
        return choice_of(
            self.best(target, scores, costs, exact_cut),
            target,
            scores,
            costs,
            objective=self.objective,
            search="exact",
            beta=self.beta,
            limits=self.limits,
        )
