"""From a cut, or any threshold, to a `ThresholdChoice`."""

from __future__ import annotations

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import confusion_at
from cutscore.records import Confusion, Scores, Target, ThresholdChoice
from cutscore.threshold.kernels import Cut
from cutscore.threshold.losses import ObjectiveName


def choice_of(
    cut: Cut,
    target: Target,
    scores: Scores,
    costs: CostMatrix,
    *,
    objective: ObjectiveName,
    search: str,
    step: float | None = None,
) -> ThresholdChoice:
    """Return the choice that a search found on rows of shape (rows,)."""
    positives = int(np.count_nonzero(target))
    tn, fn = len(target) - positives - cut.fp, positives - cut.tp
    if costs.fixed:
        total = float(costs.of_counts(cut.tp, cut.fp, tn, fn))
    else:
        total = costs.total(target, scores >= cut.threshold)
    return ThresholdChoice(
        threshold=cut.threshold,
        objective=objective,
        search=search,
        step=step,
        value=cut.loss if objective == "cost" else 0.0 - cut.loss,
        total_cost=total,
        confusion=Confusion(float(cut.tp), float(cut.fp), float(tn), float(fn)),
    )


def cut_at(target: Target, scores: Scores, threshold: float, costs: CostMatrix) -> Cut:
    """Return the cut at a given threshold, its loss being the total cost."""
    flagged = scores >= threshold
    counts = confusion_at(target, flagged)
    return Cut(float(threshold), int(counts.tp), int(counts.fp), costs.total(target, flagged))
