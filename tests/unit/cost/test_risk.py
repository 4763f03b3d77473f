import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.cost.matrix import CostMatrix, join_costs
from cutscore.cost.risk import bayes_risk, no_model_risk, one_sided
from cutscore.records import OutOfFold, RuleCost, Undefined


def entries(target, score, repeat=None, base_rate=None):
    n = len(target)
    return OutOfFold(
        row=np.arange(n),
        repeat=np.zeros(n, dtype=np.int16) if repeat is None else repeat,
        fold=(np.arange(n) % 2).astype(np.int16),
        part=(np.arange(n) % 2).astype(np.int16),
        target=np.array(target, dtype=np.int8),
        score=np.array(score, dtype=np.float64),
        base_rate=base_rate,
    )


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_no_other_decision_has_a_lower_expected_cost(seed, n):
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    matrix = CostMatrix(*rng.normal(size=(4, n)))
    flagged = matrix.cheaper_flagged(p)
    expected = {
        True: p * matrix.true_positive + (1 - p) * matrix.false_positive,
        False: p * matrix.false_negative + (1 - p) * matrix.true_negative,
    }
    chosen = np.where(flagged, expected[True], expected[False])
    assert (chosen <= np.minimum(expected[True], expected[False]) + 1e-12).all()


def test_fixed_costs_give_the_bayes_threshold():
    matrix = CostMatrix(0.0, 1.0, 4.0, 0.0)  # threshold 1 / 5
    p = np.array([0.1, 0.19, 0.25, 0.9])
    assert matrix.cheaper_flagged(p).tolist() == (p >= matrix.bayes_threshold()).tolist()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_a_rows_decision_depends_on_no_other_row(seed, n):
    """Amounts in cents and a fixed ratio of costs: many rows lie on the very edge."""
    rng = np.random.default_rng(seed)
    lost = np.round(rng.lognormal(4, 2, n), 2)
    p = rng.choice([0.0, 1 / 11, 0.1, 1 / 6, 0.5, 1.0], n)
    whole = CostMatrix(0.0, lost / 10, lost, 0.0)
    flagged = whole.cheaper_flagged(p)
    for i in range(n):
        alone = CostMatrix(0.0, lost[[i]] / 10, lost[[i]], 0.0)
        assert alone.cheaper_flagged(p[[i]])[0] == flagged[i]
        assert whole.take(np.array([i])).cheaper_flagged(p[[i]])[0] == flagged[i]
    half = [np.arange(n // 2), np.arange(n // 2, n)]
    joined = join_costs([whole.take(part) for part in half], [len(part) for part in half])
    assert np.array_equal(joined.cheaper_flagged(p), flagged)


def test_a_free_alarm_is_always_raised():
    matrix = CostMatrix(0.0, np.array([0.0, 1.0]), 5.0, 0.0)
    assert matrix.cheaper_flagged(np.array([0.0, 0.1])).tolist() == [True, False]


def test_rules_by_hand_with_two_folds():
    target, p = [1, 0, 0, 1], np.array([0.9, 0.1, 0.6, 0.2])
    matrix = CostMatrix(0.0, np.array([1.0, 1.0, 1.0, 1.0]), np.array([3.0, 1.0, 1.0, 1.0]), 0.0)
    oof = entries(target, p, base_rate=np.full(4, 0.5))
    found = bayes_risk(oof, p, matrix)  # flags rows 0 and 2; pays for rows 2 and 3
    assert isinstance(found, RuleCost)
    assert (found.total_cost, found.rows) == (2.0, 4)
    assert found.savings == 0.0  # flagging everybody costs 2 too
    # fold 0: rows 0, 2: costs 1, everybody 1, nobody 3; fold 1: rows 1, 3: costs 1 of 1
    assert found.fold_savings == (0.0, 0.0)
    rule = no_model_risk(oof, matrix)  # thresholds 1/4, 1/2, 1/2, 1/2: flags all at 0.5
    assert isinstance(rule, RuleCost)
    assert rule.total_cost == 2.0


def test_repeats_are_averaged_and_entries_without_a_score_left_out():
    repeat = np.array([0, 0, 1, 1], dtype=np.int16)
    p = np.array([0.9, np.nan, 0.1, np.nan])
    found = bayes_risk(entries([1, 0, 1, 0], p, repeat), p, CostMatrix(0.0, 1.0, 3.0, 0.0))
    assert isinstance(found, RuleCost)
    assert (found.total_cost, found.rows) == (1.5, 1)
    assert len(found.fold_savings) == 2


def test_rules_that_do_not_exist_say_why():
    matrix = CostMatrix(0.0, 1.0, 3.0, 0.0)
    oof = entries([1, 0], [0.1, 0.2])
    for found, reason in (
        (bayes_risk(oof, np.full(2, np.nan), matrix), "no part"),
        (bayes_risk(oof, np.array([0.1, 1.2]), matrix), "outside"),
        (no_model_risk(oof, matrix), "base rate"),
    ):
        assert isinstance(found, Undefined)
        assert reason in found.reason


@pytest.mark.parametrize(
    ("entries", "said"),
    [((0, 1, 10, 0), None), ((5, 1, 10, 0), "flag everybody"), ((0, 1, 2, 3), "flag nobody")],
)
def test_costs_that_leave_nothing_to_decide(entries, said):
    target = np.array([0, 1, 0], dtype=np.int8)
    found = one_sided(CostMatrix(*map(float, entries)), target)
    assert found is None if said is None else said in found


def test_one_row_that_differs_leaves_something_to_decide():
    target = np.array([0, 1, 1], dtype=np.int8)
    assert one_sided(CostMatrix(0.0, 1.0, np.array([0.0, 0.0, 5.0]), 3.0), target) is None
