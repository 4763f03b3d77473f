import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import RequestError
from cutscore.threshold import kernels
from cutscore.threshold.losses import loss_of

FIXED = [
    (0.0, 1.0, 10.0, 0.0),
    (0.0, 1.0, 1.0, 0.0),
    (0.0, 0.3, 0.7, 0.1),
    (2.0, 1.0, 5.0, 1.0),  # right about a negative is dearer than wrong
    (0.0, 1.0, 1.0, 4.0),
    (-1.0, 0.0, 10.0, -3.0),
    (0.0, 0.0, 10.0, 0.0),
    (0.0, 5.0, 0.0, 0.0),
]


def brute_force(target, scores, costs, objective, beta, thresholds):
    """Try all thresholds from the highest down with the formulas of the definitions."""
    best = None
    for threshold in thresholds:
        flagged = scores >= threshold
        if objective == "cost":
            loss = costs.total(target, flagged)
        else:
            tp = (flagged & (target == 1)).sum()
            bottom = beta * beta * target.sum() + flagged.sum()
            loss = -(1.0 + beta * beta) * tp / bottom if target.sum() else 0.0
        if best is None or loss < best[1]:
            best = (threshold, loss)
    return best


@st.composite
def cases(draw):
    """Rows with ties, constant scores, one class, odd ranges and costs of either sign."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 60))
    levels = draw(st.sampled_from([1, 2, 5, 40, 10_000]))
    scores = rng.integers(0, levels, n) / levels
    spread, offset = draw(
        st.sampled_from([(1.0, 0.0), (1e-3, 0.5), (1e12, -1e11), (8e-16, 1.0), (1e-300, 0.0)])
    )
    scores = scores * spread + offset
    target = (rng.random(n) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))).astype(np.int8)
    if draw(st.booleans()):
        costs = CostMatrix(*draw(st.sampled_from(FIXED)))
    else:
        sign = draw(st.sampled_from([0.0, 1.0]))
        costs = CostMatrix(*(np.abs(rng.normal(size=(4, n))) - sign * rng.random((4, n))))
    return target, scores, costs


@settings(max_examples=1500, deadline=None)
@given(cases(), st.sampled_from(["cost", "fbeta"]), st.sampled_from([0.5, 1.0, 3.2]))
def test_exact_equals_brute_force(case, objective, beta):
    target, scores, costs = case
    distinct = np.unique(scores)[::-1]
    thresholds = [np.nextafter(distinct[0], np.inf), *distinct]
    threshold, least = brute_force(target, scores, costs, objective, beta, thresholds)
    loss = loss_of(objective, beta, target, costs)
    cut = kernels.exact_cut(scores, target, loss)
    assert cut.loss == least
    assert cut.threshold == threshold
    flagged = scores >= cut.threshold
    assert (cut.tp, cut.fp) == ((target[flagged] == 1).sum(), (target[flagged] == 0).sum())
    for buckets, few in ((4, 0), (4, 10), (64, 0), (64, 1000), (4096, 1000)):
        assert kernels.bucketed_cut(scores, target, loss, buckets, few) == cut


@settings(max_examples=500, deadline=None)
@given(cases(), st.sampled_from(["cost", "fbeta"]), st.sampled_from([0.001, 0.07, 0.5, 1.0]))
def test_grid_equals_brute_force_and_never_beats_exact(case, objective, step):
    target, scores, costs = case
    points = [round(i * step, 12) for i in range(int(1 / step) + 2)]
    points = [point for point in points if point <= 1][::-1]
    threshold, least = brute_force(target, scores, costs, objective, 2.0, points)
    loss = loss_of(objective, 2.0, target, costs)
    cut = kernels.grid_cut(scores, target, loss, step)
    assert (cut.threshold, cut.loss) == (threshold, least)
    assert kernels.exact_cut(scores, target, loss).loss <= cut.loss


@pytest.mark.parametrize("shape", ["plain", "skewed", "corner", "rounded", "outlier", "two values"])
@pytest.mark.parametrize("per_row", [False, True])
def test_many_rows_give_the_cut_of_a_full_sort(shape, per_row):
    rng = np.random.default_rng(5)
    n = 40_000
    target = (rng.random(n) < 0.08).astype(np.int8)
    scores = 1 / (1 + np.exp(-(rng.normal(size=n) + target - 2.5)))
    if shape == "skewed":
        scores = scores**12
    elif shape == "corner":
        scores = np.append(scores[:-1] * 1e-9, 1.0)
    elif shape == "rounded":
        scores = np.round(scores, 2)
    elif shape == "outlier":
        scores[0] = 1e9
    elif shape == "two values":
        scores = np.where(scores > 0.2, 0.7, 0.3)
    costs = CostMatrix(0.0, 1.0, 10.0, 0.0)
    if per_row:
        costs = CostMatrix(rng.normal(size=n), rng.random(n), 20 * rng.random(n), -rng.random(n))
    loss = loss_of("cost", 1.0, target, costs)
    cut = kernels.exact_cut(scores, target, loss)
    assert cut == kernels.sorted_cut(scores, target, loss)
    assert cut.loss == costs.total(target, scores >= cut.threshold)


def test_flagging_nobody_can_win_with_no_bucket_left_open():
    scores = np.linspace(0, 1, 20_000)
    target = np.zeros(20_000, dtype=np.int8)
    loss = loss_of("cost", 1.0, target, CostMatrix(0.0, 1.0, 10.0, 0.0))
    cut = kernels.exact_cut(scores, target, loss)
    assert cut == (np.nextafter(1.0, np.inf), 0, 0, 0.0)


def test_grid_points_are_the_decimal_numbers_meant():
    points = kernels.grid_points(0.001)
    assert len(points) == 1001
    assert points[338] == 0.338
    assert points.tolist() == [round(i * 0.001, 12) for i in range(1001)]
    assert kernels.grid_points(0.3).tolist() == [0.0, 0.3, 0.6, 0.9]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_must_be_finite(bad):
    loss = loss_of("cost", 1.0, np.array([0, 1], dtype=np.int8), CostMatrix(0.0, 1.0, 1.0, 0.0))
    with pytest.raises(RequestError, match="1 of 2 scores are NaN or infinite"):
        kernels.exact_cut(np.array([0.5, bad]), np.array([0, 1], dtype=np.int8), loss)


def test_there_must_be_a_row():
    none = np.empty(0, dtype=np.int8)
    loss = loss_of("cost", 1.0, none, CostMatrix(0.0, 1.0, 1.0, 0.0))
    with pytest.raises(RequestError, match="no row"):
        kernels.exact_cut(np.empty(0), none, loss)
