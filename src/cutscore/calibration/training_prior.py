"""The share of positives as a model saw it in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cutscore.records import ClassFactors, Rows, Target, TrainingRows, Weights


@dataclass(frozen=True)
class TrainingPrior:
    """What a model learnt of how rare positives are.

    Attributes
    ----------
    share : of positives, by weight
    natural : nothing was drawn, made up or weighted, so that scores may be probabilities
    doubt : why a correction by `share` is approximate, '' if it is not
    """

    share: float
    natural: bool
    doubt: str


def training_prior(
    training: TrainingRows,
    rows: Rows,
    target: Target,
    class_factors: Callable[[float, float], ClassFactors] | None = None,
    own: Weights | None = None,
) -> TrainingPrior:
    """Return the prior that a model sees.

    Parameters
    ----------
    training : TrainingRows
        What sampling made of the training rows; synthetic rows weigh one.
    rows : array of int64, shape (rows,)
        The training rows before they were sampled.
    target : array of int8, shape (all rows,)
        The target of all rows.
    class_factors : callable, optional
        What the classifier's own parameters do to so many negatives and positives.
    own : array of float64, shape (all rows,), optional
        What all rows weigh by themselves, multiplied with the weights that sampling gave.
    """
    label = target[training.rows]
    made_up = training.synthetic
    doubt = "" if made_up is None else "rows were made up"
    weights, own = training.weights, None if own is None else own[training.rows]
    seen = weights if own is None else own if weights is None else weights * own
    counts, sums = np.zeros(2), np.zeros(2)
    for positive in (0, 1):
        here = label == positive
        counts[positive] = np.count_nonzero(here)
        sums[positive] = counts[positive] if seen is None else seen[here].sum()
        if weights is not None and counts[positive] and np.ptp(weights[here]) > 0:
            doubt = "weights differ within a class"
        if made_up is not None:
            extra = np.count_nonzero(made_up.target == positive)
            counts[positive] += extra
            sums[positive] += extra
    factors = ClassFactors() if class_factors is None else class_factors(counts[0], counts[1])
    if own is not None and not factors.equal:
        doubt = "the classifier weighs classes itself, beside the weights of rows"
    sums *= factors.negative, factors.positive
    total = float(sums.sum())
    as_they_are = made_up is None and weights is None and np.array_equal(training.rows, rows)
    return TrainingPrior(
        share=float(sums[1]) / total if total > 0 else 0.0,
        natural=as_they_are and factors.equal and not factors.doubt,
        doubt=doubt or factors.doubt,
    )
