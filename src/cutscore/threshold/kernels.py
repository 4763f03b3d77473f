"""Searches over thresholds, as pure functions of arrays.

The exact search looks at every distinct score without sorting them all: rows are counted in
buckets of the score range, a lower bound says which buckets may hold the optimum, and only the
rows of those are sorted. It returns to the last bit what sorting all rows would.

Sums over flagged rows have the layout that `losses` describes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cutscore.errors import Fault, RequestError
from cutscore.records import Scores, Target
from cutscore.threshold.buckets import (
    Region,
    add_deltas,
    buckets_of,
    count_buckets,
    from_top,
    rows_in,
)
from cutscore.threshold.losses import ADDED, FP, GAINED, TP, Floats, Loss

BUCKETS = 1 << 13
FEW_ROWS = 1 << 13  # below this, sorting all rows is cheaper than counting them in buckets


class Cut(NamedTuple):
    """A threshold, the positives and negatives that it flags, and its loss."""

    threshold: float
    tp: int
    fp: int
    loss: float


class Counted(NamedTuple):
    """A region in buckets: sums inside and above each, bounds, and the least loss at an edge."""

    region: Region
    low: float
    scale: float
    inside: Floats
    above: Floats
    bound: Floats
    least: float


def exact_cut(scores: Scores, target: Target, loss: Loss) -> Cut:
    """Return the cut of least loss over all distinct scores and flagging nobody.

    Of equal losses the highest threshold wins. Flagging nobody is the next float above the
    highest score. Raises `RequestError` if there is no row or a score is not finite.
    """
    score_range(scores)
    search = sorted_cut if len(scores) < FEW_ROWS else bucketed_cut
    return search(scores, target, loss)


def sorted_cut(scores: Scores, target: Target, loss: Loss) -> Cut:
    """Return the cut that `exact_cut` describes by sorting all rows."""
    thresholds, sums = descend(scores, target, loss.delta)
    nobody = _nobody_cut(float(thresholds[0]), loss)
    return _better(nobody, _first_least(thresholds, sums, loss))


def bucketed_cut(
    scores: Scores, target: Target, loss: Loss, buckets: int = BUCKETS, few: int = FEW_ROWS
) -> Cut:
    """Return the cut that `exact_cut` describes by sorting only rows that may hold it.

    A bucket of more than `few` rows that may hold it is split into buckets again: most scores may
    lie in a corner of their range, as with rare positives or one outlier.
    """
    best = _nobody_cut(float(scores.max()), loss)
    pending = [Region(scores, target, loss.delta, np.zeros((2 if loss.delta is None else 4, 1)))]
    counted: list[Counted] = []
    while pending:
        region = pending.pop()
        low, high = score_range(region.scores)
        scale = buckets / (high - low) if high > low else np.inf
        if len(region.scores) <= few or not 0 < scale < np.inf:
            # also one score only, or too narrow or wide a range for a bucket width
            thresholds, sums = descend(region.scores, region.target, region.delta)
            best = _better(best, _first_least(thresholds, sums + region.above, loss))
            continue
        inside = count_buckets(region, low, scale, buckets + 1)
        below = from_top(inside) + region.above
        above = below - inside
        bound = loss.bound(above, below)
        least = min(best.loss, float(loss.at(below).min()))
        large = inside[TP] + inside[FP] > few
        for bucket in np.flatnonzero(large & (bound <= least + loss.slack)):
            only = np.arange(buckets + 1) == bucket
            rows = rows_in(only, region.scores, low, scale)
            pending.append(region.part(rows, above[:, [bucket]]))
        bound[large] = np.inf
        counted.append(Counted(region, low, scale, inside, above, bound, least))
    # last, when the best cuts of the large buckets rule out most of the small ones
    least = min([best.loss, *(counts.least for counts in counted)])
    for counts in counted:
        thresholds, sums = sort_open(counts, least + loss.slack)
        if len(thresholds):
            best = _better(best, _first_least(thresholds, sums, loss))
    return best


def sort_open(counts: Counted, limit: float) -> tuple[Floats, Floats]:
    """Return the distinct scores, and the sums of the cuts at them, in buckets within a limit."""
    is_open = counts.bound <= limit
    rows = rows_in(is_open, counts.region.scores, counts.low, counts.scale)
    part = counts.region.part(rows, counts.region.above)
    thresholds, sums = descend(part.scores, part.target, part.delta)
    # these sums leave out the rows of closed buckets: add those above each open one
    kept = np.flatnonzero(is_open)
    inside = counts.inside[:, kept]
    missing = counts.above[:, kept] - (from_top(inside) - inside)
    place = np.searchsorted(kept, buckets_of(thresholds, counts.low, counts.scale))
    return thresholds, sums + missing[:, place]


def grid_cut(scores: Scores, target: Target, loss: Loss, step: float) -> Cut:
    """Return the cut of least loss over the grid points in [0, 1]; of equal losses the highest.

    Raises `RequestError` if there is no row or a score is not finite.
    """
    score_range(scores)
    points = grid_points(step)
    # a row is flagged at all points up to its score: as many as searchsorted counts
    label = np.searchsorted(points, scores, side="right")
    inside = np.zeros((2 if loss.delta is None else 4, len(points) + 1))
    inside[TP] = np.bincount(label[target == 1], minlength=len(points) + 1)
    inside[FP] = np.bincount(label, minlength=len(points) + 1) - inside[TP]
    if loss.delta is not None:
        add_deltas(inside, label, loss.delta)
    sums = from_top(inside)[:, 1:]
    return _first_least(points[::-1], sums[:, ::-1], loss)


def grid_points(step: float) -> Floats:
    """Return round(i * step, 12) for i = 0, 1, ... as far as it is at most 1."""
    points = np.round(np.arange(int(1.0 / step) + 2) * step, 12)
    return points[points <= 1.0]


def score_range(scores: Scores) -> tuple[float, float]:
    """Return the lowest and the highest score; raise `RequestError` unless all are finite."""
    if len(scores) == 0:
        raise RequestError(Fault("scores", "there is no row to choose a threshold on."))
    low, high = float(scores.min()), float(scores.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(np.count_nonzero(~np.isfinite(scores)))
        raise RequestError(Fault("scores", f"{bad} of {len(scores)} scores are NaN or infinite."))
    return low, high


def descend(scores: Scores, target: Target, delta: Floats | None) -> tuple[Floats, Floats]:
    """Return all distinct scores from the highest down, and the sums of the cuts at them."""
    order = np.argsort(-scores)
    ranked = scores[order]
    ends = np.append(ranked[1:] != ranked[:-1], True)[: len(ranked)]  # ties are cut together
    sums = np.empty((2 if delta is None else 4, int(np.count_nonzero(ends))))
    last = np.flatnonzero(ends)
    sums[TP] = np.cumsum(target[order], dtype=np.int64)[last]
    sums[FP] = last + 1 - sums[TP]
    if delta is not None:
        change = delta[order]
        sums[ADDED] = np.cumsum(change)[last]
        sums[GAINED] = np.cumsum(np.minimum(change, 0.0))[last]
    return ranked[last], sums


def _nobody_cut(high: float, loss: Loss) -> Cut:
    nothing = np.zeros((4, 1))
    return Cut(float(np.nextafter(high, np.inf)), 0, 0, float(loss.at(nothing)[0]))


def _better(one: Cut, other: Cut) -> Cut:
    """Return the cut of less loss, the one with the higher threshold if they are equal."""
    return min(one, other, key=lambda cut: (cut.loss, -cut.threshold))


def _first_least(thresholds: Floats, sums: Floats, loss: Loss) -> Cut:
    """Return the first cut of least loss; cuts come from the highest threshold down."""
    values = loss.at(sums)
    i = int(np.argmin(values))
    return Cut(float(thresholds[i]), int(sums[TP, i]), int(sums[FP, i]), float(values[i]))
