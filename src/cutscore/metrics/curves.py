"""Curves over all thresholds, thinned to as many points as a picture can show.

Thinning keeps both ends exactly and the order of points, so that a monotone curve stays one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cutscore.metrics.ranking import Ranking
from cutscore.records import CutTable

Floats = npt.NDArray[np.float64]

POINTS = 2_000


class Curve(NamedTuple):
    """Points of a curve, from the highest threshold down, each of shape (points,)."""

    threshold: Floats
    x: Floats
    y: Floats


def roc_curve(ranked: Ranking, limit: int = POINTS) -> Curve:
    """Return the true positive rate (y) against the false positive rate (x), from (0, 0) to (1, 1).

    The first threshold is infinite (nobody flagged). Empty if a class is missing.
    """
    if not ranked.positives or not ranked.negatives:
        return _empty()
    threshold = np.concatenate([[np.inf], ranked.score])
    x = np.concatenate([[0.0], ranked.fp / ranked.negatives])
    y = np.concatenate([[0.0], ranked.tp / ranked.positives])
    kept = thinned(x + y, limit)
    return Curve(threshold[kept], x[kept], y[kept])


def pr_curve(ranked: Ranking, limit: int = POINTS) -> Curve:
    """Return precision (y) against recall (x), from the highest score to all rows flagged.

    No artificial point at recall 0 is added. Empty if a class is missing.
    """
    if not ranked.positives or not ranked.negatives:
        return _empty()
    x = ranked.tp / ranked.positives
    y = ranked.tp / (ranked.tp + ranked.fp)
    kept = thinned(x + ranked.fp / ranked.negatives, limit)
    return Curve(ranked.score[kept], x[kept], y[kept])


def thinned_cuts(
    cuts: CutTable, limit: int = POINTS, marks: Iterable[float] = ()
) -> npt.NDArray[np.int64]:
    """Return the places of about `limit` cuts: both ends, the cheapest and `marks` among them.

    Even steps in score show the shape, even steps in rows the detail where most rows are.
    """
    flagged = (cuts.tp + cuts.fp) / (cuts.positives + cuts.negatives)
    width = float(cuts.threshold[0] - cuts.threshold[-1])
    position = flagged + (cuts.threshold[0] - cuts.threshold) / (width or 1.0)
    marked = [int(np.argmin(cuts.cost)), *(int(cuts.place(mark)) for mark in marks)]
    return np.union1d(thinned(position, limit - 1), marked)


def thinned(position: Floats, limit: int) -> npt.NDArray[np.int64]:
    """Return at most `limit` indices, evenly spaced in a rising position, with both ends.

    Everything is kept if it is not more than `limit`, which must be at least 2.
    """
    if len(position) <= limit:
        return np.arange(len(position))
    even = np.linspace(position[0], position[-1], limit)
    kept = np.searchsorted(position, even).clip(0, len(position) - 1)
    kept[0], kept[-1] = 0, len(position) - 1
    return np.unique(kept)


def _empty() -> Curve:
    return Curve(np.empty(0), np.empty(0), np.empty(0))
