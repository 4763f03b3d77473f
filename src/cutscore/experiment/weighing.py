"""Row weights in an experiment: what rows cost by weight, and what cannot go by weight."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from cutscore.cost import CostMatrix, FittedCost
from cutscore.errors import Fault, RequestError
from cutscore.experiment.parts import Experiment
from cutscore.model import MayTakeWeights
from cutscore.records import Dataset, Rows, weights_of
from cutscore.threshold.bayes import Bayes
from cutscore.threshold.objective import Objective

SETTING = "data.weight"


def weighed_costs(prices: FittedCost, dataset: Dataset, rows: Rows) -> CostMatrix:
    """Return what decisions on some rows cost, by the rows' weights.

    Raises
    ------
    RequestError
        If a cost times a weight is too large to be summed.
    """
    costs = prices.matrix(dataset.amounts, rows)
    try:
        return costs.weighed(weights_of(dataset.weights, rows))
    except ValueError as error:
        raise RequestError(Fault(SETTING, f"costs times weights are too large: {error}")) from error


def check_weighing(experiment: Experiment, dataset: Dataset) -> None:
    """Check that all of an experiment can go by weight, if rows have weights.

    Raises
    ------
    RequestError
        With every part that would leave the weights out of account.
    """
    if dataset.weights is None:
        return
    if faults := list(_unweighable(experiment)):
        raise RequestError(faults)


def _unweighable(experiment: Experiment) -> Iterator[Fault]:
    sampling, model = experiment.sampling, experiment.model
    calibration, threshold = experiment.calibration, experiment.threshold
    if sampling.synthesises:
        yield Fault(
            SETTING,
            f"{_name(sampling)} makes up rows between others, and these have no weight.",
            "Use sampling=balanced, cost_weighted, undersample or none, or set data.weight=null.",
        )
    if isinstance(model, MayTakeWeights) and not model.takes_weights:
        yield Fault(
            SETTING,
            f"{model.what} takes no row weights.",
            "Choose another model, or set data.weight=null.",
        )
    try:
        inspect.signature(calibration.fit).bind(None, None, None)
    except TypeError:
        yield _own_class(
            "calibration", calibration, "its `fit` takes no weights (a third argument)"
        )
    if not isinstance(threshold, (Objective, Bayes)):
        yield _own_class("threshold", threshold, "it may leave weights out of account")


def _own_class(group: str, part: object, why: str) -> Fault:
    return Fault(
        SETTING,
        f"{group} is {_name(part)}, a class of your own: {why}.",
        f"Choose one of Cutscore's for {group}, or set data.weight=null.",
    )


def _name(part: object) -> str:
    return type(part).__name__
