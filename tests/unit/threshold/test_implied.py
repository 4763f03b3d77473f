"""Implied ratios and betas, plateau and sensitivity against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Confusion, Undefined
from cutscore.threshold.cut_table import cut_table_of
from cutscore.threshold.hull import falling_hull
from cutscore.threshold.implied import frontier_of, implied_beta, implied_ratio
from cutscore.threshold.plateau import plateau_of
from cutscore.threshold.sensitivity import (
    asked_ratio,
    cost_curves,
    expected_cost,
    sensitivity_of,
)

RATIOS = np.geomspace(1e-4, 1e4, 400)
BETAS = np.geomspace(1e-3, 1e3, 400)
COSTS = CostMatrix(0.0, 1.0, 10.0, 0.0)


@st.composite
def scored(draw, both=True):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(2, 50))
    scores = rng.integers(0, draw(st.sampled_from([1, 3, 20, 1000])), n) / 1000
    target = (rng.random(n) < draw(st.sampled_from([0.1, 0.4, 0.8]))).astype(np.int8)
    if both:
        target[:2] = 0, 1
    return target, scores


def counts_at(target, scores, threshold):
    flagged = scores >= threshold
    tp, fp = int((flagged & (target == 1)).sum()), int((flagged & (target == 0)).sum())
    return Confusion(float(tp), float(fp), float((target == 0).sum() - fp), target.sum() - tp)


def every_cut(target, scores):
    thresholds = [np.nextafter(scores.max(), np.inf), *np.unique(scores)[::-1]]
    return [counts_at(target, scores, t) for t in thresholds], thresholds


def check_interval(found, values, excess, tolerance):
    """Wherever brute force is clear of the tolerance, the interval must agree."""
    inside = np.zeros(len(values), dtype=bool)
    if found.found:
        inside = (values >= found.low) & (values <= (np.inf if found.high is None else found.high))
    assert not inside[excess > tolerance + 1e-9].any()
    assert inside[excess < tolerance - 1e-9].all()
    if not found.found:
        assert found.nearest.excess <= excess.min() + 1e-9
        assert found.nearest.excess > tolerance - 1e-9 or found.nearest.value is None


@settings(max_examples=400, deadline=None)
@given(scored(), st.sampled_from([0.0, 0.005, 0.2]), st.integers(0, 1000))
def test_implied_ratio_equals_brute_force(case, tolerance, place):
    target, scores = case
    cuts, _ = every_cut(target, scores)
    own = cuts[place % len(cuts)]
    costs = np.array([RATIOS * c.fn + c.fp for c in cuts])
    found = implied_ratio(frontier_of(cut_table_of(target, scores, COSTS)), own, tolerance)
    if costs.min() == 0:  # a perfect threshold: others miss it by any measure
        assert found.found == found.exact == (own.fn == own.fp == 0)
        assert found.nearest is None
        return
    excess = (RATIOS * own.fn + own.fp) / costs.min(axis=0) - 1
    check_interval(found, RATIOS, excess, tolerance)
    others = [c for c in cuts if (c.fn, c.fp) != (own.fn, own.fp)]
    margins = np.array([RATIOS * (c.fn - own.fn) + (c.fp - own.fp) for c in others])
    if len(others) and (margins.min(axis=0) > 1e-9).any():
        assert found.exact


@settings(max_examples=400, deadline=None)
@given(scored(), st.sampled_from([0.0, 0.005, 0.2]), st.integers(0, 1000))
def test_implied_beta_equals_brute_force(case, tolerance, place):
    target, scores = case
    cuts, _ = every_cut(target, scores)
    own = cuts[place % len(cuts)]
    b = BETAS**2
    value = np.array([(1 + b) * c.tp / (b * target.sum() + c.tp + c.fp) for c in cuts])
    mine = (1 + b) * own.tp / (b * target.sum() + own.tp + own.fp)
    found = implied_beta(frontier_of(cut_table_of(target, scores, COSTS)), own, tolerance)
    check_interval(found, BETAS, 1 - mine / value.max(axis=0), tolerance)
    better = value - mine
    others = [i for i, c in enumerate(cuts) if (c.fn, c.fp) != (own.fn, own.fp)]
    if others and (better[others].max(axis=0) < -1e-9).any():
        assert found.exact


def test_a_threshold_between_the_corners_fits_nothing_but_has_a_nearest():
    # the middle cut is above the line from nobody to everybody: never optimal
    target = np.array([0, 1, 1, 0], dtype=np.int8)
    scores = np.array([0.9, 0.8, 0.2, 0.1])
    frontier = frontier_of(cut_table_of(target, scores, COSTS))
    ratio = implied_ratio(frontier, counts_at(target, scores, 0.9))
    assert (ratio.low, ratio.high, ratio.exact) == (None, None, False)
    assert ratio.nearest.value == pytest.approx(0.5)
    assert ratio.nearest.excess == pytest.approx((0.5 * 2 + 1) / 1 - 1)


def test_flagging_everybody_fits_all_ratios_from_some_up():
    target = np.array([1, 0, 1], dtype=np.int8)
    scores = np.array([0.9, 0.8, 0.1])
    frontier = frontier_of(cut_table_of(target, scores, COSTS))
    found = implied_ratio(frontier, counts_at(target, scores, 0.1), tolerance=0.0)
    assert (found.low, found.high, found.exact) == (1.0, None, True)


def test_one_class_has_no_frontier():
    cut_table = cut_table_of(np.ones(3, dtype=np.int8), np.array([0.1, 0.2, 0.3]), COSTS)
    assert isinstance(frontier_of(cut_table), Undefined)


@settings(max_examples=300, deadline=None)
@given(scored())
def test_sensitivity_is_the_exact_optimum_at_every_ratio(case):
    target, scores = case
    cuts, thresholds = every_cut(target, scores)
    ratios = np.array([0.01, 0.5, 1.0, 1.5, 2.0, 3.0, 10.0, 97.3])
    found = sensitivity_of(frontier_of(cut_table_of(target, scores, COSTS)), ratios)
    for ratio, threshold, cost in zip(ratios, found.threshold, found.cost, strict=True):
        totals = [ratio * c.fn + c.fp for c in cuts]
        assert cost == pytest.approx(min(totals), abs=1e-9)
        highest = next(
            t for t, c in zip(thresholds, totals, strict=True) if c <= min(totals) + 1e-9
        )
        assert threshold == highest


@settings(max_examples=200, deadline=None)
@given(scored())
def test_cost_curves_are_the_least_of_all_lines(case):
    target, scores = case
    cuts, _ = every_cut(target, scores)
    found = cost_curves(frontier_of(cut_table_of(target, scores, COSTS)), points=21)
    lines = np.array([expected_cost(c, found.probability_cost) for c in cuts])
    assert found.best == pytest.approx(lines.min(axis=0), abs=1e-12)
    assert (found.best <= found.trivial + 1e-12).all()


@settings(max_examples=300, deadline=None)
@given(scored(both=False), st.booleans(), st.sampled_from([0.01, 0.2]))
def test_plateau_equals_brute_force(case, per_row, share):
    target, scores = case
    rng = np.random.default_rng(len(scores))
    costs = COSTS
    if per_row:
        costs = CostMatrix(0.0, rng.random(len(scores)), 10 * rng.random(len(scores)), -0.1)
    cuts, thresholds = every_cut(target, scores)
    totals = np.array([costs.total(target, scores >= t) for t in thresholds])
    allowed = share * max(min(costs.no_model(target)), 0.0)
    near = totals - totals.min() <= allowed
    best = low = high = int(np.argmin(totals))
    while high > 0 and near[high - 1]:
        high -= 1
    while low < len(cuts) - 1 and near[low + 1]:
        low += 1
    found = plateau_of(cut_table_of(target, scores, costs), share)
    assert (found.low, found.high) == (thresholds[low], thresholds[high])
    assert found.low <= thresholds[best] <= found.high
    assert found.pieces == (near & ~np.append(False, near[:-1])).sum()


@settings(max_examples=200, deadline=None)
@given(scored(both=False), st.booleans())
def test_ladder_counts_and_costs_every_cut(case, per_row):
    target, scores = case
    rng = np.random.default_rng(len(scores))
    costs = COSTS
    if per_row:
        costs = CostMatrix(rng.random(len(scores)), 1.0, 10 * rng.random(len(scores)), -0.1)
    cuts, thresholds = every_cut(target, scores)
    cut_table = cut_table_of(target, scores, costs)
    assert cut_table.threshold.tolist() == thresholds
    assert cut_table.tp.tolist() == [c.tp for c in cuts]
    assert cut_table.fp.tolist() == [c.fp for c in cuts]
    totals = [costs.total(target, scores >= t) for t in thresholds]
    assert cut_table.cost.tolist() == totals
    assert [int(cut_table.place(t)) for t in thresholds] == list(range(len(thresholds)))


@pytest.mark.parametrize("offset", [0.0, -3.0])
def test_a_thinned_ladder_holds_a_part_of_the_cuts_and_those_asked_for(offset):
    rng = np.random.default_rng(1)
    target, scores = (rng.random(5000) < 0.3).astype(np.int8), rng.random(5000) + offset
    scores[:700] = np.round(scores[:700], 1)
    whole = cut_table_of(target, scores, COSTS)
    asked = float(np.sort(scores)[1234])
    thin = cut_table_of(target, scores, COSTS, include=[asked], all_cuts=1000, cuts=64)
    assert thin.thinned
    assert len(thin.threshold) < 70
    assert asked in thin.threshold
    place = whole.place(thin.threshold)
    assert (whole.tp[place] == thin.tp).all()
    assert (whole.cost[place] == thin.cost).all()
    assert (thin.positives, thin.negatives) == (whole.positives, whole.negatives)


def test_hull_of_many_points_is_the_least_for_every_weight():
    rng = np.random.default_rng(3)
    x = np.sort(rng.integers(0, 300, 5000)).astype(float)
    y = np.sort(rng.integers(0, 900, 5000)).astype(float)[::-1]
    kept = falling_hull(x, y)
    for weight in np.geomspace(0.01, 100, 60):
        assert (weight * x[kept] + y[kept]).min() == (weight * x + y).min()
    assert (np.diff(y[kept]) < 0).all()
    assert (np.diff(x[kept]) > 0).all()


def test_the_ratio_asked_for_is_that_of_regrets():
    target = np.array([1, 0, 0], dtype=np.int8)
    assert asked_ratio(target, CostMatrix(1.0, 3.0, 10.0, 4.0)) == 3.0
    assert asked_ratio(target, CostMatrix(0.0, np.array([9.0, 1.0, 3.0]), 10.0, 0.0)) == 5.0
    assert asked_ratio(target, CostMatrix(1.0, 1.0, 10.0, 0.0)) is None
    assert asked_ratio(np.ones(2, dtype=np.int8), COSTS) is None
