"""Row weights: how many rows each row counts for. Without weights every row counts once.

Weights are rounded once to a common power of two (`exact_weights`), so that every sum of them is
exact in float64 and the same in whatever order it is formed, as counts of rows are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float64]

WEIGHT_FIGURES = (
    "weight_sum",
    "weight_positives",
    "weight_effective_rows",
    "weight_low",
    "weight_high",
)
"""What is recorded of weights, see `weight_figures`."""

_BITS = 48  # of a sum: some dozen passes over the rows still have exact sums


def exact_weights(values: npt.NDArray[np.float64]) -> Weights:
    """Return weights (rows,), all finite and above 0, rounded to at most 2^-47 of their sum.

    Whole numbers stay as they are. None becomes 0: the smallest is the power of two itself.
    """
    unit = math.ldexp(1.0, math.frexp(float(values.sum()))[1] - _BITS)
    return np.maximum(np.rint(values / unit), 1.0) * unit


def weights_of(weights: Weights | None, rows: Any) -> Weights | None:
    """Return the weights of some rows (indices, a mask or a slice); None stays None."""
    return None if weights is None else weights[rows]


def size_of(rows: int, weights: Weights | None = None) -> float:
    """Return how many rows so many rows count for."""
    return float(rows) if weights is None else float(weights.sum())


def counted(which: npt.NDArray[np.bool_], weights: Weights | None = None) -> float:
    """Return how many rows those count for that a mask (rows,) chooses."""
    return float(np.count_nonzero(which)) if weights is None else float(weights[which].sum())


def class_sizes(
    target: npt.NDArray[np.int8], weights: Weights | None = None
) -> tuple[float, float]:
    """Return how many rows the positives and the negatives count for."""
    positives = counted(target == 1, weights)
    return positives, size_of(len(target), weights) - positives


def positive_share(target: npt.NDArray[np.int8], weights: Weights | None = None) -> float:
    """Return the share of positives, by weight."""
    if weights is None:
        return float(target.mean(dtype=np.float64))
    return counted(target == 1, weights) / float(weights.sum())


def effective_rows(weights: Weights) -> float:
    """Return Kish's effective sample size, (sum of weights)² / sum of squares (Kish 1965)."""
    relative = weights / weights.max()  # squares of the largest weights would overflow
    return float(relative.sum()) ** 2 / float((relative**2).sum())


def weight_figures(target: npt.NDArray[np.int8], weights: Weights) -> dict[str, float]:
    """Return what is recorded of weights (rows,), by the names of the metrics.

    `weight_effective_rows` is that of `effective_rows`.
    """
    effective = effective_rows(weights)
    sums = float(weights.sum()), counted(target == 1, weights)
    ends = float(weights.min()), float(weights.max())
    return dict(zip(WEIGHT_FIGURES, (*sums, effective, *ends), strict=True))
