"""Decisions of least expected cost, each row by its own costs.

Bayes minimum risk: flag where flagging has the lower expected cost (Elkan 2001; with costs per
row Bahnsen, Stojanovic, Aouada and Ottersten 2014, "Improving credit card fraud detection with
calibrated probabilities").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix, Costs
from cutscore.records import Scores, Target

Flags = npt.NDArray[np.bool_]


def bayes_decisions(probability: Scores, costs: CostMatrix) -> Flags:
    """Return which rows to flag, shape (rows,).

    A row is flagged if p (C_FN − C_TP) >= (1 − p)(C_FP − C_TN), and not where right and wrong cost
    the same. With C_TP = C_TN = 0 that is p >= C_FP / (C_FP + C_FN).
    """
    threshold = costs.bayes_threshold()
    if threshold is not None:  # the quotient, so that a score equal to the threshold is flagged
        return np.greater_equal(probability, threshold)
    alarm, miss = regrets(costs)
    cheaper = np.greater_equal(probability * miss, (1.0 - probability) * alarm)
    flags: Flags = np.logical_and(cheaper, (miss != 0) | (alarm != 0))
    return flags


def regrets(costs: CostMatrix) -> tuple[Costs, Costs]:
    """Return what a false alarm and a miss cost more than the right decision, (rows,) or ()."""
    return (
        np.asarray(costs.false_positive) - np.asarray(costs.true_negative),
        np.asarray(costs.false_negative) - np.asarray(costs.true_positive),
    )


def no_model_rule(base_rate: Scores, costs: CostMatrix) -> Flags:
    """Return which rows to flag if every row is as likely positive as the training rows are.

    `base_rate` is their share of positives, shape (rows,). The rule knows costs and no features:
    a model has to save more than it.
    """
    return bayes_decisions(base_rate, costs)


def one_sided(costs: CostMatrix, target: Target) -> str | None:
    """Return a sentence if one decision is never the dearer one in any row, else None.

    No score can then change the best decision. Where single rows are like that nothing is said.
    """
    delta = costs.delta(target)
    if (delta <= 0).all():
        return "flagging never costs more than not flagging in any row: flag everybody."
    if (delta >= 0).all():
        return "not flagging never costs more than flagging in any row: flag nobody."
    return None
