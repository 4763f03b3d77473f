"""A logistic map of the log-odds (Platt 1999)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.calibration import Calibration
from cutscore.records import Scores, Target, Weights, class_sizes

Floats = npt.NDArray[np.float64]

# Scores nearer to 0 or 1 count as this near: votes of trees can be 0 and 1 exactly, and their
# infinite log-odds would be all that the map looks at.
NEAREST = 1e-6
STEPS = 100
ENOUGH = 1e-13  # of the loss: what a step must gain


@dataclass(frozen=True)
class Sigmoid(Calibration):
    """Learn p = 1 / (1 + exp(−(slope · logit(score) + offset))) with a slope of at least 0.

    Platt's map, fitted as he does with targets drawn in to (n1 + 1) / (n1 + 2) and 1 / (n0 + 2).
    It is put on the logit of the score instead of the score, because scores are probabilities:
    so it can leave calibrated scores alone and undo a shift of the prior (Kull, Silva Filho and
    Flach 2017 show that Platt's own can do neither). With row weights n1 and n0 are sums of them.
    """

    def fit(self, scores: Scores, target: Target, weights: Weights | None = None, /) -> Logistic:
        """Learn the map by Newton's method, as Lin, Lin and Weng 2007 do."""
        x = logit(scores)
        positives, negatives = class_sizes(target, weights)
        high, low = (positives + 1) / (positives + 2), 1 / (negatives + 2)
        wanted = np.where(target == 1, high, low)
        each = np.ones(len(x)) if weights is None else weights
        slope, offset = _newton(x, wanted, each)
        if slope >= 0:
            return Logistic(slope, offset)
        # Of the maps that do not turn the order round, the best is then the constant one.
        share = float((wanted * each).sum() / each.sum())
        return Logistic(0.0, float(np.log(share / (1 - share))))


@dataclass(frozen=True)
class Logistic:
    """A fitted map."""

    slope: float
    offset: float

    def apply(self, scores: Scores) -> Scores:
        """Return the probabilities of scores, shape (rows,)."""
        return _expit(self.slope * logit(scores) + self.offset)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"kind": "sigmoid", "slope": self.slope, "offset": self.offset}


def logit(scores: Scores) -> Floats:
    """Return log(s / (1 − s)) of scores kept 1e-6 away from 0 and 1, shape (rows,)."""
    kept = np.clip(scores, NEAREST, 1.0 - NEAREST)
    odds: Floats = np.log(kept / (1.0 - kept))
    return odds


def _newton(x: Floats, wanted: Floats, each: Floats) -> tuple[float, float]:
    """Return slope and offset of least log loss against soft targets.

    The arrays have shape (rows,); `each` is how many rows a row counts for.

    The loss is convex; each step is halved until the loss falls. The last step, whose gain is
    below what rounding lets us see, is taken whole.
    """
    share = float((wanted * each).sum() / each.sum())
    at = np.array([0.0, np.log(share / (1 - share))])
    loss = _loss(at, x, wanted, each)
    for _ in range(STEPS):
        p = _expit(at[0] * x + at[1])
        error, weight = (p - wanted) * each, p * (1 - p) * each
        # plain sums: BLAS would sum in as many pieces as it has threads
        cross = (weight * x).sum()
        gradient = np.array([(error * x).sum(), error.sum()])
        curvature = np.array([[(weight * x * x).sum(), cross], [cross, weight.sum()]])
        # equal scores everywhere leave the slope open: keep the matrix regular
        step = np.linalg.solve(curvature + 1e-9 * np.trace(curvature) * np.eye(2), gradient)
        gain = float(gradient @ step)
        if gain <= ENOUGH * loss:
            at = at - step
            break
        size = 1.0
        while (tried := _loss(at - size * step, x, wanted, each)) > loss and size > ENOUGH:
            size /= 2
        at, loss = at - size * step, tried
    return float(at[0]), float(at[1])


def _loss(at: Floats, x: Floats, wanted: Floats, each: Floats) -> float:
    """Return the log loss at a slope and an offset: log(1 + e^z) − wanted · z, summed by weight."""
    z = at[0] * x + at[1]
    return float(((np.logaddexp(0.0, z) - wanted * z) * each).sum())


def _expit(z: Floats) -> Floats:
    """Return 1 / (1 + e^−z) without overflow."""
    p: Floats = np.exp(-np.logaddexp(0.0, -z))
    return p
