"""Which thresholds a page holds, and what they flag.

Between two neighbouring thresholds a page knows nothing, unless they flag the same rows. So they
lie close: all that somebody names, all with few decimals, and more where rows crowd.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.metrics.curves import thinned, thinned_cuts
from cutscore.records import CutTable

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

_DIGITS = 5
"""Decimals of a short threshold, where scores lie between 0 and 1."""

_LARGEST = 2.0**53


@dataclass(frozen=True, eq=False)
class CutPoints:
    """Thresholds from the highest down and what each flags; all are exact.

    Attributes
    ----------
    short : rising whole numbers, shape (some,): thresholds times `scale`
    scale : what short thresholds are divided by
    full : the other thresholds, falling
    place : the cut of each threshold, short and full together from the highest down
    complete : between two thresholds there is no score
    """

    short: Whole
    scale: float
    full: Floats
    place: npt.NDArray[np.intp]
    complete: bool


def cut_points(cuts: CutTable, marks: Iterable[float], limit: int) -> CutPoints:
    """Return about `limit` points of a table, those of round numbers not counted.

    `marks` are thresholds that must be among them; of a thinned table they must be cuts.
    """
    marks = np.fromiter(marks, dtype=np.float64)
    if len(cuts.threshold) <= limit or cuts.thinned:
        everything = len(cuts.threshold) <= limit
        kept = np.arange(len(cuts.threshold)) if everything else thinned_cuts(cuts, limit, marks)
        full = np.union1d(cuts.threshold[kept], marks)
        return _points(cuts, np.empty(0, np.int64), 1.0, full, everything and not cuts.thinned)
    wide = math.ceil(math.log10(cuts.threshold[0] - cuts.threshold[-1]))
    scale = 10.0 ** min(_DIGITS - wide, 300)
    largest = scale * max(abs(float(cuts.threshold[0])), abs(float(cuts.threshold[-1])))
    short = _short(cuts, scale, limit) if largest < _LARGEST else np.empty(0, np.int64)
    ends = (cuts.threshold[0], cuts.threshold[-1])
    best = cuts.threshold[int(np.argmin(cuts.cost))]
    full = np.unique([*ends, best, *marks])
    if not len(short):
        full = np.union1d(full, cuts.threshold[thinned_cuts(cuts, limit)])
    return _points(cuts, short, scale, full, complete=False)


def _points(cuts: CutTable, short: Whole, scale: float, full: Floats, complete: bool) -> CutPoints:
    full = full[~np.isin(full, short / scale)]
    falling = np.sort(np.append(short / scale, full))[::-1]
    return CutPoints(short, scale, full[::-1], cuts.place(falling), complete)


def _short(cuts: CutTable, scale: float, limit: int) -> Whole:
    """Return thresholds with few digits: evenly spread ones, and more where rows crowd.

    Even in the sum of score and share of rows flagged, so that either is never far from the next.
    """
    low, high = cuts.threshold[-1] * scale, cuts.threshold[0] * scale
    step = 100 if limit > 400 else 1_000
    even = step * np.arange(math.ceil(low / step), math.floor(high / step) + 1)
    flagged = (cuts.tp + cuts.fp) / (cuts.positives + cuts.negatives)
    across = (cuts.threshold[0] - cuts.threshold) / (cuts.threshold[0] - cuts.threshold[-1])
    crowded = cuts.threshold[thinned(flagged + across, limit)]
    return np.union1d(even, np.rint(crowded * scale).astype(np.int64))
