"""How rows would be decided by a threshold that was chosen anew, on other rows than these."""

from __future__ import annotations

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.records import FixedThreshold, Flags, Scores, Target
from cutscore.threshold.exact import Exact

PARTS = 5


def refitted_flags(
    target: Target, scores: Scores, costs: CostMatrix, *, seed: int = 42
) -> tuple[Flags, float]:
    """Decide each of five stratified parts at the cost optimum of the others.

    What another threshold would save on rows that chose it is never below 0, and so says nothing;
    what these decisions save may be either.

    Returns
    -------
    flags : shape (rows,)
    threshold : the cost optimum of all rows
    """
    rng, part = np.random.default_rng(seed), np.empty(len(target), dtype=np.int64)
    for value in (0, 1):
        rows = np.flatnonzero(target == value)
        part[rng.permutation(rows)] = np.arange(len(rows)) % PARTS
    flags = np.zeros(len(target), dtype=bool)
    for number in range(PARTS):
        inside, others = np.flatnonzero(part == number), np.flatnonzero(part != number)
        chosen = Exact().choose(target[others], scores[others], costs.take(others))
        flags[inside] = chosen.rule.flag(scores[inside])
    whole = Exact().choose(target, scores, costs).rule
    assert isinstance(whole, FixedThreshold)  # noqa: S101  # the search knows no other
    return flags, whole.threshold
