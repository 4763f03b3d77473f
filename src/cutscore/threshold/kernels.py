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
    low, high = score_range(scores)
    # a range too narrow or too wide for a finite bucket width (constant scores too) is sorted
    scale = BUCKETS / (high - low) if high > low else np.inf
    if len(scores) < FEW_ROWS or not 0 < scale < np.inf:
        return sorted_cut(scores, target, loss)
    return bucketed_cut(scores, target, loss, BUCKETS)


def sorted_cut(scores: Scores, target: Target, loss: Loss) -> Cut:
    """Return the cut that `exact_cut` describes by sorting all rows."""
    thresholds, sums = descend(scores, target, loss.delta)
    return _best_of(thresholds, sums, loss)


def bucketed_cut(scores: Scores, target: Target, loss: Loss, buckets: int) -> Cut:
    """Return the cut that `exact_cut` describes by sorting only rows that may hold it.

    The highest score must exceed the lowest.
    """
    low, high = score_range(scores)
    scale = buckets / (high - low)
    inside = count_buckets(scores, target, loss.delta, low, scale, buckets + 1)
    below = from_top(inside)
    above = below - inside
    nobody = float(loss.at(_nobody(inside))[0])
    best = min(float(loss.at(below).min()), nobody)
    may_hold = loss.bound(above, below) <= best + loss.slack
    rows = rows_in(may_hold, scores, low, scale)
    if len(rows) == 0:
        return Cut(float(np.nextafter(high, np.inf)), 0, 0, nobody)
    thresholds, sums = descend(
        scores[rows], target[rows], None if loss.delta is None else loss.delta[rows]
    )
    # these sums leave out the rows of closed buckets: add those above each open one
    kept = np.flatnonzero(may_hold)
    missing = above[:, kept] - (from_top(inside[:, kept]) - inside[:, kept])
    place = np.searchsorted(kept, buckets_of(thresholds, low, scale))
    return _best_of(thresholds, sums + missing[:, place], loss, high)


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


def _nobody(like: Floats) -> Floats:
    return np.zeros((len(like), 1))


def _best_of(thresholds: Floats, sums: Floats, loss: Loss, high: float | None = None) -> Cut:
    """Return the best of the cuts and of flagging nobody; `high` is the highest score of all."""
    nobody = np.nextafter(thresholds[0] if high is None else high, np.inf)
    return _first_least(
        np.concatenate([[nobody], thresholds]), np.hstack([_nobody(sums), sums]), loss
    )


def _first_least(thresholds: Floats, sums: Floats, loss: Loss) -> Cut:
    """Return the first cut of least loss; cuts come from the highest threshold down."""
    values = loss.at(sums)
    i = int(np.argmin(values))
    return Cut(float(thresholds[i]), int(sums[TP, i]), int(sums[FP, i]), float(values[i]))
