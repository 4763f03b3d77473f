import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import RequestError
from cutscore.threshold import kernels
from cutscore.threshold.constraints import Limits, limited
from cutscore.threshold.losses import OBJECTIVES, loss_of

NO_LIMITS = Limits()

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


def loss_by_definition(target, flagged, costs, objective, beta):
    """The formulas of the definitions, one threshold at a time."""
    p, n = int(target.sum()), int((target == 0).sum())
    tp = int((flagged & (target == 1)).sum())
    fp = int(flagged.sum()) - tp
    if objective == "cost":
        return costs.total(target, flagged)
    if objective in ("fbeta", "f1"):
        b = 1.0 if objective == "f1" else beta * beta
        return -(1.0 + b) * tp / (b * p + tp + fp) if p else 0.0
    recall, specificity = tp / max(p, 1), (n - fp) / max(n, 1)
    if objective == "youden":
        return -(recall - fp / max(n, 1))
    if objective == "balanced_accuracy":
        return -(recall + specificity) / 2
    margins = (tp + fp) * (p + n - tp - fp) * p * n
    return -(tp * (n - fp) - fp * (p - tp)) / margins**0.5 if margins else 0.0


def keeps(target, flagged, limits):
    tp, k = int((flagged & (target == 1)).sum()), int(flagged.sum())
    if limits.min_recall is not None and tp / max(target.sum(), 1) < limits.min_recall:
        return False
    if limits.min_precision is not None and (k == 0 or tp / k < limits.min_precision):
        return False
    return limits.max_flagged is None or k / len(target) <= limits.max_flagged


def brute_force(target, scores, costs, objective, beta, thresholds, limits=NO_LIMITS):
    """Try all thresholds from the highest down; a later one must be better beyond rounding."""
    best = (None, np.inf)
    for threshold in thresholds:
        flagged = scores >= threshold
        if keeps(target, flagged, limits):
            loss = loss_by_definition(target, flagged, costs, objective, beta)
            if loss < best[1] - (0 if objective == "cost" else 1e-12):
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


limit = st.one_of(st.none(), st.sampled_from([0.05, 0.3, 0.5, 0.9, 1.0]))
limits_drawn = st.one_of(st.just(NO_LIMITS), st.builds(Limits, limit, limit, limit))


@settings(max_examples=1500, deadline=None)
@given(cases(), st.sampled_from(OBJECTIVES), st.sampled_from([0.5, 1.0, 3.2]), limits_drawn)
def test_exact_equals_brute_force(case, objective, beta, limits):
    target, scores, costs = case
    distinct = np.unique(scores)[::-1]
    thresholds = [np.nextafter(distinct[0], np.inf), *distinct]
    threshold, least = brute_force(target, scores, costs, objective, beta, thresholds, limits)
    loss = loss_of(objective, beta, target, costs)
    loss = limited(loss, limits, int(target.sum()), len(target))
    cut = kernels.exact_cut(scores, target, loss)
    for buckets, few in ((4, 0), (4, 10), (64, 0), (64, 1000), (4096, 1000)):
        other = kernels.bucketed_cut(scores, target, loss, buckets, few)
        assert other.loss == cut.loss
        assert other == cut or not np.isfinite(cut.loss)
    assert cut.loss == pytest.approx(least, abs=1e-12)
    if objective == "cost":
        assert cut.loss == least
    if not np.isfinite(least):
        return
    flagged = scores >= cut.threshold
    assert (cut.tp, cut.fp) == ((target[flagged] == 1).sum(), (target[flagged] == 0).sum())
    assert keeps(target, flagged, limits)
    if objective in ("cost", "fbeta", "f1"):
        assert cut.threshold == threshold


@settings(max_examples=500, deadline=None)
@given(cases(), st.sampled_from(OBJECTIVES), st.sampled_from([0.001, 0.07, 0.5, 1.0]))
def test_grid_equals_brute_force_and_never_beats_exact(case, objective, step):
    target, scores, costs = case
    points = [round(i * step, 12) for i in range(int(1 / step) + 2)]
    points = [point for point in points if point <= 1][::-1]
    _, least = brute_force(target, scores, costs, objective, 2.0, points)
    loss = loss_of(objective, 2.0, target, costs)
    cut = kernels.grid_cut(scores, target, loss, step)
    assert cut.loss == pytest.approx(least, abs=1e-12)
    assert cut.threshold in points
    found = loss_by_definition(target, scores >= cut.threshold, costs, objective, 2.0)
    assert found == pytest.approx(least, abs=1e-12)
    assert kernels.exact_cut(scores, target, loss).loss <= cut.loss


@pytest.mark.parametrize(
    "shape",
    ["plain", "skewed", "corner", "rounded", "outlier", "two values", "crowd", "deep", "signed"],
)
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
    elif shape == "crowd":
        scores = np.where(rng.random(n) < 0.98, 0.1, scores)
    elif shape == "deep":
        scores = scores**80
    elif shape == "signed":
        scores = np.where(rng.random(n) < 0.1, -0.0, np.log(scores))
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
