"""How many child rows each parent has."""

from __future__ import annotations

import numpy as np

from cutscore.data.synthetic.marginals import Integers


def counts(rng: np.random.Generator, parents: int, without: float, mean: float) -> Integers:
    """Return numbers of children: none for a share of parents, for the others 1 or more.

    `mean` is the mean among those who have any; the spread is that of a geometric mixture, as
    numbers of credits and applications have it.
    """
    some = 1 + rng.poisson(rng.gamma(1.3, (mean - 1) / 1.3, parents))
    number: Integers = np.where(rng.random(parents) < without, 0, some).astype(np.int64)
    return number


def within(length: Integers) -> Integers:
    """Return 0, 1, ... for the children of each parent, one after another."""
    starts = np.cumsum(length) - length
    places: Integers = np.arange(int(length.sum()), dtype=np.int64) - np.repeat(starts, length)
    return places
