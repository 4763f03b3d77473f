"""What rules cost that decide each row by its own costs, on rows that taught them nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.cost.bayes import Flags, bayes_decisions, no_model_rule
from cutscore.cost.matrix import CostMatrix
from cutscore.records import OutOfFold, Rows, RuleCost, Scores, Undefined


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
    return _rule_cost(oof, entries, taken, bayes_decisions(probability[entries], taken))


def no_model_risk(oof: OutOfFold, costs: CostMatrix) -> RuleCost | Undefined:
    """Return the cost of the no-model rule, at the base rate of each fold's training rows."""
    if oof.base_rate is None:
        return Undefined("the base rate of training rows is not known")
    entries = np.arange(len(oof.row), dtype=np.int64)
    return _rule_cost(oof, entries, costs, no_model_rule(oof.base_rate, costs))


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
