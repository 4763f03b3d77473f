"""What rules cost that decide each row by its own costs, on rows that taught them nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix, Flags
from cutscore.records import OutOfFold, Rows, RuleCost, Scores, Target, Undefined


def bayes_risk(oof: OutOfFold, probability: Scores, costs: CostMatrix) -> RuleCost | Undefined:
    """Return the cost of Bayes minimum risk.

    Parameters
    ----------
    oof : OutOfFold
        The entries.
    probability : array of float64, shape (entries,)
        Probabilities of class 1 from a calibrator that did not see the entry's part; NaN leaves
        the entry out.
    costs : CostMatrix
        Their costs, aligned with the entries.
    """
    there = np.isfinite(probability)
    if not there.any():
        return Undefined("there is no part of the scored rows to calibrate another part on")
    entries = np.flatnonzero(there)
    if probability[entries].min() < 0 or probability[entries].max() > 1:
        return Undefined("some scores lie outside [0, 1]")
    taken = costs.take(entries)
    return _rule_cost(oof, entries, taken, taken.cheaper_flagged(probability[entries]))


def no_model_risk(oof: OutOfFold, costs: CostMatrix) -> RuleCost | Undefined:
    """Return the cost of the rule without a model: every row as likely positive as training rows.

    It knows costs and no features; a model has to save more than it.
    """
    if oof.base_rate is None:
        return Undefined("the base rate of training rows is not known")
    entries = np.arange(len(oof.row), dtype=np.int64)
    return _rule_cost(oof, entries, costs, costs.cheaper_flagged(oof.base_rate))


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


def _rule_cost(oof: OutOfFold, entries: Rows, costs: CostMatrix, flagged: Flags) -> RuleCost:
    target = oof.target[entries]
    total = costs.total(target, flagged)
    folds = []
    for here in _folds(oof, entries):
        part, label = costs.take(here), target[here]
        folds.append(part.savings(label, part.total(label, flagged[here])))
    return RuleCost(
        total_cost=total / oof.repeats,
        savings=costs.savings(target, total),
        fold_savings=tuple(folds),
        rows=len(entries) // oof.repeats,
    )


def _folds(oof: OutOfFold, entries: Rows) -> list[npt.NDArray[np.int64]]:
    """Return the positions in `entries` of each fold of each repeat."""
    repeat, fold = oof.repeat[entries], oof.fold[entries]
    parts = []
    for number in np.unique(repeat):
        inside = repeat == number
        parts += [np.flatnonzero(inside & (fold == part)) for part in np.unique(fold[inside])]
    return parts
