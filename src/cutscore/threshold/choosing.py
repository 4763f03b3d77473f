"""From a cut, or any threshold, to a `ThresholdChoice`, and from that to decisions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import confusion_at
from cutscore.records import Confusion, Scores, Target, ThresholdChoice
from cutscore.threshold.constraints import Limits
from cutscore.threshold.kernels import Cut
from cutscore.threshold.losses import ObjectiveName

Flags = npt.NDArray[np.bool_]


def choice_of(
    cut: Cut,
    target: Target,
    scores: Scores,
    costs: CostMatrix,
    *,
    objective: ObjectiveName,
    search: str,
    beta: float | None = None,
    step: float | None = None,
    limits: Limits | None = None,
    per_row: bool = False,
) -> ThresholdChoice:
    """Return the choice that a search found on rows of shape (rows,)."""
    positives = int(np.count_nonzero(target))
    tn, fn = len(target) - positives - cut.fp, positives - cut.tp
    if costs.fixed and not per_row:
        total = float(costs.of_counts(cut.tp, cut.fp, tn, fn))
    else:
        total = cut.loss if per_row else costs.total(target, scores >= cut.threshold)
    return ThresholdChoice(
        threshold=cut.threshold,
        objective=objective,
        search=search,
        step=step,
        value=cut.loss if objective == "cost" else 0.0 - cut.loss,
        total_cost=total,
        confusion=Confusion(float(cut.tp), float(cut.fp), float(tn), float(fn)),
        beta=beta if objective == "fbeta" else None,
        constraints=limits.given if limits else {},
        per_row=per_row,
    )


def cut_at(target: Target, scores: Scores, threshold: float, costs: CostMatrix) -> Cut:
    """Return the cut at a given threshold, its loss being the total cost."""
    flagged = scores >= threshold
    counts = confusion_at(target, flagged)
    return Cut(float(threshold), int(counts.tp), int(counts.fp), costs.total(target, flagged))


def flagged_by(choice: ThresholdChoice, scores: Scores, costs: CostMatrix) -> Flags:
    """Return which rows a choice flags, shape (rows,), given their costs."""
    return costs.cheaper_flagged(scores) if choice.per_row else scores >= choice.threshold


def decide(
    choice: ThresholdChoice, target: Target, scores: Scores, costs: CostMatrix
) -> tuple[Confusion, float]:
    """Return the outcomes and the total cost of a choice on rows, perhaps other than its own."""
    flagged = flagged_by(choice, scores, costs)
    return confusion_at(target, flagged), costs.total(target, flagged)
