"""Deciding each row by its expected cost, for scores that are probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import Fault, RequestError
from cutscore.records import Scores

Floats = npt.NDArray[np.float64]


def row_thresholds(costs: CostMatrix) -> Floats:
    """Return the Bayes threshold of each row: (C_FP − C_TN) / (C_FP − C_TN + C_FN − C_TP).

    NaN where the denominator is not above 0; shape (rows,), or (1,) for fixed costs.
    """
    alarm, miss = costs.regrets()
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
