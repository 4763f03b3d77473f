"""A frozen threshold beside ones that are chosen anew, against loops over plain arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cutscore.calibration.none import NoCalibration
from cutscore.calibration.sigmoid import Sigmoid
from cutscore.cost.matrix import CostMatrix
from cutscore.records import OutOfFold, Recutting, Undefined
from cutscore.threshold.exact import Exact
from cutscore.threshold.recutting import recutting

COSTS = CostMatrix(0.0, 1.0, 5.0, 0.0)


def entries(periods, rows=120, seed=1, shift=0.0):
    """Scores of periods whose later ones lie lower by `shift` for each period."""
    rng = np.random.default_rng(seed)
    which = rng.permutation(np.repeat(np.arange(periods), rows))
    target = (rng.random(len(which)) < 0.3).astype(np.int8)
    score = 1 / (1 + np.exp(-rng.normal(target - shift * which, 1)))
    zeros = np.zeros(len(which), dtype=np.int16)
    oof = OutOfFold(np.arange(len(which)), zeros, zeros, zeros, target, np.round(score, 2))
    return oof, which


def cost(oof, rows, threshold, costs=COSTS):
    at = np.flatnonzero(rows)
    return costs.take(at).total(oof.target[rows], oof.score[rows] >= threshold)


def cheapest(oof, rows, costs=COSTS):
    """Of all thresholds of equal cost the highest."""
    observed = np.unique(oof.score[rows])
    tried = np.append(observed, np.nextafter(observed[-1], np.inf))
    return max(tried, key=lambda each: (-cost(oof, rows, each, costs), each))


@pytest.mark.parametrize("chosen_from", [None, 1, 2, 4])
@pytest.mark.parametrize("own", [False, True])
def test_each_period_is_decided_by_earlier_ones_alone(chosen_from, own):
    oof, which = entries(6)
    amounts = np.random.default_rng(2).uniform(1, 9, len(which))
    costs = CostMatrix(0.0, 1.0, amounts, 0.0) if own else COSTS
    made = recutting(oof, costs, Exact(), NoCalibration(), which, chosen_from=chosen_from)
    size = chosen_from or 2
    assert len(made.frozen_cost) == 6 - size
    frozen = cheapest(oof, which < size, costs)
    for at, period in enumerate(range(size, 6)):
        anew = cheapest(oof, (which >= period - size) & (which < period), costs)
        here = which == period
        assert made.frozen_cost[at] == pytest.approx(cost(oof, here, frozen, costs))
        assert made.refitted_cost[at] == pytest.approx(cost(oof, here, anew, costs))
    assert made.frozen_total == pytest.approx(cost(oof, which >= size, frozen, costs))
    assert made.difference[0] == pytest.approx((made.frozen_cost - made.refitted_cost).sum())
    assert made.error[0] == 0  # both come from the same periods


def test_what_comes_later_has_no_say():
    oof, which = entries(6)
    other = replace(oof, score=np.where(which == 5, 1 - oof.score, oof.score))
    both = [recutting(each, COSTS, Exact(), Sigmoid(), which) for each in (oof, other)]
    for name in ("frozen_cost", "refitted_cost", "refitted_threshold"):
        before, after = (getattr(each, name) for each in both)
        assert before[:-1].tolist() == after[:-1].tolist()
    assert both[0].frozen_cost[-1] != both[1].frozen_cost[-1]


def test_choosing_anew_pays_where_scores_drift_and_costs_nothing_clear_where_not():
    for shift, pays in ((0.35, True), (0.0, False)):
        oof, which = entries(9, 600, shift=shift)
        _, low, high = recutting(oof, COSTS, Exact(), NoCalibration(), which).difference
        assert (low > 0) == pays
        assert pays or low < 0 < high


def test_the_error_is_that_of_drawing_rows_again():
    oof, which = entries(2, 300, shift=0.5)
    oof = replace(oof, target=np.where(which == 0, oof.target, 1 - oof.target).astype(np.int8))
    which = np.where(which == 1, np.random.default_rng(4).integers(1, 3, len(which)), 0)
    made = recutting(oof, COSTS, Exact(), NoCalibration(), which, chosen_from=1)
    rows, rng = which == 2, np.random.default_rng(5)
    flags = [oof.score[rows] >= t for t in (made.threshold, made.refitted_threshold[1])]
    moved = COSTS.delta(oof.target[rows]) * (flags[0].astype(float) - flags[1])
    drawn = rng.choice(moved, (3_000, len(moved))).sum(axis=1)
    assert made.error[1] == pytest.approx(np.std(drawn), rel=0.05)


@pytest.mark.parametrize(
    ("periods", "settings", "said"),
    [
        (1, {}, "there are 1"),
        (3, {"chosen_from": 3}, "there are 3"),
        (6, {"fewest": 1_000}, "1000 of each class are needed"),
        (6, {"rule": Exact(min_precision=0.99, min_recall=0.9)}, "precision"),
    ],
)
def test_where_no_threshold_can_be_frozen_it_is_said(periods, settings, said):
    oof, which = entries(periods)
    settings = {"rule": Exact(), **settings}
    made = recutting(oof, COSTS, settings.pop("rule"), NoCalibration(), which, **settings)
    assert isinstance(made, Undefined)
    assert said in made.reason


def test_a_period_of_one_class_chooses_no_threshold_and_is_told_apart():
    oof, which = entries(4)
    oof = replace(oof, target=np.where(which == 2, 0, oof.target).astype(np.int8))
    made = recutting(oof, COSTS, Exact(), NoCalibration(), which, chosen_from=1)
    assert np.isnan(made.refitted_cost).tolist() == [False, False, True]
    assert isinstance(made.difference, Undefined)
    assert made.frozen_total > 0


def test_rows_that_may_not_inform_a_period_choose_no_threshold_for_it():
    oof, which = entries(3)

    def informs(earlier, decided):
        return (which[decided].max() < 2) | (oof.score[earlier] <= 0.5)

    words = {"chosen_from": 1, "fewest": 2, "informs": informs}
    made = recutting(oof, COSTS, Exact(), NoCalibration(), which, **words)
    kept = (which == 1) & (oof.score <= 0.5)
    assert made.refitted_cost[1] == cost(oof, which == 2, cheapest(oof, kept))


def test_a_gap_lies_before_each_period_and_as_many_periods_choose():
    oof, which = entries(6)
    words = {"informs": lambda earlier, decided: which[earlier] < which[decided].min() - 1}
    made = recutting(oof, COSTS, Exact(), NoCalibration(), which, **words)
    assert len(made.frozen_cost) == 3
    for at, period in enumerate((3, 4, 5)):
        for kind, first in (("frozen", 0), ("refitted", at)):
            threshold = cheapest(oof, (which >= first) & (which < first + 2))
            found = getattr(made, f"{kind}_cost")[at]
            assert found == cost(oof, which == period, threshold)
    short = recutting(*(oof, COSTS, Exact(), NoCalibration()), np.minimum(which, 2), **words)
    assert isinstance(short, Recutting)
    none = recutting(*(oof, COSTS, Exact(), NoCalibration()), np.minimum(which, 1), **words)
    assert none.reason == "a threshold comes from 1 period, and none has so many that may inform it"
