"""What the finished folds of an experiment say of the figure that a search looks for.

A cross-fitted figure does not exist before the last fold. Its stand-in is what the finished folds
give at one threshold that they choose together, by the experiment's own rule: a proxy, good
enough to tell which trials are hopeless, and never recorded as the figure itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cutscore.cost.matrix import CostMatrix, join_costs
from cutscore.errors import RequestError
from cutscore.experiment.parts import Experiment, FoldProgress
from cutscore.metrics import decision_metrics
from cutscore.metrics.aggregate import difference, mean
from cutscore.metrics.catalogue import SCORE_METRICS, describe
from cutscore.records import (
    FoldResult,
    MetricValue,
    Scores,
    Target,
    ThresholdChoice,
    Undefined,
    fit_calibrator,
    size_of,
    weights_of,
)


def prune_value(
    experiment: Experiment, progress: FoldProgress, metric: str, *, lower: bool
) -> MetricValue:
    """Return what stands for `metric` after the finished folds.

    Score metrics are the mean over the finished folds; F-beta, savings and what follows from a
    confusion matrix are those at the folds' common threshold. All others, costs among them, are
    the cost per row there, with its sign changed unless `lower` says that less is better.
    """
    if not progress.finished:
        return Undefined("no fold is finished")
    stand_in = describe(metric).stand_in
    means = _fold_means(progress.finished)
    if stand_in in means:
        return means[stand_in]
    rows = np.concatenate([result.fold.validation for result in progress.finished])
    dataset = progress.prepared.dataset
    target, weights = dataset.target[rows], weights_of(dataset.weights, rows)
    lengths = [len(result.scores) for result in progress.finished]
    costs = join_costs(progress.prepared.costs[: progress.done], lengths)
    try:
        choice = _common_choice(experiment, progress.finished, target, costs)
    except RequestError as error:
        return Undefined(str(error))
    if stand_in == "savings":
        return costs.savings(target, choice.total_cost)
    if stand_in == "cost_per_row":
        per_row = choice.total_cost / size_of(len(target), weights)
        return per_row if lower else -per_row
    return decision_metrics(choice.confusion, experiment.threshold.beta)[stand_in]


def _fold_means(finished: Sequence[FoldResult]) -> dict[str, MetricValue]:
    """Return the means of the score metrics over folds, those in training, and their gaps."""
    means: dict[str, MetricValue] = {}
    for name in SCORE_METRICS:
        validation = mean([result.validation[name] for result in finished])
        train = mean([result.train[name] for result in finished])
        gap = difference(train, validation)
        means |= {name: validation, f"train_{name}": train, f"{name}_gap": gap}
    return means


def _common_choice(
    experiment: Experiment, finished: Sequence[FoldResult], target: Target, costs: CostMatrix
) -> ThresholdChoice:
    """Return the threshold that the experiment's rule chooses on all finished folds together."""
    lengths = [len(result.scores) for result in finished]
    raw: Scores = np.concatenate([result.scores for result in finished])
    base_rate = np.repeat([result.base_rate for result in finished], lengths)
    prior = np.repeat([result.prior for result in finished], lengths)
    calibration = experiment.calibration
    corrected = calibration.correct(raw, base_rate, prior)
    scores = fit_calibrator(calibration, corrected, target, costs.weights).apply(corrected)
    return experiment.threshold.choose(target, scores, costs)
