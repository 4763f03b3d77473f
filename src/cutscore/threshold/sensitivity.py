"""How threshold and cost depend on what mistakes cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Confusion, Target, class_sizes
from cutscore.threshold.implied import Frontier
from cutscore.threshold.losses import Floats

RATIOS = np.arange(1.0, 101.0)
POINTS = 201


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """The optimum for each ratio of FN to FP cost, each of shape (ratios,).

    `cost` is r FN + FP: in units of what a false positive costs.
    """

    ratio: Floats
    threshold: Floats
    cost: Floats


@dataclass(frozen=True, eq=False)
class CostCurves:
    """Normalised expected cost by probability cost (Drummond and Holte 2006), shape (points,).

    With PC = p(+) C_FN / (p(+) C_FN + p(−) C_FP), a threshold's normalised expected cost is
    FNR PC + FPR (1 − PC): `best` is the least over all thresholds, `trivial` that of the better of
    flagging nobody (PC) and everybody (1 − PC).
    """

    probability_cost: Floats
    best: Floats
    threshold: Floats
    trivial: Floats


def sensitivity_of(frontier: Frontier, ratios: Floats = RATIOS) -> Sensitivity:
    """Return the optimum as the FN:FP cost ratio runs over `ratios`, all above 0."""
    threshold, cost = frontier.best(ratios)
    return Sensitivity(ratios, threshold, cost)


def cost_curves(frontier: Frontier, points: int = POINTS) -> CostCurves:
    """Return the lower envelope of all thresholds' cost lines."""
    pc = np.linspace(0.0, 1.0, points)
    fnr, fpr = frontier.fn / frontier.positives, frontier.fp / frontier.negatives
    lines = fnr * pc[:, None] + fpr * (1.0 - pc[:, None])
    place = lines.shape[1] - 1 - np.argmin(lines[:, ::-1], axis=1)  # of equal ones the highest
    best = lines[np.arange(points), place]
    return CostCurves(pc, best, frontier.threshold[place], np.minimum(pc, 1.0 - pc))


def expected_cost(counts: Confusion, probability_cost: float | Floats) -> float | Floats:
    """Return the normalised expected cost of one threshold; both classes must be there."""
    fnr = counts.fn / (counts.tp + counts.fn)
    fpr = counts.fp / (counts.fp + counts.tn)
    return fnr * probability_cost + fpr * (1.0 - probability_cost)


def asked_ratio(target: Target, costs: CostMatrix) -> float | None:
    """Return (C_FN − C_TP) / (C_FP − C_TN), of means over the rows of each class, by weight.

    None unless both differences are above 0.
    """
    regret = -costs.delta(target)
    positive = target == 1
    if not positive.any() or positive.all():
        return None
    positives, negatives = class_sizes(target, costs.weights)
    miss = float(regret[positive].sum()) / positives
    alarm = -float(regret[~positive].sum()) / negatives
    return miss / alarm if miss > 0 and alarm > 0 else None
