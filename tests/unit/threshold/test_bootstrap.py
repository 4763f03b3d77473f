"""The bootstrap against drawing and sorting all rows."""

import numpy as np
import pytest

from cutscore.cost.matrix import CostMatrix
from cutscore.threshold.bayes import Bayes
from cutscore.threshold.bootstrap import RuleLoss, bootstrap
from cutscore.threshold.cut_table import cut_table_of
from cutscore.threshold.exact import Exact
from cutscore.threshold.grid import Grid
from cutscore.threshold.kernels import grid_points
from cutscore.threshold.resampling import cells_of, resample_cells

COSTS = CostMatrix(0.0, 1.0, 5.0, 0.0)
TAILS = [0.05, 0.25, 0.5, 0.75, 0.95]


def data(rows=600, seed=0, decimals=None):
    rng = np.random.default_rng(seed)
    target = (rng.random(rows) < 0.25).astype(np.int8)
    scores = 1 / (1 + np.exp(-(rng.normal(size=rows) + 1.2 * target - 1)))
    return target, scores if decimals is None else np.round(scores, decimals)


def by_hand(target, scores, costs, rule, chosen, resamples, groups=None, seed=1):
    """Draw rows (or groups), and choose again on them."""
    rng = np.random.default_rng(seed)
    members = [np.array([i]) for i in range(len(target))]
    if groups is not None:
        members = [np.flatnonzero(groups == name) for name in np.unique(groups)]
    thresholds, totals = [], []
    for _ in range(resamples):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        again = costs.take(rows)
        thresholds.append(rule.choose(target[rows], scores[rows], again).threshold)
        totals.append(again.total(target[rows], scores[rows] >= chosen.threshold))
    return np.array(thresholds), np.array(totals)


def apart(one, other):
    """The greatest distance of two empirical distribution functions."""
    points = np.concatenate([one, other])
    ranks = [np.searchsorted(np.sort(x), points, side="right") / len(x) for x in (one, other)]
    return np.abs(ranks[0] - ranks[1]).max()


@pytest.mark.parametrize(
    "rule",
    [
        Exact(),
        Exact(objective="fbeta", beta=2.0),
        Exact(objective="mcc"),
        Exact(max_flagged=0.3),
        Grid(step=0.05),
    ],
    ids=repr,
)
@pytest.mark.parametrize("decimals", [None, 2])
def test_resamples_are_distributed_as_by_hand(rule, decimals):
    target, scores = data(decimals=decimals)
    chosen = rule.choose(target, scores, COSTS)
    points = grid_points(rule.step) if isinstance(rule, Grid) else None
    cells = cells_of(cut_table_of(target, scores, COSTS), chosen.threshold, points)
    draws = resample_cells(cells, COSTS, RuleLoss(rule, COSTS), 1000, 7)
    thresholds, totals = by_hand(target, scores, COSTS, rule, chosen, 500)
    # 1.95 sqrt(1/500 + 1/1000) is Kolmogorov and Smirnov's distance at the level of 0.1 %
    assert apart(draws.threshold, thresholds) < 0.107
    assert apart(draws.cost, totals) < 0.107
    assert draws.cost.std() == pytest.approx(totals.std(), rel=0.15)


def test_counts_over_few_cuts_of_many_rows_are_close_to_all_cuts():
    target, scores = data(rows=40_000)
    chosen = Exact().choose(target, scores, COSTS)
    include = [chosen.threshold]
    thin = cut_table_of(target, scores, COSTS, include=include, all_cuts=1000, cuts=2000)
    few = bootstrap(target, scores, COSTS, Exact(), chosen, thin, resamples=300)
    whole = cut_table_of(target, scores, COSTS)
    every = bootstrap(target, scores, COSTS, Exact(), chosen, whole, resamples=300)
    assert few.cuts == len(thin.threshold) - 1
    assert every.cuts is None
    assert few.cost_low == pytest.approx(every.cost_low, rel=0.01)
    assert few.cost_high == pytest.approx(every.cost_high, rel=0.01)
    assert few.threshold_low == pytest.approx(every.threshold_low, abs=0.02)
    assert few.threshold_high == pytest.approx(every.threshold_high, abs=0.02)


def quantiles(target, scores, costs, rule, **options):
    chosen = rule.choose(target, scores, costs)
    cut_table = cut_table_of(target, scores, costs)
    return chosen, bootstrap(
        target, scores, costs, rule, chosen, cut_table, resamples=800, **options
    )


def test_groups_are_drawn_whole():
    target, scores = data()
    groups = np.arange(600) // 30
    target[groups < 4] = 1  # whole groups of one class spread the cost
    chosen, found = quantiles(target, scores, COSTS, Exact(), groups=groups)
    thresholds, totals = by_hand(target, scores, COSTS, Exact(), chosen, 400, groups)
    low, high = np.quantile(totals, [0.025, 0.975])
    assert found.cost_high - found.cost_low == pytest.approx(high - low, rel=0.2)
    assert found.threshold_high == pytest.approx(np.quantile(thresholds, 0.975), abs=0.06)
    _, alone = quantiles(target, scores, COSTS, Exact())
    assert found.cost_high - found.cost_low > 1.5 * (alone.cost_high - alone.cost_low)


@pytest.mark.parametrize("rule", [Exact(), Grid(step=0.05), Exact(objective="youden")], ids=repr)
def test_costs_per_row_are_resampled_with_their_rows(rule):
    target, scores = data()
    rng = np.random.default_rng(5)
    costs = CostMatrix(0.0, rng.random(600), rng.lognormal(1.5, 1, 600), -0.1)
    chosen, found = quantiles(target, scores, costs, rule)
    thresholds, totals = by_hand(target, scores, costs, rule, chosen, 400)
    low, high = np.quantile(totals, [0.025, 0.975])
    spread = high - low
    assert found.cost_low == pytest.approx(low, abs=0.1 * spread)
    assert found.cost_high == pytest.approx(high, abs=0.1 * spread)
    assert found.threshold_low == pytest.approx(np.quantile(thresholds, 0.025), abs=0.06)


def test_the_bayes_threshold_does_not_vary():
    target, scores = data()
    chosen, found = quantiles(target, scores, COSTS, Bayes())
    assert found.threshold_low == found.threshold_high == chosen.threshold
    assert found.cost_low < chosen.total_cost < found.cost_high


def test_resamples_without_a_threshold_that_keeps_the_constraints_are_counted():
    target = np.array([1] + [0] * 40 + [1] * 19, dtype=np.int8)
    scores = np.linspace(0.99, 0.01, 60)
    top = Exact(objective="f1", min_precision=0.99)
    _, found = quantiles(target, scores, COSTS, top)
    # the top row is left out of a resample in (1 - 1/60)^60 of cases, about 36 %
    assert 200 < found.unmet < 400
    assert found.threshold_high == pytest.approx(0.99)


def test_one_row_and_one_class_have_intervals():
    for target in ([1], [0], [1, 1, 1], [0, 0, 0]):
        scores = np.linspace(0.2, 0.8, len(target))
        chosen, found = quantiles(np.array(target, dtype=np.int8), scores, COSTS, Exact())
        assert found.threshold_low <= chosen.threshold <= found.threshold_high
        assert found.cost_low == found.cost_high == 0


def test_a_seed_fixes_the_draws():
    target, scores = data()
    first, second = (quantiles(target, scores, COSTS, Exact(), seed=3)[1] for _ in range(2))
    assert first == second
