"""Searches over thresholds, as pure functions of arrays.

The exact search looks at every distinct score without sorting them all: rows are counted in
buckets of the score range, a lower bound says which buckets may hold the optimum, and only the
rows of those are sorted. It returns to the last bit what sorting all rows would.

Sums over flagged rows have the layout that `losses` describes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError
from cutscore.records import Scores, Target
from cutscore.threshold.losses import ADDED, FP, GAINED, TP, Floats, Loss

BUCKETS = 1 << 13
CHUNK = 1 << 15  # rows labelled at a time: the buffers stay in the cache
FEW_ROWS = 1 << 13  # below this, sorting all rows is cheaper than counting them in buckets
LEVELS = 8  # how often buckets are made narrower before all rows left are sorted

Labels = npt.NDArray[np.int64]


class Cut(NamedTuple):
    """A threshold, the positives and negatives that it flags, and its loss."""

    threshold: float
    tp: int
    fp: int
    loss: float


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

    If more than `few` rows may, they are counted again in buckets of the narrower score range
    (most scores in a corner of the range, as with rare positives or one outlier).
    """
    nobody = _nobody_cut(float(scores.max()), loss)
    delta, best = loss.delta, nobody.loss
    base = np.zeros((2 if delta is None else 4, 1))  # sums over the rows above those looked at
    for _ in range(LEVELS):
        low, high = score_range(scores)
        scale = buckets / (high - low) if high > low else np.inf
        if not 0 < scale < np.inf:
            break  # one score, or too narrow or too wide a range for a bucket width
        inside = count_buckets(scores, target, delta, low, scale, buckets + 1)
        below = from_top(inside) + base
        above = below - inside
        best = min(best, float(loss.at(below).min()))
        may_hold = loss.bound(above, below) <= best + loss.slack
        rows = rows_in(may_hold, scores, low, scale)
        if len(rows) == 0:
            return nobody
        kept = np.flatnonzero(may_hold)
        if len(rows) <= few or kept[-1] - kept[0] > buckets // 2:
            thresholds, sums = descend(scores[rows], target[rows], _at(delta, rows))
            # these sums leave out the rows of closed buckets: add those above each open one
            missing = above[:, kept] - (from_top(inside[:, kept]) - inside[:, kept])
            place = np.searchsorted(kept, buckets_of(thresholds, low, scale))
            return _better(nobody, _first_least(thresholds, sums + missing[:, place], loss))
        may_hold[kept[0] : kept[-1] + 1] = True
        rows = rows_in(may_hold, scores, low, scale)
        base = above[:, kept[-1:]]
        scores, target, delta = scores[rows], target[rows], _at(delta, rows)
    thresholds, sums = descend(scores, target, delta)
    return _better(nobody, _first_least(thresholds, sums + base, loss))


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
    ends = np.append(ranked[1:] != ranked[:-1], True)  # a cut takes in all tied scores
    sums = np.empty((2 if delta is None else 4, int(np.count_nonzero(ends))))
    last = np.flatnonzero(ends)
    sums[TP] = np.cumsum(target[order], dtype=np.int64)[last]
    sums[FP] = last + 1 - sums[TP]
    if delta is not None:
        change = delta[order]
        sums[ADDED] = np.cumsum(change)[last]
        sums[GAINED] = np.cumsum(np.minimum(change, 0.0))[last]
    return ranked[last], sums


def count_buckets(
    scores: Scores, target: Target, delta: Floats | None, low: float, scale: float, buckets: int
) -> Floats:
    """Return the sums over the rows of each bucket, shape (2 or 4, buckets).

    A row's bucket is `(score − low) * scale`, truncated. Each step is monotone in floating point,
    so that a higher score never has a lower bucket.
    """
    counts = np.zeros(2 * buckets, dtype=np.int64)
    sums = np.zeros((2 if delta is None else 4, buckets))
    scaled, label = np.empty(CHUNK), np.empty(CHUNK, dtype=np.int64)
    for start in range(0, len(scores), CHUNK):
        run = slice(start, min(start + CHUNK, len(scores)))
        n = run.stop - start
        np.subtract(scores[run], low, out=scaled[:n])
        np.multiply(scaled[:n], scale, out=label[:n], casting="unsafe")
        if delta is not None:
            add_deltas(sums, label[:n], delta[run])
        label[:n] += label[:n]
        label[:n] += target[run]
        counts += np.bincount(label[:n], minlength=2 * buckets)
    sums[FP], sums[TP] = counts[0::2], counts[1::2]
    return sums


def add_deltas(sums: Floats, label: Labels, delta: Floats) -> None:
    """Add what flagging rows adds to their costs, by bucket (exact in any order)."""
    buckets = sums.shape[1]
    sums[ADDED] += np.bincount(label, weights=delta, minlength=buckets)
    sums[GAINED] += np.bincount(label, weights=np.minimum(delta, 0.0), minlength=buckets)


def rows_in(
    chosen: npt.NDArray[np.bool_], scores: Scores, low: float, scale: float
) -> npt.NDArray[np.int64]:
    """Return the rows whose bucket is chosen (buckets as `count_buckets` makes them)."""
    places = np.flatnonzero(chosen)
    if len(places) == 0:
        return places
    # comparing is cheaper than labelling: label only what lies near, a bucket wider each side
    least = np.nextafter(low + (places[0] - 1) / scale, -np.inf)
    most = np.nextafter(low + (places[-1] + 2) / scale, np.inf)
    near = np.flatnonzero((scores >= least) & (scores <= most))
    return near[chosen[buckets_of(scores[near], low, scale)]]


def buckets_of(scores: Scores, low: float, scale: float) -> Labels:
    """Return the bucket of each score, as `count_buckets` makes them."""
    return ((scores - low) * scale).astype(np.int64)


def from_top(inside: Floats) -> Floats:
    """Return the sums over each bucket and all higher ones."""
    return np.cumsum(inside[:, ::-1], axis=1)[:, ::-1]


def _at(delta: Floats | None, rows: Labels) -> Floats | None:
    return None if delta is None else delta[rows]


def _nobody_cut(high: float, loss: Loss) -> Cut:
    nothing = np.zeros((4, 1))
    return Cut(float(np.nextafter(high, np.inf)), 0, 0, float(loss.at(nothing)[0]))


def _better(higher: Cut, lower: Cut) -> Cut:
    """Return the cut of less loss, the one with the higher threshold if they are equal."""
    return lower if lower.loss < higher.loss else higher


def _first_least(thresholds: Floats, sums: Floats, loss: Loss) -> Cut:
    """Return the first cut of least loss; cuts come from the highest threshold down."""
    values = loss.at(sums)
    i = int(np.argmin(values))
    return Cut(float(thresholds[i]), int(sums[TP, i]), int(sums[FP, i]), float(values[i]))
