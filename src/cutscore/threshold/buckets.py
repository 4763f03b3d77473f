"""Rows counted in buckets of equal width of the score range.

Sums over rows have the layout that `losses` describes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cutscore.records import Scores, Target
from cutscore.threshold.losses import ADDED, FP, GAINED, TP, Floats

CHUNK = 1 << 15  # rows labelled at a time: the buffers stay in the cache

Labels = npt.NDArray[np.int64]


class Region(NamedTuple):
    """Rows of neighbouring scores, and the sums over all rows that score higher, shape (k, 1)."""

    scores: Scores
    target: Target
    delta: Floats | None
    above: Floats

    def part(self, rows: Labels, above: Floats) -> Region:
        """Return some of the rows, with the sums over the rows above these."""
        delta = None if self.delta is None else self.delta[rows]
        return Region(self.scores[rows], self.target[rows], delta, above)


def count_buckets(region: Region, low: float, scale: float, buckets: int) -> Floats:
    """Return the sums over the rows of each bucket, shape (2 or 4, buckets).

    A row's bucket is `(score − low) * scale`, truncated. Each step is monotone in floating point,
    so that a higher score never has a lower bucket.
    """
    scores, target, delta, _ = region
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
