"""Rows counted in buckets of the score range.

Sums over rows have the layout that `losses` describes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cutscore.records import Scores, Target
from cutscore.threshold.losses import ADDED, FP, GAINED, TP, Floats

CHUNK = 1 << 16  # rows labelled at a time: the buffers stay in the cache
SAMPLE = 1 << 11

# Added to a number below 2^40, this leaves twice the number in the low bits (and rounds to them).
_TO_BITS = 2.0**51
_EVEN_BITS = np.int64((1 << 42) - 2)

Labels = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Region(NamedTuple):
    """Rows of neighbouring scores, and the sums over all rows that score higher, shape (k, 1)."""

    scores: Scores
    target: Target
    delta: Floats | None
    above: Floats

    def part(self, rows: Labels | Mask, above: Floats) -> Region:
        """Return some of the rows, with the sums over the rows above these."""
        delta = None if self.delta is None else self.delta[rows]
        return Region(self.scores[rows], self.target[rows], delta, above)

    def sums(self) -> Floats:
        """Return the sums over the region's own rows, shape (k, 1)."""
        sums = np.zeros((len(self.above), 1))
        sums[TP] = np.count_nonzero(self.target)
        sums[FP] = len(self.target) - sums[TP]
        if self.delta is not None:
            sums[ADDED], sums[GAINED] = self.delta.sum(), np.minimum(self.delta, 0.0).sum()
        return sums


class Buckets(NamedTuple):
    """How scores fall into buckets 0, 1, ..., `number`: a higher score never into a lower one.

    The buckets from `low` to `high` are equally wide, or with a `shift` equally many to each
    octave (the bits of positive floats order as the floats do), for scores that crowd near 0.
    With `clipped`, scores may lie outside; the first and last bucket take them.
    """

    number: int
    low: float
    high: float
    shift: int
    clipped: bool

    @property
    def scale(self) -> float:
        """Buckets per unit of score, if they are equally wide."""
        return self.number / (self.high - self.low)

    def doubled(self, scores: Scores, room: Scores, labels: Labels) -> None:
        """Write twice the bucket of each score to `labels`; `room` is overwritten.

        Casting floats to integers one by one would take as long as all of this.
        """
        if self.clipped:
            scores = np.minimum(scores, self.high, out=room)
        if self.clipped or self.shift:  # also turns -0.0, whose bits are out of order, into `low`
            scores = np.maximum(scores, self.low, out=room)
        if self.shift:
            bits = labels.view(np.uint64)
            np.subtract(scores.view(np.uint64), _bits(self.low), out=bits)
            np.right_shift(bits, np.uint64(self.shift - 1), out=bits)
            np.bitwise_and(labels, np.int64(-2), out=labels)
            return
        np.subtract(scores, self.low, out=room)
        room *= self.scale
        room += _TO_BITS
        np.bitwise_and(room.view(np.int64), _EVEN_BITS, out=labels)

    def of(self, scores: Scores) -> Labels:
        """Return the bucket of each score."""
        labels = np.empty(len(scores), dtype=np.int64)
        self.doubled(scores, np.empty(len(scores)), labels)
        return labels >> 1

    def edges(self, first: int, last: int) -> tuple[float, float]:
        """Return two scores such that all scores in buckets `first` to `last` lie between them."""
        if self.shift:
            base = int(_bits(self.low))
            least = _float(base + (first << self.shift))
            most = _float(base + ((last + 1) << self.shift))
        else:  # rounding moves a score by less than a bucket
            least = np.nextafter(self.low + (first - 1) / self.scale, -np.inf)
            most = np.nextafter(self.low + (last + 2) / self.scale, np.inf)
        beyond = self.clipped and last + 1 >= int(self.of(np.array([self.high]))[0])
        return least if first else -np.inf, np.inf if beyond else most


class Sample(NamedTuple):
    """Some of the scores, sorted; `tied` says that most of them occur several times."""

    scores: Scores
    tied: bool


