"""Rows by bands of their score: gains by decile, and whether each grade keeps its promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cutscore.metrics import equal_count_bins
from cutscore.metrics.drift import jeffreys
from cutscore.records import Scores, Target, Weights

DECILES = 10
LEVEL = 0.95
FEWEST = 50
"""A grade holds at least so many rows, and a hundredth of all."""
EDGES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ScoreBand:
    """Rows whose scores lie between two others.

    Attributes
    ----------
    low, high : the lowest and the highest score in it
    rows : how many rows
    size, positives : rows, and rows of class 1, by weight
    mean : of the scores, by weight
    effective : how many rows of equal weight tell as much (Kish 1965)
    """

    low: float
    high: float
    rows: int
    size: float
    positives: float
    mean: float
    effective: float

    @property
    def rate(self) -> float:
        """The share of positives: what lenders call the bad rate."""
        return self.positives / self.size


@dataclass(frozen=True)
class Gain:
    """A band in the table of gains, which goes from the highest score down.

    Attributes
    ----------
    band : its rows
    depth, captured : the share of all rows, and of all positives, in it and the bands above
    lift : how many times the base rate its rate is
    separation : `captured` minus the share of all negatives in it and the bands above
    """

    band: ScoreBand
    depth: float
    captured: float
    lift: float
    separation: float


@dataclass(frozen=True)
class Grade:
    """A band whose mean score is held against its share of positives.

    Attributes
    ----------
    band : its rows
    low, high : Jeffreys' 95 % interval of the rate
    p_value : the probability, after these rows, that the true rate is at most the mean score;
        small where the score promises too little (the one-sided test of supervisors)
    """

    band: ScoreBand
    low: float
    high: float
    p_value: float

    @property
    def verdict(self) -> str:
        """Whether the mean score lies in the interval of the rate, in a word or two."""
        if self.band.mean < self.low:
            return "too low"
        return "too high" if self.band.mean > self.high else "holds"


def bands_of(
    which: Labels, target: Target, scores: Scores, weights: Weights | None = None
) -> tuple[ScoreBand, ...]:
    """Return the bands that rows are in, by their labels from 0 without gaps; shapes (rows,)."""
    each = np.ones(len(scores)) if weights is None else weights
    rows, size = np.bincount(which), np.bincount(which, each)
    low, high = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    np.minimum.at(low, which, scores)
    np.maximum.at(high, which, scores)
    positives, total = np.bincount(which, each * target), np.bincount(which, each * scores)
    effective = size**2 / np.bincount(which, each**2)
    columns = (low, high, rows, size, positives, total / size, effective)
    return tuple(ScoreBand(*values) for values in zip(*(c.tolist() for c in columns), strict=True))


def gains(target: Target, scores: Scores, weights: Weights | None = None) -> tuple[Gain, ...]:
    """Return the table of gains by decile, the highest scores first; both classes are there.

    Deciles hold about equally many rows; equal scores share one, so there may be fewer.
    """
    bands = bands_of(equal_count_bins(scores, DECILES), target, scores, weights)[::-1]
    size, positives = sum(b.size for b in bands), sum(b.positives for b in bands)
    found, above, hit = [], 0.0, 0.0
    for band in bands:
        above, hit = above + band.size, hit + band.positives
        captured, missed = hit / positives, (above - hit) / (size - positives)
        lift = band.rate / (positives / size)
        found.append(Gain(band, above / size, captured, lift, captured - missed))
    return tuple(found)


def grades(target: Target, scores: Scores, weights: Weights | None = None) -> tuple[Grade, ...]:
    """Return the grades of a round master scale, the lowest scores first.

    Scores outside [0, 1] are no probabilities: their grades are deciles.
    """
    which = equal_count_bins(scores, DECILES)
    if scores.min() >= 0 and scores.max() <= 1:
        which = _merged(np.searchsorted(EDGES, scores, side="right"))
    return tuple(grade_of(band) for band in bands_of(which, target, scores, weights))


def grade_of(band: ScoreBand) -> Grade:
    """Return a band with Jeffreys' interval and test of its rate.

    The rate's distribution is Beta(d + 1/2, n − d + 1/2) for d positives among n rows. Weighed rows
    count for as many as they tell.
    """
    from scipy.special import betainc

    n = band.effective
    hit = n * band.rate
    low, high = jeffreys(np.array([hit]), np.array([n]), LEVEL)
    promised = min(max(band.mean, 0.0), 1.0)
    p_value = float(betainc(hit + 0.5, n - hit + 0.5, promised))
    return Grade(band, float(low[0]), float(high[0]), p_value)


def reversals(found: Sequence[Grade]) -> list[tuple[Grade, Grade]]:
    """Return neighbouring grades, the lowest first, of which the upper has the lower rate."""
    return [(low, high) for low, high in pairwise(found) if high.band.rate < low.band.rate]


def beyond_chance(reversal: tuple[Grade, Grade]) -> bool:
    """Return whether the intervals of two grades lie apart."""
    return reversal[1].high < reversal[0].low


def _merged(which: Labels) -> Labels:
    """Return labels from 0 without gaps, bands that hold too few rows put together from below."""
    counts = np.bincount(which)
    least = max(FEWEST, len(which) / 100)
    label, held, new = 0, 0, np.zeros(len(counts), dtype=np.int64)
    for at, count in enumerate(counts):
        new[at] = label
        held += int(count)
        if held >= least:
            label, held = label + 1, 0
    if held < least and label:
        new[new == label] = label - 1  # what is left at the top
    return new[which]
