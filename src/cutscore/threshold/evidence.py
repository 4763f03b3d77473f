"""What speaks for a threshold: its cost on rows that did not choose it, and reference points.

In repeated validation a threshold is chosen on the entries of all repeats together; costs and
counts are averaged over repeats, so that they stay comparable with a single pass over the rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import fbeta
from cutscore.records import (
    Confusion,
    CrossFit,
    OutOfFold,
    PartDecision,
    Reference,
    Rows,
    Scores,
    Target,
    ThresholdChoice,
    Undefined,
)
from cutscore.threshold import ThresholdRule
from cutscore.threshold.choosing import choice_of, cut_at
from cutscore.threshold.exact import Exact
from cutscore.threshold.grid import Grid


class FittedMap(Protocol):
    """A fitted calibrator, as far as this module needs it."""

    def apply(self, scores: Scores) -> Scores:
        """Return calibrated scores, shape (rows,)."""
        ...


class Calibrating(Protocol):
    """A calibration strategy, as far as this module needs it."""

    def fit(self, scores: Scores, target: Target) -> FittedMap:
        """Learn from scores and targets, both of shape (rows,)."""
        ...


def cross_fit(
    oof: OutOfFold, costs: CostMatrix, rule: ThresholdRule, calibration: Calibrating
) -> CrossFit:
    """Decide each part with a threshold and calibrator fitted on other parts of its repeat.

    Which parts may inform a part is `oof.rule`: all others, or only the earlier ones. `costs`
    are aligned with the entries of `oof`.
    """
    decisions: list[PartDecision] = []
    decided: list[Rows] = []
    for repeat in np.unique(oof.repeat):
        entries = np.flatnonzero(oof.repeat == repeat)
        labels = oof.part[entries]
        for part in np.unique(labels):
            inside = entries[labels == part]
            fit_on = entries[labels < part if oof.rule == "earlier" else labels != part]
            if len(fit_on):
                decisions.append(_decide(oof, costs, rule, calibration, inside, fit_on))
                decided.append(inside)
    if not decisions:
        return _nothing_decided(oof)
    return _summary(oof, costs, rule.beta, decisions, decided)


def reference(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    *,
    step: float = 0.001,
    bayes_valid: bool = True,
) -> Reference:
    """Choose a threshold on all out-of-fold scores and compare it on the same scores.

    `costs` are aligned with the entries of `oof`, `step` is the reference grid's. If scores are
    calibrated, pass an `oof` with the calibrated scores.
    """
    target, scores, repeats = oof.target, oof.score, oof.repeats
    chosen = rule.choose(target, scores, costs)
    exact = Exact().choose(target, scores, costs)
    grid = Grid(step=step).choose(target, scores, costs)
    nobody, everybody = costs.no_model(target)
    return Reference(
        chosen=_per_repeat(chosen, repeats),
        cost_per_row=chosen.total_cost / len(target),
        savings=costs.savings(target, chosen.total_cost),
        flag_nobody=nobody / repeats,
        flag_everybody=everybody / repeats,
        exact=_per_repeat(exact, repeats),
        grid=_per_repeat(grid, repeats),
        grid_excess=(grid.total_cost - exact.total_cost) / repeats,
        bayes=_bayes(target, scores, costs, repeats),
        bayes_valid=bayes_valid,
    )


def _decide(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    calibration: Calibrating,
    inside: Rows,
    fit_on: Rows,
) -> PartDecision:
    calibrator = calibration.fit(oof.score[fit_on], oof.target[fit_on])
    chosen = rule.choose(
        oof.target[fit_on], calibrator.apply(oof.score[fit_on]), costs.take(fit_on)
    )
    target, here = oof.target[inside], costs.take(inside)
    cut = cut_at(target, calibrator.apply(oof.score[inside]), chosen.threshold, here)
    positives = int(np.count_nonzero(target))
    return PartDecision(
        repeat=int(oof.repeat[inside[0]]),
        part=int(oof.part[inside[0]]),
        rows=len(inside),
        threshold=chosen.threshold,
        total_cost=cut.loss,
        confusion=Confusion(
            tp=float(cut.tp),
            fp=float(cut.fp),
            tn=float(len(inside) - positives - cut.fp),
            fn=float(positives - cut.tp),
        ),
    )


def _summary(
    oof: OutOfFold,
    costs: CostMatrix,
    beta: float,
    decisions: list[PartDecision],
    decided: list[Rows],
) -> CrossFit:
    repeats = oof.repeats
    rows = np.concatenate(decided)
    total = sum(d.total_cost for d in decisions)
    thresholds = [d.threshold for d in decisions]
    by_repeat = [
        _sum([d.confusion for d in decisions if d.repeat == repeat])
        for repeat in sorted({d.repeat for d in decisions})
    ]
    values = [fbeta(confusion, beta) for confusion in by_repeat]
    missing = next((value for value in values if isinstance(value, Undefined)), None)
    numbers = [value for value in values if not isinstance(value, Undefined)]
    return CrossFit(
        total_cost=total / repeats,
        cost_per_row=total / len(rows),
        savings=costs.take(rows).savings(oof.target[rows], total),
        fbeta=missing if missing is not None else float(np.mean(numbers)),
        threshold_std=(
            float(np.std(thresholds))
            if len(thresholds) > 1
            else Undefined("only one part was decided")
        ),
        confusion=_shared(_sum(by_repeat), repeats),
        rows=len(rows) // repeats,
        left_out=(len(oof.row) - len(rows)) // repeats,
        parts=tuple(decisions),
    )


def _nothing_decided(oof: OutOfFold) -> CrossFit:
    why = Undefined("there is no part of the scored rows to fit a threshold for another part on")
    return CrossFit(why, why, why, why, why, why, 0, len(oof.row) // oof.repeats, ())


def _bayes(
    target: Target, scores: Scores, costs: CostMatrix, repeats: int
) -> ThresholdChoice | Undefined:
    threshold = costs.bayes_threshold()
    if threshold is None:
        return Undefined(
            "mistakes cost no more than right decisions"
            if costs.fixed
            else "costs differ from row to row, and so does the Bayes threshold"
        )
    cut = cut_at(target, scores, threshold, costs)
    choice = choice_of(cut, target, scores, costs, objective="cost", search="bayes")
    return _per_repeat(choice, repeats)


def _per_repeat(choice: ThresholdChoice, repeats: int) -> ThresholdChoice:
    """Return the choice with its cost and counts averaged over repeats."""
    if repeats == 1:
        return choice
    total = choice.total_cost / repeats
    value = total if choice.objective == "cost" else choice.value
    confusion = _shared(choice.confusion, repeats)
    return replace(choice, total_cost=total, value=value, confusion=confusion)


def _sum(parts: list[Confusion]) -> Confusion:
    return Confusion(
        tp=sum(c.tp for c in parts),
        fp=sum(c.fp for c in parts),
        tn=sum(c.tn for c in parts),
        fn=sum(c.fn for c in parts),
    )


def _shared(confusion: Confusion, repeats: int) -> Confusion:
    return Confusion(
        tp=confusion.tp / repeats,
        fp=confusion.fp / repeats,
        tn=confusion.tn / repeats,
        fn=confusion.fn / repeats,
    )
