"""What the finished folds of an experiment say of the figure that a search looks for.

A cross-fitted figure does not exist before the last fold. Its stand-in is what the finished folds
give at one threshold that they choose together, by the experiment's own rule: a proxy, good
enough to tell which trials are hopeless, and never recorded as the figure itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cutscore.cost.matrix import CostMatrix, Costs, join_costs
from cutscore.errors import RequestError
from cutscore.experiment.parts import Experiment, FoldProgress, Prepared
from cutscore.metrics import decision_metrics
from cutscore.metrics.aggregate import difference, mean
from cutscore.metrics.catalogue import SCORE_METRICS, describe
from cutscore.records import (
    Fold,
    FoldResult,
    MetricValue,
    Scores,
    Target,
    ThresholdChoice,
    Undefined,
    fit_calibrator,
    size_of,
)


class ScoredFold(Protocol):
    """What is needed of a fold to decide its rows: a `FoldResult` has it, and more."""

    @property
    def fold(self) -> Fold:
        """Which rows trained and which validated."""
        ...

    @property
    def scores(self) -> Scores:
        """Those of the validation rows, shape (validation rows,)."""
        ...

    @property
    def base_rate(self) -> float:
        """The share of positives among the training rows."""
        ...

    @property
    def prior(self) -> float:
        """That share as sampling made it."""
        ...


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
    try:
        made = decide_together(experiment, progress.prepared, progress.finished)
    except RequestError as error:
        return Undefined(str(error))
    if stand_in == "savings":
        return made.savings
    if stand_in == "cost_per_row":
        return made.cost_per_row if lower else -made.cost_per_row
    return decision_metrics(made.choice.confusion, experiment.threshold.beta)[stand_in]


@dataclass(frozen=True, eq=False)
class CommonDecision:
    """What some folds' rows cost at one threshold that they choose together.

    `scores`, `target` and `costs` are those of the rows, fold after fold.
    """

    choice: ThresholdChoice
    target: Target
    scores: Scores
    costs: CostMatrix

    @property
    def cost_per_row(self) -> float:
        """The cost at the threshold, divided by the rows' number or weight."""
        return self.choice.total_cost / size_of(len(self.target), self.costs.weights)

    @property
    def savings(self) -> MetricValue:
        """The savings at the threshold."""
        return self.costs.savings(self.target, self.choice.total_cost)

    def losses(self) -> Costs:
        """Return what each row costs, shape (rows,)."""
        flagged = self.choice.rule.flag(self.scores, self.costs)
        given = self.costs.flagged(self.target), self.costs.unflagged(self.target)
        return np.where(flagged, *given)


def decide_together(
    experiment: Experiment, prepared: Prepared, finished: Sequence[ScoredFold]
) -> CommonDecision:
    """Decide the rows of the first folds by the experiment's rule, fitted on all of them.

    Raises
    ------
    RequestError
        If no threshold meets the rule's limits.
    """
    rows = np.concatenate([result.fold.validation for result in finished])
    target = prepared.dataset.target[rows]
    lengths = [len(result.scores) for result in finished]
    costs = join_costs(prepared.costs[: len(finished)], lengths)
    raw: Scores = np.concatenate([result.scores for result in finished])
    base_rate = np.repeat([result.base_rate for result in finished], lengths)
    prior = np.repeat([result.prior for result in finished], lengths)
    calibration = experiment.calibration
    corrected = calibration.correct(raw, base_rate, prior)
    scores = fit_calibrator(calibration, corrected, target, costs.weights).apply(corrected)
    return decided(experiment, target, scores, costs)


def decided(
    experiment: Experiment, target: Target, scores: Scores, costs: CostMatrix
) -> CommonDecision:
    """Decide rows of shape (rows,) by the experiment's rule, fitted on these very rows."""
    return CommonDecision(experiment.threshold.choose(target, scores, costs), target, scores, costs)


def _fold_means(finished: Sequence[FoldResult]) -> dict[str, MetricValue]:
    """Return the means of the score metrics over folds, those in training, and their gaps."""
    means: dict[str, MetricValue] = {}
    for name in SCORE_METRICS:
        validation = mean([result.validation[name] for result in finished])
        train = mean([result.train[name] for result in finished])
        gap = difference(train, validation)
        means |= {name: validation, f"train_{name}": train, f"{name}_gap": gap}
    return means
