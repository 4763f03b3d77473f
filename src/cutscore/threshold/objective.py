"""What the searches have in common: an objective and its constraints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Scores, Target, class_sizes
from cutscore.threshold.constraints import Limits, limited, refuse_unmet
from cutscore.threshold.kernels import Cut
from cutscore.threshold.losses import ObjectiveName, loss_of

Share = Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True)
class Objective:
    """What is optimised, and the limits that the threshold must keep to."""

    objective: ObjectiveName = "cost"
    beta: Annotated[float, Gt(0), Le(1000)] = 1.0
    min_recall: Share | None = None
    min_precision: Share | None = None
    max_flagged: Annotated[float, Ge(0), Le(1)] | None = None

    @property
    def limits(self) -> Limits:
        """The constraints."""
        return Limits(self.min_recall, self.min_precision, self.max_flagged)

    def best(
        self,
        target: Target,
        scores: Scores,
        costs: CostMatrix,
        search: Callable[..., Cut],
    ) -> Cut:
        """Return the best cut that a search finds among those that keep the limits.

        `search` takes scores, target, loss and `weights`. Raises `RequestError` if there is no
        such cut, saying how near one comes.
        """
        find = partial(search, scores, target, weights=costs.weights)
        loss = loss_of(self.objective, self.beta, target, costs)
        if not self.limits.given:
            return find(loss)
        positives, negatives = class_sizes(target, costs.weights)
        cut = find(limited(loss, self.limits, positives, positives + negatives))
        if np.isfinite(cut.loss):
            return cut
        raise refuse_unmet(self.limits, positives, positives + negatives, find)
