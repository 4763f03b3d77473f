"""What every threshold rule must hold to."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from strategies import with_all_others

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import RequestError
from cutscore.threshold.bayes import Bayes
from cutscore.threshold.exact import Exact
from cutscore.threshold.grid import Grid

RULES = with_all_others(
    "threshold",
    Exact(),
    Exact(objective="fbeta"),
    Exact(objective="fbeta", beta=3.2),
    Grid(),
    Grid(step=0.25),
    Grid(step=0.01, objective="fbeta", beta=0.5),
    Exact(objective="f1"),
    Exact(objective="youden"),
    Exact(objective="balanced_accuracy"),
    Exact(objective="mcc"),
    Grid(objective="mcc"),
    Bayes(),
)
SEARCHES = [rule for rule in RULES if not isinstance(rule, Bayes)]
every_search = pytest.mark.parametrize("rule", SEARCHES, ids=repr)
every_rule = pytest.mark.parametrize("rule", RULES, ids=repr)


def data(per_row=False, rows=500):
    rng = np.random.default_rng(7)
    target = (rng.random(rows) < 0.2).astype(np.int8)
    scores = np.round(1 / (1 + np.exp(-(rng.normal(size=rows) + target - 2))), 3)
    costs = CostMatrix(0.0, 1.0, 10.0, 0.0)
    if per_row:
        costs = CostMatrix(0.0, rng.random(rows), 20 * rng.random(rows), 0.1)
    return target, scores, costs


@every_rule
@pytest.mark.parametrize("per_row", [False, True])
def test_the_choice_says_what_it_costs(rule, per_row):
    target, scores, costs = data(per_row)
    choice = rule.choose(target, scores, costs)
    flagged = choice.rule.flag(scores, costs)
    assert choice.rule.needs_costs == (per_row and isinstance(rule, Bayes))
    assert choice.total_cost == costs.total(target, flagged)
    counts = choice.confusion
    assert counts.tp == (flagged & (target == 1)).sum()
    assert counts.fp == (flagged & (target == 0)).sum()
    assert counts.tp + counts.fn == target.sum()
    assert counts.tp + counts.fp + counts.tn + counts.fn == len(target)
    if rule.objective == "cost":
        assert choice.value == choice.total_cost
    else:
        assert choice.value == pytest.approx(merit(rule, target, flagged))
    assert choice.beta == (rule.beta if rule.objective == "fbeta" else None)
    assert choice.objective == rule.objective
    assert choice.search == type(rule).__name__.lower()
    assert choice.step == getattr(rule, "step", None)


def merit(rule, target, flagged):
    from sklearn import metrics

    guess = flagged.astype(int)
    if rule.objective == "fbeta":
        return metrics.fbeta_score(target, guess, beta=rule.beta, zero_division=0)
    if rule.objective == "f1":
        return metrics.f1_score(target, guess, zero_division=0)
    if rule.objective == "mcc":
        return metrics.matthews_corrcoef(target, guess)
    balanced = metrics.balanced_accuracy_score(target, guess)
    return balanced if rule.objective == "balanced_accuracy" else 2 * balanced - 1


@every_search
def test_no_cut_of_its_own_kind_is_better_and_no_higher_one_as_good(rule):
    target, scores, costs = data(rows=150)
    choice = rule.choose(target, scores, costs)
    if isinstance(rule, Grid):
        thresholds = [round(i * rule.step, 12) for i in range(int(1 / rule.step) + 1)]
    else:
        thresholds = [*np.unique(scores), np.nextafter(scores.max(), np.inf)]
    for threshold in thresholds:
        kept = scores >= threshold
        if rule.objective == "cost":
            excess = costs.total(target, kept) - choice.value
        else:
            excess = choice.value - merit(rule, target, kept)
        assert excess >= -1e-12
        if threshold > choice.threshold:
            assert excess > 1e-12


@every_rule
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("rows", [1, 20])
def test_one_class_and_one_row_get_an_answer(rule, label, rows):
    _, scores, costs = data(rows=rows)
    choice = rule.choose(np.full(rows, label, dtype=np.int8), scores, costs)
    assert np.isfinite(choice.threshold)
    if rule.objective == "cost" and isinstance(rule, Exact):
        assert choice.total_cost == 0


@every_rule
def test_constant_scores_get_an_answer(rule):
    target, scores, costs = data()
    choice = rule.choose(target, np.full(len(scores), 0.3), costs)
    everybody_or_nobody = choice.confusion.tp + choice.confusion.fp
    assert everybody_or_nobody in (0, len(target))


@every_rule
def test_scores_that_are_not_finite_are_refused(rule):
    target, scores, costs = data()
    scores[3] = np.nan
    with pytest.raises(RequestError, match="1 of 500 scores"):
        rule.choose(target, scores, costs)


@every_rule
def test_inputs_are_left_alone(rule):
    target, scores, costs = data(per_row=True)
    before = target.copy(), scores.copy()
    rule.choose(target, scores, costs)
    assert (target == before[0]).all()
    assert (scores == before[1]).all()


@pytest.mark.parametrize(
    ("kind", "given", "setting"),
    [
        (Grid, {"step": 0}, "step"),
        (Grid, {"step": 1.5}, "step"),
        (Exact, {"beta": 0}, "beta"),
        (Exact, {"objective": "costs"}, "objective"),
        (Exact, {"min_recall": 1.2}, "min_recall"),
        (Grid, {"min_precision": 0}, "min_precision"),
        (Exact, {"max_flagged": -0.1}, "max_flagged"),
        (Bayes, {"objective": "fbeta"}, "objective"),
    ],
)
def test_settings_out_of_range_are_named(kind, given, setting):
    with pytest.raises(ValidationError, match=rf"{setting}\n.*Input should be"):
        TypeAdapter(kind).validate_python(given)


def limits_message(**limits):
    target = np.array([0] * 80 + [1, 0] * 10, dtype=np.int8)
    scores = np.linspace(0, 0.99, 100)
    with pytest.raises(RequestError) as caught:
        Exact(**limits).choose(target, scores, CostMatrix(0.0, 1.0, 10.0, 0.0))
    return [str(fault) for fault in caught.value.faults]


def test_an_infeasible_constraint_says_by_how_much():
    [said] = limits_message(min_precision=0.9)
    assert said.startswith("threshold.min_precision: no threshold has a precision of at least 0.9")
    assert "the highest is 0.5 (at threshold 0.98), 0.4 too little" in said


def test_contradictory_constraints_say_what_is_possible_beside_each_other():
    said = limits_message(min_recall=1.0, max_flagged=0.1)
    assert len(said) == 2
    assert "recall of at least 1 with a flagged share at most 0.1: the highest is 0.5" in said[0]
    assert "flagged share of at most 0.1 with a recall at least 1: the lowest is 0.2" in said[1]


def test_a_constraint_that_is_met_at_the_very_edge_holds():
    target = np.array([1, 1, 1, 1, 1, 1, 1, 0, 0, 0], dtype=np.int8)
    scores = np.linspace(1.0, 0.1, 10)
    costs = CostMatrix(0.0, 1.0, 0.001, 0.0)
    choice = Exact(min_recall=0.7, max_flagged=0.7).choose(target, scores, costs)
    assert choice.confusion.tp == 7
    assert dict(choice.constraints) == {"min_recall": 0.7, "max_flagged": 0.7}


def test_bayes_refuses_scores_that_are_no_probabilities():
    target, scores, costs = data()
    with pytest.raises(RequestError, match=r"needs scores in \[0, 1\], and 1 of 500 lie outside"):
        Bayes().choose(target, np.append(scores[1:], 1.5), costs)


def test_bayes_with_odd_costs_per_row_takes_the_cheaper_side_of_each_row():
    rng = np.random.default_rng(2)
    costs = CostMatrix(*rng.normal(size=(4, 300)))
    target, scores = (rng.random(300) < 0.5).astype(np.int8), rng.random(300)
    flagged = Bayes().choose(target, scores, costs).rule.flag(scores, costs)
    if_flagged = scores * costs.true_positive + (1 - scores) * costs.false_positive
    if_not = scores * costs.false_negative + (1 - scores) * costs.true_negative
    assert (flagged == (if_flagged <= if_not)).all()
