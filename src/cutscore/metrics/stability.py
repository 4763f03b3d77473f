"""How far the scores of some rows have moved from those of others."""

from __future__ import annotations

import numpy as np

from cutscore.metrics.calibration import equal_count_edges
from cutscore.records import Scores

STABILITY_BINS = 10
_LEAST = 0.5
"""What an empty bin counts for, so that the index stays finite."""


def population_stability(
    first: Scores, second: Scores, bins: int = STABILITY_BINS
) -> tuple[float, float]:
    """Return the population stability index of scores against others, and its noise.

    The sum over bins of equally many first scores of (q − p) ln(q / p), where p and q are the
    shares of the first and the second scores. Were both drawn alike, it would be about
    (bins − 1)(1/n + 1/m) on average: that is the noise.
    """
    edges = equal_count_edges(first, bins)
    counts = [
        np.maximum(np.bincount(np.searchsorted(edges, s), minlength=len(edges) + 1), _LEAST)
        for s in (first, second)
    ]
    p, q = (each / each.sum() for each in counts)
    noise = len(edges) * (1.0 / len(first) + 1.0 / len(second))
    return float(((q - p) * np.log(q / p)).sum()), noise
