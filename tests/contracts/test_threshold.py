"""What every threshold rule must hold to."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import RequestError
from cutscore.threshold.exact import Exact
from cutscore.threshold.grid import Grid

RULES = [
    Exact(),
    Exact(objective="fbeta"),
    Exact(objective="fbeta", beta=3.2),
    Grid(),
    Grid(step=0.25),
    Grid(step=0.01, objective="fbeta", beta=0.5),
]
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
    flagged = scores >= choice.threshold
    assert choice.total_cost == costs.total(target, flagged)
    counts = choice.confusion
    assert counts.tp == (flagged & (target == 1)).sum()
    assert counts.fp == (flagged & (target == 0)).sum()
    assert counts.tp + counts.fn == target.sum()
    assert counts.tp + counts.fp + counts.tn + counts.fn == len(target)
    if rule.objective == "cost":
        assert choice.value == choice.total_cost
    else:
        b = rule.beta**2
        top = (1 + b) * counts.tp
        assert choice.value == pytest.approx(top / (top + b * counts.fn + counts.fp))
    assert choice.objective == rule.objective
    assert choice.search == type(rule).__name__.lower()
    assert choice.step == getattr(rule, "step", None)


@every_rule
def test_no_cut_of_its_own_kind_is_better_and_no_higher_one_as_good(rule):
    target, scores, costs = data()
    choice = rule.choose(target, scores, costs)
    sign = 1 if rule.objective == "cost" else -1
    if isinstance(rule, Grid):
        thresholds = [round(i * rule.step, 12) for i in range(int(1 / rule.step) + 1)]
    else:
        thresholds = [*np.unique(scores), np.nextafter(scores.max(), np.inf)]
    for threshold in thresholds:
        kept = scores >= threshold
        tp, fp = (kept & (target == 1)).sum(), (kept & (target == 0)).sum()
        b = rule.beta**2
        value = (
            costs.total(target, kept)
            if rule.objective == "cost"
            else (1 + b) * tp / (b * target.sum() + tp + fp)
        )
        assert sign * value >= sign * choice.value
        if threshold > choice.threshold:
            assert sign * value > sign * choice.value


@every_rule
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("rows", [1, 20])
def test_one_class_and_one_row_get_an_answer(rule, label, rows):
    _, scores, costs = data(rows=rows)
    choice = rule.choose(np.full(rows, label, dtype=np.int8), scores, costs)
    assert np.isfinite(choice.threshold)
    assert choice.total_cost == 0 or isinstance(rule, Grid)


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
    ],
)
def test_settings_out_of_range_are_named(kind, given, setting):
    with pytest.raises(ValidationError, match=rf"{setting}\n.*Input should be"):
        TypeAdapter(kind).validate_python(given)
