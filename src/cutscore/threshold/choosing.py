"""From a cut, or any threshold, to a `ThresholdChoice`, and from a rule to its outcome."""

from __future__ import annotations

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import confusion_at
from cutscore.records import (
    Confusion,
    DecisionRule,
    FixedThreshold,
    Scores,
    Target,
    ThresholdChoice,
    class_sizes,
)
from cutscore.threshold.constraints import Limits
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
    beta: float | None = None,
    step: float | None = None,
    limits: Limits | None = None,
) -> ThresholdChoice:
    """Return the choice that a search found on rows of shape (rows,)."""
    positives, negatives = class_sizes(target, costs.weights)
    tn, fn = negatives - cut.fp, positives - cut.tp
    rule = FixedThreshold(cut.threshold)
    if costs.fixed:
        total = float(costs.of_counts(cut.tp, cut.fp, tn, fn))
    else:
        total = costs.total(target, rule.flag(scores))
    return ThresholdChoice(
        rule=rule,
        objective=objective,
        search=search,
        step=step,
        value=cut.loss if objective == "cost" else 0.0 - cut.loss,
        total_cost=total,
        confusion=Confusion(cut.tp, cut.fp, tn, fn),
        beta=beta if objective == "fbeta" else None,
        constraints=limits.given if limits else {},
    )


def outcome_of(
    rule: DecisionRule, target: Target, scores: Scores, costs: CostMatrix
) -> tuple[Confusion, float]:
    """Return the outcomes and the total cost of deciding rows by a rule."""
    flagged = rule.flag(scores, costs)
    return confusion_at(target, flagged, costs.weights), costs.total(target, flagged)
