"""Planted leaks: what is validated must not reach what it is validated with.

Values and targets of one fold's validation rows are changed at will; the fold's model and its
scores of all other rows must not move by a bit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strategies import options

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers
from cutscore.config.overrides import parse_overrides
from cutscore.experiment import ExperimentCache, execute, prepare, run_fold, shares_bins
from cutscore.experiment.over_time import over_time
from cutscore.model import TableToFit
from cutscore.records import Table
from cutscore.threshold.evidence import cross_fit

SAMPLINGS = options("sampling")
MODELS = options("model", without=("sklearn",))  # names no class of its own
# A model sees of a sampling only whether rows are left alone, made up or weighted; a sampling sees
# of a model only whether its columns are prepared.
PAIRS = [
    (model, sampling)
    for model in MODELS
    for sampling in SAMPLINGS
    if sampling in ("none", "smote", "cost_weighted")
    or model in ("lightgbm", "logistic_regression")
]
CHOICES = [
    (scheme, rule, "none") for scheme in options("validation") for rule in options("threshold")
]
CHOICES += [("stratified", "exact", name) for name in options("calibration", without=("none",))]
COLUMNS = {"time_ordered": ["data.time=day"], "grouped": ["data.group=branch"]}
PERIODS = ["validation=time_ordered", "data.time=day", "validation.period=month"]
PERIODS += ["validation.gap=1", "validation.keep_groups_together=true", "data.group=income"]
SMALL = {
    "lightgbm": ["model.params.n_estimators=8"],
    "xgboost": ["model.params.n_estimators=8"],
    "random_forest": ["model.params.n_estimators=8"],
}


@pytest.fixture(scope="module")
def composer():
    return Composer(find_layers())


@pytest.fixture(scope="module")
def cache():
    return ExperimentCache()


@pytest.fixture(scope="module")
def experiment(composer, loans):
    words = [word for word in loans if word.startswith("data")]

    def make(*overrides):
        given = parse_overrides([*words, "threads=1", *overrides])
        return compose_plan(composer, given).experiment

    return make


def fold_scores(experiment, prepared, fold):
    """Return the scores that a fold's model gives to its training rows and the others'."""
    shared = shares_bins(experiment, prepared.table)
    session = experiment.model.session(
        TableToFit(prepared.table, prepared.dataset.target, threads=1, shared_bins=shared)
    )
    everything = replace(fold, validation=np.arange(prepared.dataset.rows))
    return run_fold(experiment, prepared, session, everything)


def with_target(prepared, rows, values):
    target = prepared.dataset.target.copy()
    target[rows] = values
    return replace(prepared, dataset=replace(prepared.dataset, target=target))


def with_values(prepared, rows, seed=1):
    """Put wild values, other categories and holes into some rows."""
    rng = np.random.default_rng(seed)
    table = prepared.table
    values = table.values.copy()
    for place, column in enumerate(table.columns):
        wild = rng.normal(0, 1e6, len(rows))
        if column.levels is not None:
            wild = rng.integers(0, len(column.levels), len(rows))
        values[rows, place] = np.where(rng.random(len(rows)) < 0.3, np.nan, wild)
    return replace(prepared, table=Table(table.columns, values))


@pytest.mark.parametrize(("model", "sampling"), PAIRS)
def test_neither_targets_nor_values_of_validated_rows_reach_a_model(
    experiment, cache, model, sampling
):
    words = [f"model={model}", f"sampling={sampling}", *SMALL.get(model, [])]
    if model == "lightgbm":
        words.append("model.binning=fold")
    plan = experiment(*words)
    prepared = prepare(plan, cache)
    fold = prepared.folds.splits[0]
    flipped = with_target(prepared, fold.validation, 1 - prepared.dataset.target[fold.validation])
    wild = with_values(prepared, fold.validation)
    honest, other, planted = (fold_scores(plan, one, fold) for one in (prepared, flipped, wild))
    assert np.array_equal(other.scores, honest.scores)
    assert np.array_equal(planted.scores[fold.train], honest.scores[fold.train])
    assert planted.importance == honest.importance
    if model != "dummy":
        assert not np.array_equal(planted.scores, honest.scores)


def test_costs_that_weigh_training_rows_are_estimated_on_them_alone(experiment, cache):
    priced = ["cost=credit_line", "cost.income=income", "data.amounts=[income]"]
    plan = experiment("sampling=cost_weighted", *SMALL["lightgbm"], *priced)
    prepared = prepare(plan, cache)
    fold = prepared.folds.splits[0]
    flipped = with_target(prepared, fold.validation, 1 - prepared.dataset.target[fold.validation])
    amounts = {name: values.copy() for name, values in prepared.dataset.amounts.items()}
    amounts["income"][fold.validation] *= 3
    planted = replace(flipped, dataset=replace(flipped.dataset, amounts=amounts))
    honest, after = (fold_scores(plan, one, fold) for one in (prepared, planted))
    assert np.array_equal(after.scores, honest.scores)


def test_shared_bins_are_the_only_thing_that_sees_validated_values(experiment, cache):
    """They hold no label: targets of validated rows still reach nothing."""
    plan = experiment("model=lightgbm", *SMALL["lightgbm"], "model.binning=shared")
    prepared = prepare(plan, cache)
    assert shares_bins(plan, prepared.table)
    fold = prepared.folds.splits[0]
    wild = with_values(prepared, fold.validation)
    both = with_target(wild, fold.validation, 1)
    scores = [fold_scores(plan, one, fold).scores for one in (wild, both)]
    assert np.array_equal(*scores)


def test_this_test_sees_a_leak(experiment, cache):
    """Training rows that are changed do move the scores, so equality above means something."""
    plan = experiment("model=lightgbm", *SMALL["lightgbm"])
    prepared = prepare(plan, cache)
    fold = prepared.folds.splits[0]
    rows = fold.train[:100]
    flipped = with_target(prepared, rows, 1 - prepared.dataset.target[rows])
    honest = fold_scores(plan, prepared, fold)
    assert not np.array_equal(fold_scores(plan, flipped, fold).scores, honest.scores)


@pytest.mark.parametrize(("scheme", "threshold", "calibration"), CHOICES)
def test_a_parts_threshold_depends_on_no_target_of_the_part(
    experiment, cache, scheme, threshold, calibration
):
    words = ["model=lightgbm", *SMALL["lightgbm"], f"threshold={threshold}"]
    words += [f"validation={scheme}", f"calibration={calibration}", *COLUMNS.get(scheme, [])]
    plan = experiment(*words)
    prepared = prepare(plan, cache)
    result = execute(plan, prepared, cache)
    oof, costs = result.oof, result.costs
    honest = cross_fit(oof, costs, plan.threshold, plan.calibration).parts
    for decision in honest:
        inside = (oof.part == decision.part) & (oof.repeat == decision.repeat)
        target, score = oof.target.copy(), oof.score.copy()
        target[inside] = 1 - target[inside]
        score[inside] = np.random.default_rng(0).random(int(inside.sum()))
        planted = cross_fit(
            replace(oof, target=target, score=score), costs, plan.threshold, plan.calibration
        ).parts
        same = next(
            one for one in planted if (one.repeat, one.part) == (decision.repeat, decision.part)
        )
        assert same.threshold == decision.threshold


def test_later_blocks_inform_no_earlier_threshold(experiment, cache):
    words = ["model=lightgbm", *SMALL["lightgbm"], "validation=time_ordered", "data.time=day"]
    plan = experiment(*words)
    prepared = prepare(plan, cache)
    result = execute(plan, prepared, cache)
    oof, costs = result.oof, result.costs
    honest = cross_fit(oof, costs, plan.threshold, plan.calibration)
    last = oof.part == oof.part.max()
    target = np.where(last, 1 - oof.target, oof.target)
    planted = cross_fit(replace(oof, target=target), costs, plan.threshold, plan.calibration)
    assert honest.left_out > 0
    assert [p.threshold for p in planted.parts] == [p.threshold for p in honest.parts]


def test_periods_gaps_and_groups_reach_neither_model_nor_threshold(experiment, cache):
    plan = experiment("model=lightgbm", *SMALL["lightgbm"], "model.binning=fold", *PERIODS)
    prepared = prepare(plan, cache)
    dataset = prepared.dataset
    month = dataset.amounts["time"].astype("datetime64[D]").astype("datetime64[M]").astype(int)
    group = dataset.amounts["group"]
    result = execute(plan, prepared, cache)
    oof, costs = result.oof, result.costs
    honest = {p.part: p for p in cross_fit(oof, costs, plan.threshold, plan.calibration).parts}
    tied = 0
    for fold in prepared.folds.splits:
        later = month >= month[fold.validation].min() - 1
        same = np.isin(group, group[fold.validation])
        tied += np.count_nonzero(same & ~later)
        barred = np.flatnonzero(later | same)
        planted = with_values(
            with_target(prepared, barred, 1 - dataset.target[barred]), barred, fold.number
        )
        before, after = (fold_scores(plan, one, fold) for one in (prepared, planted))
        assert np.array_equal(after.scores[fold.train], before.scores[fold.train])
        assert after.importance == before.importance
        target = np.where(np.isin(oof.row, barred), 1 - oof.target, oof.target)
        moved = cross_fit(replace(oof, target=target), costs, plan.threshold, plan.calibration)
        for part in moved.parts:
            assert part.part != fold.number or part.threshold == honest[part.part].threshold
    assert tied > 10
    assert len(honest) > 1


def test_what_may_not_inform_a_period_does_not_choose_its_threshold_anew(experiment, cache):
    """Folds are of several weeks; before each week, not only before a fold, lies the gap."""
    words = ("validation.period=week", "validation.folds=2", "report.stability.positives=2")
    plan = experiment("model=logistic_regression", *PERIODS, *words)
    prepared = prepare(plan, cache)
    result = execute(plan, prepared, cache)
    cut, oof, dataset = result.over_time.recutting, result.oof, prepared.dataset
    week = prepared.periods.numbers[prepared.periods.which[oof.row]]
    group = dataset.amounts["group"][oof.row]
    decided = np.unique(week)[-len(cut.frozen_cost) :]
    assert len(decided) > 4
    for at, each in enumerate(decided[1:], 1):  # the first is decided as all later ones are
        barred = (week >= each - 1) | np.isin(group, group[week == each])
        target = np.where(barred, 1 - oof.target, oof.target).astype(np.int8)
        made = replace(result, oof=replace(oof, target=target))
        again = over_time(plan, prepared, cache, made).recutting
        assert again.refitted_threshold[at] == cut.refitted_threshold[at]


def test_medians_come_from_training_rows(experiment, cache):
    """Imputation is fitted in the fold: holes are filled alike whatever is validated."""
    plan = experiment("model=logistic_regression")
    prepared = prepare(plan, cache)
    fold = prepared.folds.splits[1]
    values = prepared.table.values.copy()
    values[fold.train[:50], 0] = np.nan
    holed = replace(prepared, table=Table(prepared.table.columns, values))
    wild = with_values(holed, fold.validation)
    honest, planted = (fold_scores(plan, one, fold) for one in (holed, wild))
    assert np.array_equal(planted.scores[fold.train], honest.scores[fold.train])
