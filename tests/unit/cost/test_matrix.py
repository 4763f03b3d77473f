import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Undefined

TARGET = np.array([1, 1, 0, 0, 0], dtype=np.int8)
FLAGGED = np.array([True, False, True, True, False])


def test_fixed_costs_total_from_counts():
    matrix = CostMatrix(true_negative=1, false_positive=2, false_negative=10, true_positive=3)
    assert matrix.fixed
    assert matrix.total(TARGET, FLAGGED) == 3 + 10 + 2 + 2 + 1
    assert matrix.no_model(TARGET) == (2 * 10 + 3 * 1, 2 * 3 + 3 * 2)
    assert matrix.delta(TARGET).tolist() == [-7, -7, 1, 1, 1]
    assert matrix.take(np.array([0, 4])) is matrix


def test_costs_per_row_travel_with_their_rows():
    alarm = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    matrix = CostMatrix(0.0, alarm, alarm * 100, 0.0)
    assert not matrix.fixed
    assert matrix.total(TARGET, FLAGGED) == 200 + 4 + 8
    taken = matrix.take(np.array([4, 1]))
    assert taken.delta(TARGET[[4, 1]]).tolist() == [16.0, -200.0]
    with pytest.raises(ValueError, match="per row"):
        matrix.of_counts(1, 1, 1, 1)


def test_savings_and_when_they_do_not_exist():
    matrix = CostMatrix(0.0, 1.0, 10.0, 0.0)
    assert matrix.savings(TARGET, 1.5) == 0.5  # flagging everybody costs 3
    assert matrix.savings(TARGET, 6.0) == -1.0
    negatives = np.zeros(4, dtype=np.int8)
    nothing = matrix.savings(negatives, 0.0)
    assert isinstance(nothing, Undefined)
    assert "not above 0" in nothing.reason


@pytest.mark.parametrize(
    ("entries", "threshold"),
    [((0, 1, 10, 0), 1 / 11), ((1, 2, 10, 3), 1 / 8), ((0, 0, 10, 0), 0.0), ((5, 1, 1, 1), None)],
)
def test_bayes_threshold(entries, threshold):
    assert CostMatrix(*map(float, entries)).bayes_threshold() == threshold


def test_bayes_threshold_is_none_for_costs_per_row():
    assert CostMatrix(0.0, np.ones(3), 10.0, 0.0).bayes_threshold() is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, np.array([1.0, np.nan])])
def test_costs_must_be_finite(bad):
    with pytest.raises(ValueError, match="false_positive must hold finite costs"):
        CostMatrix(0.0, bad, 1.0, 0.0)


def test_costs_per_row_must_have_one_length():
    with pytest.raises(ValueError, match="one length"):
        CostMatrix(0.0, np.ones(2), np.ones(3), 0.0)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 400), st.floats(1e-6, 1e9))
def test_sums_of_costs_per_row_are_exact_in_any_order(seed, n, size):
    rng = np.random.default_rng(seed)
    costs = rng.normal(size=(4, n)) * size
    matrix = CostMatrix(*costs)
    target = (rng.random(n) < 0.3).astype(np.int8)
    delta = matrix.delta(target)
    order = rng.permutation(n)
    assert np.cumsum(delta[order])[-1] == delta.sum() == sum(delta.tolist())
    nobody, everybody = matrix.no_model(target)
    assert nobody + delta.sum() == everybody
    np.testing.assert_allclose(matrix.false_positive, costs[1], rtol=0, atol=1e-12 * size * n)


def test_whole_costs_per_row_are_kept_as_they_are():
    costs = np.random.default_rng(0).integers(0, 25_000, 10_000).astype(float)
    assert (CostMatrix(0.0, costs, 0.0, 0.0).false_positive == costs).all()
