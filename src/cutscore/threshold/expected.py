"""Deciding each row by its expected cost, for scores that are probabilities."""

from __future__ import annotations

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import Fault, RequestError
from cutscore.records import Scores


def median_threshold(costs: CostMatrix) -> float | None:
    """Return the median of the rows' Bayes thresholds, by weight; None if no row has one.

    (C_FP − C_TN) / (C_FP − C_TN + C_FN − C_TP), where the denominator is above 0.
    """
    alarm, miss = np.broadcast_arrays(*(np.atleast_1d(regret) for regret in costs.regrets()))
    known = alarm + miss > 0
    if not known.any():
        return None
    thresholds = alarm[known] / (alarm + miss)[known]
    if costs.weights is None or len(known) == 1:
        return float(np.median(thresholds))
    order = np.argsort(thresholds)
    upto = np.cumsum(costs.weights[known][order])  # exact, see `exact_weights`
    middle = [np.searchsorted(upto, upto[-1] / 2, side=side) for side in ("left", "right")]
    return float(thresholds[order][middle].mean())


def check_probabilities(scores: Scores, setting: str, what: str) -> None:
    """Raise `RequestError` unless all scores lie in [0, 1]; `what` needs them to."""
    low, high = float(scores.min()), float(scores.max())
    if low >= 0 and high <= 1:
        return
    outside = int(np.count_nonzero(~((scores >= 0) & (scores <= 1))))
    problem = (
        f"{what} needs scores in [0, 1], and {outside:,} of {len(scores):,} lie outside "
        f"(from {low:.6g} to {high:.6g})."
    )
    raise RequestError(
        Fault(setting, problem, "Use threshold=exact, or turn them into probabilities.")
    )
