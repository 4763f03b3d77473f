"""The share of positives as a model saw it in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutscore.records import Target, TrainingRows

# Parameters of the classifiers that weigh classes, whatever the sampling method does.
BALANCING = ("is_unbalance", "unbalance", "unbalanced_sets")


@dataclass(frozen=True)
class TrainingPrior:
    """Share of positives by weight, and why a correction by it is approximate ('' if it is not)."""

    share: float
    doubt: str


def weighs_classes(params: Mapping[str, Any]) -> bool:
    """Return whether a classifier's parameters weigh classes."""
    balances = any(params.get(name) for name in BALANCING)
    given = params.get("class_weight"), params.get("scale_pos_weight")
    return balances or given[0] is not None or given[1] not in (None, 1)


def training_prior(
    training: TrainingRows, target: Target, params: Mapping[str, Any]
) -> TrainingPrior:
    """Return the prior that a model with these parameters sees.

    Parameters
    ----------
    training : TrainingRows
        What the model is fitted on; synthetic rows weigh one.
    target : array of int8, shape (all rows,)
        The target of all rows.
    params : mapping
        The classifier's parameters.
    """
    label = target[training.rows]
    made_up = training.synthetic
    doubt = "" if made_up is None else "rows were made up"
    weights = training.weights
    counts, sums = np.zeros(2), np.zeros(2)
    for positive in (0, 1):
        here = label == positive
        counts[positive] = np.count_nonzero(here)
        sums[positive] = counts[positive] if weights is None else weights[here].sum()
        if weights is not None and counts[positive] and np.ptp(weights[here]) > 0:
            doubt = "weights differ within a class"
        if made_up is not None:
            extra = np.count_nonzero(made_up.target == positive)
            counts[positive] += extra
            sums[positive] += extra
    sums *= _class_factors(params, counts[0], counts[1])
    total = float(sums.sum())
    return TrainingPrior(float(sums[1]) / total if total > 0 else 0.0, doubt)


def _class_factors(
    params: Mapping[str, Any], negatives: float, positives: float
) -> tuple[float, float]:
    """Return what a classifier's own parameters multiply weights of negatives and positives by.

    As LightGBM (scale_pos_weight, is_unbalance), XGBoost (scale_pos_weight) and scikit-learn
    (class_weight) define them.
    """
    negative, positive = 1.0, 1.0
    if any(params.get(name) for name in BALANCING) and positives and negatives:
        positive = negatives / positives
    scale = params.get("scale_pos_weight")
    if isinstance(scale, int | float):
        positive *= scale
    given = params.get("class_weight")
    if isinstance(given, str) and positives and negatives:  # "balanced", "balanced_subsample"
        positive *= negatives / positives
    elif isinstance(given, Mapping):
        negative *= float(given.get(0, given.get("0", 1.0)))
        positive *= float(given.get(1, given.get("1", 1.0)))
    return negative, positive
