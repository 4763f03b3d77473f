"""What speaks for a threshold: its cost on rows that did not choose it, and reference points.

In repeated validation a threshold is chosen on the entries of all repeats together; costs and
counts are averaged over repeats, so that they stay comparable with a single pass over the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import fbeta
from cutscore.records import (
    OWN_COSTS,
    Calibrates,
    Calibrator,
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
    fit_calibrator,
    size_of,
    weights_of,
)
from cutscore.threshold import ThresholdRule
from cutscore.threshold.basis import basis_of
from cutscore.threshold.bayes import bayes_choice
from cutscore.threshold.choosing import outcome_of
from cutscore.threshold.exact import Exact
from cutscore.threshold.grid import Grid

FINE_STEP = 0.001
"""The step of the grid that every exact optimum is compared with."""


def cross_fit(
    oof: OutOfFold, costs: CostMatrix, rule: ThresholdRule, calibration: Calibrates
) -> CrossFit:
    """Decide each part with a rule and calibrator fitted on the parts that may inform it.

    `costs` are aligned with the entries of `oof`.
    """
    return cross_fit_best([oof], costs, rule, calibration)


def cross_fit_best(
    candidates: Sequence[OutOfFold], costs: CostMatrix, rule: ThresholdRule, calibration: Calibrates
) -> CrossFit:
    """Decide each part by the candidate that costs the parts least that may inform it.

    Candidates are scores of the same entries. The parts that may inform a part choose candidate,
    calibrator and threshold together, on their own rows (of equal ones the first); so nothing of
    a part has a say in how it is decided.
    """
    oof = candidates[0]
    parts = list(oof.informed_parts())
    decisions = [
        _decide(candidates, costs, rule, calibration, inside, fit_on) for inside, fit_on in parts
    ]
    if not decisions:
        return _nothing_decided(oof)
    return _summary(oof, costs, rule.beta, decisions, [inside for inside, _ in parts])


def reference(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    *,
    bayes_valid: bool | None = None,
    origin: ScoreOrigin = "out-of-fold",
    calibration: str = "none",
) -> Reference:
    """Choose a threshold on all out-of-fold scores and compare it on the same scores.

    `costs` are aligned with the entries of `oof`. If scores are calibrated, pass an `oof` with the
    calibrated scores, and the name of the calibration. What the choices were made on is recorded
    in each (`basis`).
    """
    target, scores, repeats = oof.target, oof.score, oof.repeats
    basis = basis_of(scores, costs, origin, calibration)
    chosen = replace(rule.choose(target, scores, costs), basis=basis)
    exact = replace(Exact().choose(target, scores, costs), basis=basis)
    grid = replace(Grid(step=FINE_STEP).choose(target, scores, costs), basis=basis)
    bayes = _bayes(target, scores, costs, repeats)
    nobody, everybody = costs.no_model(target)
    return Reference(
        chosen=_per_repeat(chosen, repeats),
        cost_per_row=chosen.total_cost / size_of(len(target), costs.weights),
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
    candidates: Sequence[OutOfFold],
    costs: CostMatrix,
    rule: ThresholdRule,
    calibration: Calibrates,
    inside: Rows,
    fit_on: Rows,
) -> PartDecision:
    tried = [fit_rule(oof, costs, rule, calibration, fit_on) for oof in candidates]
    place = int(np.argmin([chosen.total_cost for chosen, _ in tried]))
    oof, (chosen, calibrator) = candidates[place], tried[place]
    target, here = oof.target[inside], costs.take(inside)
    scores = calibrator.apply(oof.score[inside])
    confusion, total = outcome_of(chosen.rule, target, scores, here)
    return PartDecision(
        repeat=int(oof.repeat[inside[0]]),
        part=int(oof.part[inside[0]]),
        rows=len(inside),
        threshold=chosen.threshold,
        total_cost=total,
        confusion=confusion,
    )


def fit_rule(
    oof: OutOfFold, costs: CostMatrix, rule: ThresholdRule, calibration: Calibrates, fit_on: Rows
) -> tuple[ThresholdChoice, Calibrator]:
    """Fit calibrator and threshold on some entries (positions), and return both."""
    weights = weights_of(oof.weights, fit_on)
    calibrator = fit_calibrator(calibration, oof.score[fit_on], oof.target[fit_on], weights)
    scores = calibrator.apply(oof.score[fit_on])
    return rule.choose(oof.target[fit_on], scores, costs.take(fit_on)), calibrator


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
    by_repeat = [
        Confusion.total(d.confusion for d in decisions if d.repeat == repeat)
        for repeat in sorted({d.repeat for d in decisions})
    ]
    values = [fbeta(confusion, beta) for confusion in by_repeat]
    missing = next((value for value in values if isinstance(value, Undefined)), None)
    numbers = [value for value in values if not isinstance(value, Undefined)]
    return CrossFit(
        total_cost=total / repeats,
        cost_per_row=total / size_of(len(rows), weights_of(costs.weights, rows)),
        savings=costs.take(rows).savings(oof.target[rows], total),
        fbeta=missing if missing is not None else float(np.mean(numbers)),
        threshold_std=_threshold_std(decisions),
        confusion=Confusion.total(by_repeat).shared(repeats),
        rows=len(rows) // repeats,
        left_out=(len(oof.row) - len(rows)) // repeats,
        parts=tuple(decisions),
    )


def _threshold_std(decisions: list[PartDecision]) -> float | Undefined:
    thresholds = [d.threshold for d in decisions if d.threshold is not None]
    if len(thresholds) < len(decisions):
        return Undefined(OWN_COSTS)
    if len(thresholds) < 2:
        return Undefined("only one part was decided")
    return float(np.std(thresholds))


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
    confusion = choice.confusion.shared(repeats)
    return replace(choice, total_cost=total, value=value, confusion=confusion)
