"""What a threshold is optimal for: the cost ratios and the betas that it fits.

A threshold fits a ratio r of FN to FP costs if r FN + FP is within a tolerance of the least of any
threshold, and a beta if its F-beta is. Only vertices of the lower hull of (FN, FP) can be best for
a ratio or, since F-beta >= f is a linear condition on the counts, for a beta.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cutscore.records import Confusion, CutTable, Undefined
from cutscore.threshold.hull import breakpoints, falling_hull
from cutscore.threshold.losses import Floats

TOLERANCE = 0.005


@dataclass(frozen=True)
class Nearest:
    """The value at which a threshold does best, and by how much it misses the optimum there.

    `excess` is relative to the optimum. `value` is None if it does better the higher it is.
    """

    value: float | None
    excess: float


@dataclass(frozen=True)
class Implied:
    """The values that a threshold fits, `low` to `high`; `high` is None if there is no limit.

    `exact` says that for some value nothing else is as good. If it fits none, `low` and `high`
    are None and `nearest` tells how near it comes.
    """

    low: float | None
    high: float | None
    exact: bool
    nearest: Nearest | None = None

    @property
    def found(self) -> bool:
        """Whether the threshold fits any value."""
        return self.low is not None


@dataclass(frozen=True, eq=False)
class Frontier:
    """The counts of the cuts that are best for some cost ratio, from the lowest cut up.

    Counts are by weight. `threshold`, `fn`, `fp` have shape (vertices,); `fn` rises and `fp` falls.
    `ratios` are those at which neighbours cost the same, shape (vertices − 1,), falling.
    """

    threshold: Floats
    fn: Floats
    fp: Floats
    ratios: Floats
    positives: float
    negatives: float

    def best(self, ratio: float | Floats) -> tuple[Floats, Floats]:
        """Return the threshold and least r FN + FP for ratios r; of equal ones the highest."""
        # rising ratios walk from the highest cut down
        place = len(self.ratios) - np.searchsorted(self.ratios[::-1], ratio, side="left")
        return self.threshold[place], ratio * self.fn[place] + self.fp[place]


def frontier_of(cut_table: CutTable) -> Frontier | Undefined:
    """Return the frontier of a cut table; undefined if a class is missing."""
    if not cut_table.positives or not cut_table.negatives:
        return Undefined("all rows are of one class")
    fn, fp, threshold = cut_table.fn[::-1], cut_table.fp[::-1], cut_table.threshold[::-1]
    kept = falling_hull(fn, fp)
    fn, fp = fn[kept], fp[kept]
    return Frontier(
        threshold[kept], fn, fp, breakpoints(fn, fp), cut_table.positives, cut_table.negatives
    )


def implied_ratio(frontier: Frontier, counts: Confusion, tolerance: float = TOLERANCE) -> Implied:
    """Return the FN:FP cost ratios at which r FN + FP is within a relative tolerance."""
    slack = 1.0 + tolerance
    exact = bool(np.any((frontier.fn == counts.fn) & (frontier.fp == counts.fp)))
    low, high = _between(counts.fn - slack * frontier.fn, slack * frontier.fp - counts.fp)
    if low <= high and high > 0:
        return Implied(low, high if np.isfinite(high) else None, exact)
    if len(frontier.ratios) == 0:  # one threshold makes no mistake: all others miss by any measure
        return Implied(None, None, exact)
    # between breakpoints the excess is monotone; beyond them it only grows
    excess = (frontier.ratios * counts.fn + counts.fp) / frontier.best(frontier.ratios)[1] - 1.0
    i = int(np.argmin(excess))
    return Implied(None, None, exact, Nearest(float(frontier.ratios[i]), float(excess[i])))


def implied_beta(frontier: Frontier, counts: Confusion, tolerance: float = TOLERANCE) -> Implied:
    """Return the betas at which F-beta is within a relative tolerance of the highest.

    With b = beta², F-beta = (1 + b) / (b P / TP + FP / TP + 1): for each b, the lowest of the
    lines with slope P / TP and height FP / TP + 1 is the best.
    """
    if counts.tp == 0:
        return Implied(None, None, False, Nearest(None, 1.0))
    tp = frontier.positives - frontier.fn
    some = tp > 0
    slope, height = frontier.positives / tp[some], frontier.fp[some] / tp[some] + 1.0
    kept = falling_hull(slope, height)
    slope, height = slope[kept], height[kept]
    own = frontier.positives / counts.tp, counts.fp / counts.tp + 1.0
    vertices = (frontier.positives - frontier.fn[some][kept], frontier.fp[some][kept])
    exact = bool(np.any((vertices[0] == counts.tp) & (vertices[1] == counts.fp)))
    share = 1.0 - tolerance
    low, high = _between(share * own[0] - slope, height - share * own[1])
    if low <= high:
        top = None if not np.isfinite(high) else float(np.sqrt(high))
        return Implied(float(np.sqrt(low)), top, exact)
    squares = np.append(breakpoints(slope, height), 0.0)
    best = (squares[:, None] * slope + height).min(axis=1)
    excess = np.append(1.0 - best / (squares * own[0] + own[1]), 1.0 - slope.min() / own[0])
    i = int(np.argmin(excess))
    value = float(np.sqrt(squares[i])) if i < len(squares) else None
    return Implied(None, None, exact, Nearest(value, float(excess[i])))


def _between(factor: Floats, limit: Floats) -> tuple[float, float]:
    """Return the least and greatest w >= 0 with factor * w <= limit throughout (least > greatest
    if there is none).
    """
    if np.any((factor == 0) & (limit < 0)):
        return 1.0, 0.0
    upper, lower = factor > 0, factor < 0
    high = float(np.min(limit[upper] / factor[upper], initial=np.inf))
    low = float(np.max(limit[lower] / factor[lower], initial=0.0))
    # a single value that fits may miss itself by rounding
    return (high, high) if high < low <= high * (1.0 + 1e-12) else (low, high)
