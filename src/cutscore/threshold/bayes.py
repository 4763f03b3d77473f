"""The threshold that theory gives for probabilities, without looking at outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt, Le

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Scores, Target, ThresholdChoice
from cutscore.threshold.choosing import choice_of, cut_at
from cutscore.threshold.expected import check_probabilities, row_thresholds
from cutscore.threshold.kernels import Cut, score_range
from cutscore.threshold.losses import ObjectiveName


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
    """Return the decision of each row by its expected cost; costs may differ from row to row."""
    objective: ObjectiveName = "cost"
    threshold = costs.bayes_threshold()
    if threshold is not None:
        cut = cut_at(target, scores, threshold, costs)
        return choice_of(cut, target, scores, costs, objective=objective, search="bayes")
    flagged = costs.cheaper_flagged(scores)
    tp = int(np.count_nonzero(flagged & (target == 1)))
    thresholds = row_thresholds(costs)
    known = thresholds[~np.isnan(thresholds)]
    cut = Cut(
        float(np.median(known)) if len(known) else float(np.nextafter(scores.max(), np.inf)),
        tp,
        int(np.count_nonzero(flagged)) - tp,
        costs.total(target, flagged),
    )
    return choice_of(cut, target, scores, costs, objective=objective, search="bayes", per_row=True)
