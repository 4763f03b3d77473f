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
from cutscore.metrics.sorting import from_top, order_rows, sort_rows
from cutscore.records import Scores, Target, Weights, weights_of
from cutscore.threshold.buckets import (
    Buckets,
    Mask,
    Region,
    Sample,
    add_deltas,
    buckets_for,
    count_buckets,
    rows_in,
    sample_of,
)
from cutscore.threshold.losses import ADDED, FP, GAINED, TP, Floats, Loss

BUCKETS = 1 << 13  # at most
ROWS_PER_BUCKET = 1 << 7
FEW_ROWS = 1 << 13  # up to this, sorting all rows is cheaper than counting them in buckets


class Cut(NamedTuple):
    """A threshold, the positives and negatives that it flags (by weight), and its loss."""

    threshold: float
    tp: float
    fp: float
    loss: float


class CutSearch(NamedTuple):
    """A region in buckets: sums inside and above each, bounds, and the least loss at an edge.

    The bound of a bucket that need not be looked into is infinite.
    """

    region: Region
    buckets: Buckets
    inside: Floats
    above: Floats
    bound: Floats
    least: float


def exact_cut(scores: Scores, target: Target, loss: Loss, weights: Weights | None = None) -> Cut:
    """Return the cut of least loss over all distinct scores and flagging nobody.

    Of equal losses the highest threshold wins. Flagging nobody is the next float above the
    highest score. Raises `RequestError` if there is no row or a score is not finite.
    """
    if len(scores) < FEW_ROWS or weights is not None:
        return sorted_cut(scores, target, loss, weights)
    return bucketed_cut(scores, target, loss)


def sorted_cut(scores: Scores, target: Target, loss: Loss, weights: Weights | None = None) -> Cut:
    """Return the cut that `exact_cut` describes by sorting all rows."""
    score_range(scores)
    thresholds, sums = descend(scores, target, loss.delta, weights)
    nobody = _nobody_cut(float(thresholds[0]), loss)
    return _better(nobody, _first_least(thresholds, sums, loss))


