"""The threshold that theory gives for probabilities, without looking at outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Gt, Le

from cutscore.cost.matrix import CostMatrix
from cutscore.records import BayesMinimumRisk, FixedThreshold, Scores, Target, ThresholdChoice
from cutscore.threshold.choosing import outcome_of
from cutscore.threshold.expected import check_probabilities, median_threshold
from cutscore.threshold.kernels import score_range


@dataclass(frozen=True)
class Bayes:
    """Flag each row whose expected cost is lower when flagged: Bayes minimum risk (Elkan 2001).

    The scores must be probabilities. With costs per row every row has a threshold of its own.
    """

    objective: Literal["cost"] = "cost"
    beta: Annotated[float, Gt(0), Le(1000)] = 1.0

    def choose(self, target: Target, scores: Scores, costs: CostMatrix) -> ThresholdChoice:
        """Return the decision by expected cost, and what it costs on these rows.

        Raises `RequestError` for scores outside [0, 1].
        """
        score_range(scores)
        check_probabilities(scores, "threshold", "the Bayes threshold")
        return bayes_choice(target, scores, costs)


def bayes_choice(target: Target, scores: Scores, costs: CostMatrix) -> ThresholdChoice:
    """Return the rule of least expected cost: one threshold, or each row by its own costs."""
    threshold = costs.bayes_threshold()
    rule = BayesMinimumRisk() if threshold is None else FixedThreshold(threshold)
    confusion, total = outcome_of(rule, target, scores, costs)
    return ThresholdChoice(
        rule=rule,
        objective="cost",
        search="bayes",
        step=None,
        value=total,
        total_cost=total,
        confusion=confusion,
        median_threshold=median_threshold(costs) if threshold is None else None,
    )
