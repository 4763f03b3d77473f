from dataclasses import replace

import numpy as np
import pytest

from cutscore.calibration.none import NoCalibration
from cutscore.cost.matrix import CostMatrix
from cutscore.records import BayesMinimumRisk, OutOfFold, Undefined
from cutscore.threshold.bayes import Bayes
from cutscore.threshold.evidence import cross_fit, cross_fit_best, reference
from cutscore.threshold.exact import Exact
from cutscore.threshold.grid import Grid

COSTS = CostMatrix(0.0, 1.0, 10.0, 0.0)


def scored(rows=400, parts=4, repeats=1, rule="others", seed=0):
    rng = np.random.default_rng(seed)
    target = np.tile((rng.random(rows) < 0.2).astype(np.int8), repeats)
    score = 1 / (1 + np.exp(-(rng.normal(size=rows * repeats) + 1.5 * target - 2)))
    part = np.tile(np.arange(rows) % parts, repeats).astype(np.int16)
    return OutOfFold(
        row=np.tile(np.arange(rows), repeats),
        repeat=np.repeat(np.arange(repeats), rows).astype(np.int16),
        fold=part,
        part=part,
        target=target,
        score=score,
        rule=rule,
    )


def by_hand(oof, costs, earlier=False):
    """The cross-fitted cost with nothing but the rule and the definition."""
    total = 0.0
    for repeat in np.unique(oof.repeat):
        for part in np.unique(oof.part):
            here = (oof.repeat == repeat) & (oof.part == part)
            others = (oof.part < part) if earlier else (oof.part != part)
            others &= oof.repeat == repeat
            if not others.any():
                continue
            fit_on, rows = np.flatnonzero(others), np.flatnonzero(here)
            chosen = Exact().choose(oof.target[fit_on], oof.score[fit_on], costs.take(fit_on))
            flagged = oof.score[rows] >= chosen.threshold
            total += costs.take(rows).total(oof.target[rows], flagged)
    return total / oof.repeats


def without_basis(result):
    names = ("chosen", "exact", "grid", "bayes")
    return replace(result, **{n: replace(getattr(result, n), basis=None) for n in names})


@pytest.mark.parametrize("repeats", [1, 3])
def test_cross_fit_decides_each_part_with_the_others(repeats):
    oof = scored(repeats=repeats)
    result = cross_fit(oof, COSTS, Exact(), NoCalibration())
    assert result.total_cost == pytest.approx(by_hand(oof, COSTS), rel=1e-12)
    assert result.cost_per_row == pytest.approx(result.total_cost / 400)
    assert (result.rows, result.left_out) == (400, 0)
    assert len(result.parts) == 4 * repeats
    confusion = result.confusion
    assert confusion.tp + confusion.fn == pytest.approx(oof.target[:400].sum())
    assert result.total_cost == pytest.approx(10 * confusion.fn + confusion.fp)
    assert result.threshold_std == pytest.approx(np.std([p.threshold for p in result.parts]))
    nobody, everybody = COSTS.no_model(oof.target[:400])
    assert result.savings == pytest.approx(1 - result.total_cost / min(nobody, everybody))


def test_cross_fit_in_time_order_leaves_the_first_part_out():
    oof = scored(rule="earlier")
    result = cross_fit(oof, COSTS, Exact(), NoCalibration())
    assert [decision.part for decision in result.parts] == [1, 2, 3]
    assert result.total_cost == by_hand(oof, COSTS, earlier=True)
    assert (result.rows, result.left_out) == (300, 100)
    assert result.cost_per_row == result.total_cost / 300


def test_a_later_part_never_informs_an_earlier_one():
    oof = scored(rule="earlier")
    planted = oof.score.copy()
    planted[oof.part == 3] = oof.target[oof.part == 3]
    changed = cross_fit(replace(oof, score=planted), COSTS, Exact(), NoCalibration())
    plain = cross_fit(oof, COSTS, Exact(), NoCalibration())
    assert changed.parts[:2] == plain.parts[:2]
    assert changed.parts[2].threshold == plain.parts[2].threshold
    assert changed.parts[2].total_cost < plain.parts[2].total_cost


def test_a_part_never_informs_itself():
    oof = scored()
    planted = np.where(oof.part == 2, 1.0 - oof.target, oof.score)
    changed = cross_fit(replace(oof, score=planted), COSTS, Exact(), NoCalibration())
    plain = cross_fit(oof, COSTS, Exact(), NoCalibration())
    assert changed.parts[2].threshold == plain.parts[2].threshold


def test_cross_fit_with_costs_per_row():
    oof = scored(repeats=2)
    rng = np.random.default_rng(1)
    per_row = CostMatrix(0.0, rng.random(400), 20 * rng.random(400), 0.0)
    result = cross_fit(oof, per_row.take(oof.row), Exact(), NoCalibration())
    assert result.total_cost == pytest.approx(by_hand(oof, per_row.take(oof.row)))


class Doubling:
    """A calibration that records what it was fitted on."""

    def __init__(self):
        self.fitted = []

    def fit(self, scores, target):
        self.fitted.append(len(scores))
        return self

    def apply(self, scores):
        return scores / 2


def test_the_calibrator_is_fitted_on_the_other_parts_too():
    oof, calibration = scored(), Doubling()
    halved = cross_fit(oof, COSTS, Exact(), calibration)
    plain = cross_fit(oof, COSTS, Exact(), NoCalibration())
    assert calibration.fitted == [300, 300, 300, 300]
    assert halved.total_cost == plain.total_cost
    assert [p.threshold * 2 for p in halved.parts] == [p.threshold for p in plain.parts]