def bucketed_cut(
    scores: Scores, target: Target, loss: Loss, number: int | None = None, few: int = FEW_ROWS
) -> Cut:
    """Return the cut that `exact_cut` describes by sorting only rows that may hold it.

    A bucket of more than `few` rows that may hold it is split into buckets again: most scores may
    lie in a corner of their range, as with rare positives or one outlier.
    """
    number = number or min(BUCKETS, len(scores) // ROWS_PER_BUCKET)
    low, high = score_range(scores)
    best = _nobody_cut(high, loss)
    whole = Region(scores, target, loss.delta, np.zeros((2 if loss.delta is None else 4, 1)))
    best, pending = _without_crowd(whole, best, loss)
    searched: list[CutSearch] = []
    while pending:
        region = pending.pop()
        sample = sample_of(region.scores)
        if region is not whole:
            low, high = score_range(region.scores)
        buckets = buckets_for(sample, low, high, number)
        if len(region.scores) <= few or buckets is None:
            best = _better(best, _sorted_region(region, loss))
            continue
        best, found = _search(region, buckets, sample, best, loss)
        rows = found.inside[TP] + found.inside[FP]
        large = rows > few
        again = np.flatnonzero(large & _open(found, found.least + loss.slack))
        if 2 * rows[again].sum() > len(region.scores):  # splitting them would not pay
            best = _better(best, _sorted_region(region, loss))
            continue
        for run in np.split(again, np.flatnonzero(np.diff(again) != 1) + 1):
            inside = rows_in(np.isin(np.arange(number + 1), run), region.scores, buckets)
            if len(inside):
                pending.append(region.part(inside, found.above[:, [run[-1]]]))
        found.bound[large] = np.inf
        searched.append(found)
    # last, when the best cuts of the large buckets rule out most of the small ones
    least = min([best.loss, *(found.least for found in searched)])
    for found in searched:
        thresholds, sums = sort_open(found, least + loss.slack)
        if len(thresholds):
            best = _better(best, _first_least(thresholds, sums, loss))
    return best


def sort_open(found: CutSearch, limit: float) -> tuple[Floats, Floats]:
    """Return the distinct scores, and the sums of the cuts at them, in buckets within a limit."""
    is_open = _open(found, limit)
    rows = rows_in(is_open, found.region.scores, found.buckets)
    part = found.region.part(rows, found.region.above)
    thresholds, sums = descend(part.scores, part.target, part.delta)
    # these sums leave out the rows of closed buckets: add those above each open one
    kept = np.flatnonzero(is_open)
    inside = found.inside[:, kept]
    missing = found.above[:, kept] - (from_top(inside) - inside)
    place = np.searchsorted(kept, found.buckets.of(thresholds))
    return thresholds, sums + missing[:, place]


def _sorted_region(region: Region, loss: Loss) -> Cut:
    """Return the best cut at a score of a region by sorting its rows."""
    if region.scores.min() == region.scores.max():
        return _first_least(region.scores[:1], region.sums() + region.above, loss)
    thresholds, sums = descend(region.scores, region.target, region.delta)
    return _first_least(thresholds, sums + region.above, loss)


def _open(found: CutSearch, limit: float) -> Mask:
    """Return which buckets may hold a cut of at most this loss."""
    return np.isfinite(found.bound) & (found.bound <= limit)


def _search(
    region: Region, buckets: Buckets, sample: Sample, best: Cut, loss: Loss
) -> tuple[Cut, CutSearch]:
    """Count a region; return the best cut with the scores that have a bucket for themselves."""
    inside, only = count_buckets(region, buckets, sample)
    below = from_top(inside) + region.above
    above = below - inside
    losses = loss.at(below)
    bound = loss.bound(above, below)
    bound[inside[TP] + inside[FP] == 0] = np.inf
    alone = np.flatnonzero(~np.isnan(only))[::-1]
    if len(alone):
        best = _better(best, _first_least(only[alone], below[:, alone], loss))
        bound[alone] = np.inf
    least = min(best.loss, float(losses.min()))
    return best, CutSearch(region, buckets, inside, above, bound, least)


def _without_crowd(whole: Region, best: Cut, loss: Loss) -> tuple[Cut, list[Region]]:
    """Return the best cut and the regions left to search once a score of most rows is dealt with.

    Buckets would have to sort out rows that are all the same.
    """
    sample = sample_of(whole.scores).scores
    crowd = sample[len(sample) // 2]
    if 4 * np.count_nonzero(sample == crowd) < 3 * len(sample):
        return best, [whole]
    upper = whole.part(whole.scores > crowd, whole.above)
    lower = whole.part(whole.scores < crowd, whole.above)
    up_to = whole.sums() - lower.sums()
    here = _first_least(np.array([crowd]), up_to, loss)
    regions = [upper, lower._replace(above=up_to)]
    return _better(best, here), [region for region in regions if len(region.scores)]


def grid_cut(
    scores: Scores, target: Target, loss: Loss, step: float, weights: Weights | None = None
) -> Cut:
    """Return the cut of least loss over the grid points in [0, 1]; of equal losses the highest.

    Raises `RequestError` if there is no row or a score is not finite.
    """
    score_range(scores)
    points = grid_points(step)
    # a row is flagged at all points up to its score: as many as searchsorted counts
    label = np.searchsorted(points, scores, side="right")
    inside = np.zeros((2 if loss.delta is None else 4, len(points) + 1))
    positive, number = target == 1, len(points) + 1
    inside[TP] = np.bincount(label[positive], weights_of(weights, positive), minlength=number)
    inside[FP] = np.bincount(label, weights, minlength=number) - inside[TP]
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


def descend(
    scores: Scores, target: Target, delta: Floats | None, weights: Weights | None = None
) -> tuple[Floats, Floats]:
    """Return all distinct scores from the highest down, and the sums of the cuts at them."""
    if delta is None:
        ranked = sort_rows(target, scores, weights)
    else:
        ranked, order = order_rows(target, scores, weights)
    starts = ranked.starts  # ties are cut together
    sums = np.empty((2 if delta is None else 4, len(starts)))
    sums[TP], sums[FP] = ranked.counts(starts)
    if delta is not None:
        change = delta[order]
        for kind, part in ((ADDED, change), (GAINED, np.minimum(change, 0.0))):
            sums[kind] = from_top(np.add.reduceat(part, starts))[::-1]
    return ranked.score[starts][::-1], sums


def _nobody_cut(high: float, loss: Loss) -> Cut:
    nothing = np.zeros((4, 1))
    return Cut(float(np.nextafter(high, np.inf)), 0.0, 0.0, float(loss.at(nothing)[0]))


def _better(one: Cut, other: Cut) -> Cut:
    """Return the cut of less loss, the one with the higher threshold if they are equal."""
    return min(one, other, key=lambda cut: (cut.loss, -cut.threshold))


def _first_least(thresholds: Floats, sums: Floats, loss: Loss) -> Cut:
    """Return the first cut of least loss; cuts come from the highest threshold down."""
    values = loss.at(sums)
    i = int(np.argmin(values))
    return Cut(float(thresholds[i]), float(sums[TP, i]), float(sums[FP, i]), float(values[i]))
