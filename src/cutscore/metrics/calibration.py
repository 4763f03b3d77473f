"""How far scores are from the shares of positives they promise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.metrics.ranking import not_probabilities
from cutscore.records import MetricValue, Scores, Target, Weights, size_of

ECE_BINS = 20


def equal_count_bins(scores: Scores, bins: int) -> npt.NDArray[np.int64]:
    """Return the bin of each score, shape (rows,), from 0 in ascending order.

    Bins hold about equally many rows; equal scores share a bin, so there may be fewer bins.
    """
    # Comparing with each of a few edges is quicker than searching for the place of each score.
    edges = equal_count_edges(scores, bins)
    which = np.zeros(len(scores), dtype=np.int16)
    for edge in edges:
        which += scores > edge
    used = np.bincount(which, minlength=len(edges) + 1) > 0
    return (np.cumsum(used) - 1).astype(np.int64)[which]  # bins without rows are left out


def equal_count_edges(scores: Scores, bins: int) -> npt.NDArray[np.float64]:
    """Return the scores, each once, at which bins of about equally many rows end."""
    # Sorting is quicker than finding many quantiles.
    return np.unique(np.quantile(np.sort(scores), np.linspace(0, 1, bins + 1)[1:-1]))


def calibration_error(
    target: Target, scores: Scores, weights: Weights | None = None, *, bins: int = ECE_BINS
) -> MetricValue:
    """Return the expected calibration error over bins of about equally many rows.

    The mean over rows of |mean score − share of positives| of the row's bin (Naeini, Cooper and
    Hauskrecht 2015, with the equal-count bins of Nguyen and O'Connor 2015). Chance alone makes it
    a little above 0 for perfect scores, by about sqrt(bins · p (1 − p) / rows). Bins hold equally
    many rows whatever these weigh; the means are weighed.
    """
    if wrong := not_probabilities(scores):
        return wrong
    which = equal_count_bins(scores, bins)
    each = 1.0 if weights is None else weights
    gaps = np.bincount(which, weights=scores * each) - np.bincount(which, weights=target * each)
    return float(np.abs(gaps).sum() / size_of(len(scores), weights))