def test_one_part_gives_undefined_figures_with_the_reason():
    result = cross_fit(scored(parts=1), COSTS, Exact(), NoCalibration())
    assert isinstance(result.total_cost, Undefined)
    assert "no part" in result.savings.reason
    assert (result.rows, result.left_out, result.parts) == (0, 400, ())


def test_reference_compares_the_optimum_with_grid_bayes_and_no_model():
    oof = scored()
    result = reference(oof, COSTS, Grid(step=0.05), bayes_valid=False)
    assert result.chosen.step == 0.05
    assert result.exact.total_cost <= result.grid.total_cost <= result.chosen.total_cost
    assert result.grid_excess == result.grid.total_cost - result.exact.total_cost
    assert result.grid.step == 0.001
    assert result.bayes.threshold == 1 / 11
    flagged = oof.score >= 1 / 11
    assert result.bayes.total_cost == COSTS.total(oof.target, flagged)
    assert not result.bayes_valid
    assert (result.flag_nobody, result.flag_everybody) == COSTS.no_model(oof.target)
    assert result.savings == COSTS.savings(oof.target, result.chosen.total_cost)


def test_reference_of_repeats_is_per_pass_over_the_rows():
    once = scored()
    both = OutOfFold(
        *(
            np.concatenate([part, part])
            for part in (once.row, once.repeat, once.fold, once.part, once.target, once.score)
        )
    )
    repeat = np.repeat([0, 1], len(once.row)).astype(np.int16)
    twice = reference(replace(both, repeat=repeat), COSTS, Grid())
    plain = reference(once, COSTS, Grid())
    assert without_basis(twice) == without_basis(plain)
    assert twice.chosen.confusion == plain.chosen.confusion


def test_reference_of_an_fbeta_rule_keeps_cost_optima_beside_it():
    oof = scored()
    result = reference(oof, COSTS, Exact(objective="fbeta", beta=3.0))
    assert result.chosen.objective == "fbeta"
    assert 0 < result.chosen.value <= 1
    assert result.exact.objective == result.grid.objective == "cost"
    assert result.exact.total_cost <= result.chosen.total_cost
    assert result.exact.value == result.exact.total_cost


def test_bayes_with_costs_per_row_decides_each_row_by_its_own_costs():
    oof = scored()
    rng = np.random.default_rng(3)
    costs = CostMatrix(0.0, rng.random(400), 10 * rng.random(400), 0.0)
    bayes = reference(oof, costs, Exact()).bayes
    own = costs.false_positive / (costs.false_positive + costs.false_negative)
    assert bayes.rule == BayesMinimumRisk()
    assert bayes.threshold is None
    assert bayes.median_threshold == pytest.approx(np.median(own))
    assert bayes.total_cost == costs.total(oof.target, oof.score >= own)


def test_cross_fit_of_the_bayes_rule_decides_rows_by_their_own_costs():
    oof = scored()
    rng = np.random.default_rng(3)
    costs = CostMatrix(0.0, rng.random(400), 10 * rng.random(400), 0.0)
    result = cross_fit(oof, costs, Bayes(), NoCalibration())
    whole = Bayes().choose(oof.target, oof.score, costs)
    assert result.total_cost == pytest.approx(whole.total_cost)
    assert [part.threshold for part in result.parts] == [None] * len(result.parts)
    assert "own costs" in result.threshold_std.reason


def test_bayes_is_undefined_for_scores_that_are_no_probabilities():
    oof = scored()
    oof = replace(oof, score=oof.score * 3)
    assert "outside" in reference(oof, COSTS, Exact()).bayes.reason


def test_choices_record_what_they_were_made_on():
    import hashlib

    oof = scored()
    result = reference(oof, COSTS, Exact(), origin="holdout", calibration="sigmoid")
    basis = result.chosen.basis
    assert basis.digest == hashlib.sha256(oof.score.tobytes()).hexdigest()
    assert (basis.origin, basis.calibration) == ("holdout", "sigmoid")
    assert basis.costs["false_negative"].mean == 10
    assert basis.costs["false_negative"].fixed
    assert result.grid.basis == result.exact.basis == result.bayes.basis == basis


@pytest.mark.parametrize(("rule", "repeats"), [("others", 1), ("others", 3), ("earlier", 1)])
def test_each_part_is_decided_by_the_candidate_that_costs_the_others_least(rule, repeats):
    candidates = [scored(repeats=repeats, rule=rule, seed=seed) for seed in range(3)]
    target = candidates[0].target
    candidates = [replace(one, target=target) for one in candidates]
    alone = cross_fit_best(candidates[:1], COSTS, Exact(), NoCalibration())
    assert alone == cross_fit(candidates[0], COSTS, Exact(), NoCalibration())
    total, rows = 0.0, 0
    for inside, others in candidates[0].informed_parts():
        chosen = [Exact().choose(target[others], o.score[others], COSTS) for o in candidates]
        place = int(np.argmin([choice.total_cost for choice in chosen]))
        flagged = candidates[place].score[inside] >= chosen[place].threshold
        total, rows = total + COSTS.total(target[inside], flagged), rows + len(inside)
    found = cross_fit_best(candidates, COSTS, Exact(), NoCalibration())
    assert (found.total_cost, found.cost_per_row) == (total / repeats, total / rows)
