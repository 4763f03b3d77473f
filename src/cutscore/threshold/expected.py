"""Deciding each row by its expected cost, for scores that are probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import Fault, RequestError
from cutscore.records import Scores

Floats = npt.NDArray[np.float64]


def bayes_flags(scores: Scores, costs: CostMatrix) -> npt.NDArray[np.bool_]:
    """Return the rows whose expected cost is not higher when flagged (Elkan 2001), shape (rows,).

    Row i is flagged when p (C_FN − C_TP) >= (1 − p) (C_FP − C_TN), with its own costs; where right
    and wrong cost the same it is not. With C_TP = C_TN = 0 this is Bayes minimum risk, p >= C_FP /
    (C_FP + C_FN) (Bahnsen, Aouada and Ottersten 2014).
    """
    alarm, miss = _regrets(costs)
    threshold = costs.bayes_threshold()
    if threshold is not None:  # the quotient, so that a score equal to the threshold is flagged
        return scores >= threshold
    return (scores * miss >= (1.0 - scores) * alarm) & ((miss != 0) | (alarm != 0))


def row_thresholds(costs: CostMatrix) -> Floats:
    """Return the Bayes threshold of each row: (C_FP − C_TN) / (C_FP − C_TN + C_FN − C_TP).

    NaN where the denominator is not above 0; shape (rows,), or (1,) for fixed costs.
    """
    alarm, miss = _regrets(costs)
    whole = np.atleast_1d(alarm + miss)
    return np.where(whole > 0, np.atleast_1d(alarm) / np.where(whole > 0, whole, 1.0), np.nan)


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


def _regrets(costs: CostMatrix) -> tuple[Floats | float, Floats | float]:
    """Return what a false alarm and a miss cost more than the right decision."""
    return (
        costs.false_positive - costs.true_negative,
        costs.false_negative - costs.true_positive,
    )