def sample_of(scores: Scores) -> Sample:
    """Return evenly spaced rows: about `SAMPLE`, or one in 512 of many."""
    step = min(len(scores) // SAMPLE, 1 << 9)
    ranked = np.sort(scores[:: max(step, 1)])
    distinct = 1 + np.count_nonzero(ranked[1:] != ranked[:-1])
    return Sample(ranked, bool(2 * distinct < len(ranked)))


def buckets_for(sample: Sample, low: float, high: float, number: int) -> Buckets | None:
    """Return buckets for scores from `low` to `high`, of the kind that spreads the sample better.

    None if the range is too narrow or too wide for a width.
    """
    tail = len(sample.scores) >> 8
    least, most = float(sample.scores[tail]), float(sample.scores[-1 - tail])
    clipped = 0 < most - least < 0.1 * (high - low)
    if not clipped:
        least, most = low, high
    width = most - least
    even = None
    if 0 < width < np.inf and 0 < number / width < np.inf:
        even = Buckets(number, least, most, 0, clipped)
    floor = max(float(sample.scores[tail]), low)
    if floor <= 0 or not floor < high:
        return even
    spread = int(_bits(high) - _bits(floor))
    shift = max((spread // number).bit_length(), 1)
    octaves = Buckets(number, floor, high, shift, clipped=False)
    if even is None:
        return octaves
    crowding = _crowding(even.of(sample.scores))
    if crowding < len(sample.scores):  # no more than a few rows of the sample to a bucket
        return even
    return octaves if 2 * _crowding(octaves.of(sample.scores)) < crowding else even


class Counted(NamedTuple):
    """Sums over the rows of each bucket, shape (2 or 4, number + 1).

    `only` holds the one score of a bucket where that is known, else NaN, shape (number + 1,).
    """

    inside: Floats
    only: Floats


def count_buckets(region: Region, buckets: Buckets, sample: Sample) -> Counted:
    """Count rows; if the sample is tied, find out which buckets hold one score only."""
    scores, target, delta, _ = region
    width = buckets.number + 1
    counts, others = np.zeros(2 * width, dtype=np.int64), np.zeros(width, dtype=np.int64)
    sums = np.zeros((2 if delta is None else 4, width))
    only = np.full(width, np.nan)
    if sample.tied:
        only[buckets.of(sample.scores)] = sample.scores
    expected = np.repeat(only, 2)
    chunk = min(CHUNK, len(scores))
    room, label = np.empty(chunk), np.empty(chunk, dtype=np.int64)
    for start in range(0, len(scores), chunk):
        run = slice(start, min(start + chunk, len(scores)))
        n = run.stop - start
        buckets.doubled(scores[run], room[:n], label[:n])
        if delta is not None:
            add_deltas(sums, label[:n] >> 1, delta[run])
        label[:n] += target[run]
        counts += np.bincount(label[:n], minlength=2 * width)
        if sample.tied:
            np.take(expected, label[:n], out=room[:n], mode="clip")
            other = label[:n][room[:n] != scores[run]]
            if len(other):
                others += np.bincount(other >> 1, minlength=width)
    sums[FP], sums[TP] = counts[0::2], counts[1::2]
    only[others > 0] = np.nan
    return Counted(sums, only)


def add_deltas(sums: Floats, label: Labels, delta: Floats) -> None:
    """Add what flagging rows adds to their costs, by bucket (exact in any order)."""
    buckets = sums.shape[1]
    sums[ADDED] += np.bincount(label, weights=delta, minlength=buckets)
    sums[GAINED] += np.bincount(label, weights=np.minimum(delta, 0.0), minlength=buckets)


def rows_in(chosen: Mask, scores: Scores, buckets: Buckets) -> Labels:
    """Return the rows whose bucket is chosen."""
    places = np.flatnonzero(chosen)
    if len(places) == 0:
        return places
    # comparing is cheaper than labelling: label only what lies near
    least, most = buckets.edges(int(places[0]), int(places[-1]))
    near = np.flatnonzero((scores >= least) & (scores <= most))
    return near[chosen[buckets.of(scores[near])]]


def _crowding(labels: Labels) -> int:
    """Return how many pairs of rows share a bucket."""
    counts = np.bincount(labels)
    return int(np.dot(counts, counts)) - len(labels)


def _bits(value: float) -> np.uint64:
    return np.float64(value).view(np.uint64)


def _float(bits: int) -> float:
    return float(np.uint64(bits).view(np.float64))
