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
    ScoreOrigin,
    Scores,
    Target,
    ThresholdChoice,
    Undefined,
)
from cutscore.threshold import ThresholdRule
from cutscore.threshold.basis import basis_of
from cutscore.threshold.bayes import bayes_choice
from cutscore.threshold.choosing import decide
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
    origin: ScoreOrigin = "out-of-fold",
    calibration: str = "none",
) -> Reference:
    """Choose a threshold on all out-of-fold scores and compare it on the same scores.

    `costs` are aligned with the entries of `oof`, `step` is the reference grid's. If scores are
    calibrated, pass an `oof` with the calibrated scores, and the name of the calibration. What
    the choices were made on is recorded in each (`basis`).
    """
    target, scores, repeats = oof.target, oof.score, oof.repeats
    basis = basis_of(scores, costs, origin, calibration)
    chosen = replace(rule.choose(target, scores, costs), basis=basis)
    exact = replace(Exact().choose(target, scores, costs), basis=basis)
    grid = replace(Grid(step=step).choose(target, scores, costs), basis=basis)
    bayes = _bayes(target, scores, costs, repeats)
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
        bayes=bayes if isinstance(bayes, Undefined) else replace(bayes, basis=basis),
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
    confusion, total = decide(chosen, target, calibrator.apply(oof.score[inside]), here)
    return PartDecision(
        repeat=int(oof.repeat[inside[0]]),
        part=int(oof.part[inside[0]]),
        rows=len(inside),
        threshold=chosen.threshold,
        total_cost=total,
        confusion=confusion,
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
    if scores.min() < 0 or scores.max() > 1:
        return Undefined("some scores lie outside [0, 1]")
    if costs.fixed and costs.bayes_threshold() is None:
        return Undefined("mistakes cost no more than right decisions")
    return _per_repeat(bayes_choice(target, scores, costs), repeats)


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
