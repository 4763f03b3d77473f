"""Figures of calibration and of rules that decide each row by its own costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from cutscore.metrics import brier, calibration_error, log_loss
from cutscore.metrics.aggregate import mean, spread
from cutscore.records import MetricValue, Scores, Target, Undefined, Weights, weights_of
from cutscore.report.result import Result

Named = tuple[str, MetricValue, int]
"""Key, value and step."""


def calibration_figures(result: Result, before: Mapping[str, MetricValue]) -> Iterator[Named]:
    """Yield calibration error before and after, and Brier score and log loss after.

    After means by calibrators that did not see the rows. All are over the scores of all folds
    together, averaged over repeats, as are the score metrics `before`.
    """
    error = _pooled(result, result.oof.score, calibration_error)
    yield "ece", error, 0
    after = result.cross_calibrated
    if np.array_equal(after, result.oof.score):
        yield "ece_calibrated", error, 0
        yield "brier_calibrated", before["brier"], 0
        yield "log_loss_calibrated", before["log_loss"], 0
        return
    yield "ece_calibrated", _pooled(result, after, calibration_error), 0
    yield "brier_calibrated", _pooled(result, after, brier), 0
    yield "log_loss_calibrated", _pooled(result, after, log_loss), 0


def rule_figures(result: Result) -> Iterator[Named]:
    """Yield cost and savings of Bayes minimum risk and of the no-model rule, with fold spread."""
    for name, rule in (("bayes_risk", result.bayes_risk), ("no_model_rule", result.no_model_rule)):
        if isinstance(rule, Undefined):
            for key in ("cost", "savings", "savings_std"):
                yield f"{name}_{key}", rule, 0
            continue
        yield f"{name}_cost", rule.total_cost, 0
        yield f"{name}_savings", rule.savings, 0
        yield f"{name}_savings_std", spread(rule.fold_savings), 0
        for step, savings in enumerate(rule.fold_savings):
            yield f"fold_{name}_savings", savings, step


def _pooled(
    result: Result,
    scores: Scores,
    figure: Callable[[Target, Scores, Weights | None], MetricValue],
) -> MetricValue:
    """Return a figure of the entries that have a score, averaged over repeats."""
    oof, values = result.oof, []
    for repeat in np.unique(oof.repeat):
        here = (oof.repeat == repeat) & np.isfinite(scores)
        values.append(figure(oof.target[here], scores[here], weights_of(oof.weights, here)))
    return mean(values, "repeat")
