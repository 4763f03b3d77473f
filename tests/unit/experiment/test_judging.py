"""Outer rows: judged by what the inner rows taught, and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from made_costs import priced

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError
from cutscore.experiment import ExperimentCache, execute, judge, pooled, prepare
from cutscore.model import TableToFit
from cutscore.records import Dataset, Folds, Table, TrainingRows
from cutscore.report.items import Metric
from cutscore.report.outer import OuterEvaluation, outer_items
from cutscore.report.record import record_items
from cutscore.report.record_spec import OUTER_METRICS, missing_names
from cutscore.report.settings import ReportSettings
from cutscore.report.threshold_json import run_json
from cutscore.validation import Splitter

HOLDOUT = "validation.outer=holdout"
PRICED = ("data.amounts=[income]", "cost=credit_line", "cost.income=income")
PART = ("validation.outer=nested", "validation.outer_folds=3")


@pytest.fixture(scope="module")
def composer():
    return Composer(find_layers(working_dir=packaged_folder()))


@pytest.fixture(scope="module")
def cache():
    return ExperimentCache()


@pytest.fixture(scope="module")
def planned(composer, loans):
    def plan(*overrides):
        given = [*loans, "report.bootstrap=20", *overrides]
        return compose_plan(composer, parse_overrides(given)).experiment

    return plan


@pytest.fixture(scope="module")
def judged(planned, cache):
    def run(*overrides):
        experiment = planned(*overrides)
        prepared = prepare(experiment, cache)
        result = execute(experiment, prepared, cache)
        return experiment, prepared, result, judge(experiment, prepared, cache, result)

    return run


@dataclass(frozen=True, eq=False)
class Given:
    """A source that is loaded already."""

    dataset: Dataset

    def load(self):
        return self.dataset


def changed(dataset: Dataset, rows, *, values: bool) -> Dataset:
    """Turn the targets of rows round and, if asked, put other values and amounts into them."""
    target = dataset.target.copy()
    target[rows] = 1 - target[rows]
    if not values:
        return replace(dataset, target=target)
    rng = np.random.default_rng(3)
    cells = dataset.table.values.copy()
    for place, column in enumerate(dataset.table.columns):
        wild = (
            rng.normal(0, 1e5, len(rows))
            if column.levels is None
            else rng.integers(0, 3, len(rows))
        )
        cells[rows, place] = np.where(rng.random(len(rows)) < 0.3, np.nan, wild)
    amounts = {name: column.copy() for name, column in dataset.amounts.items()}
    for column in amounts.values():
        column[rows] = column[rows] * 3 + 7
    table = Table(dataset.table.columns, cells)
    return replace(dataset, target=target, table=table, amounts=amounts)


@dataclass(frozen=True, eq=False)
class Fixed(Splitter):
    """A split that is made already: one by target would follow the targets that are changed."""

    folds: Folds

    def split(self, rows):
        return self.folds

    def hold_out(self, rows):
        raise NotImplementedError


def evidence(experiment, folds, dataset):
    """Return all that a run of the folds says, and the judgement."""
    own = replace(experiment, data=Given(dataset), validation=Fixed(folds))
    cache = ExperimentCache()
    prepared = prepare(own, cache)
    result = execute(own, prepared, cache)
    said = {
        (item.key, item.step): item.value
        for item in record_items(result, "run", ReportSettings())
        if isinstance(item, Metric) and not item.key.startswith("seconds")
    }
    said["json"] = run_json(result)
    said["scores"] = result.oof.score.tobytes()
    return said, judge(own, prepared, cache, result)


@pytest.mark.parametrize(
    "words",
    [
        ("model.binning=fold", "sampling=smote", "calibration=isotonic"),
        ("model.binning=fold", "sampling=undersample", "calibration=prior", *PRICED),
        ("model.binning=fold", "threshold=bayes", "calibration=sigmoid", *PRICED),
        ("model.binning=shared", "sampling=balanced"),
    ],
    ids=["smote", "priced", "bayes", "shared bins"],
)
def test_outer_rows_reach_nothing_that_is_chosen_by(planned, cache, words):
    experiment = planned(HOLDOUT, *words)
    prepared = prepare(experiment, cache)
    folds, dataset = prepared.folds, prepared.dataset
    strict = "model.binning=fold" in words
    honest, before = evidence(experiment, folds, dataset)
    planted, after = evidence(experiment, folds, changed(dataset, folds.outer, values=strict))
    assert planted == honest
    assert after.confusion != before.confusion
    assert np.array_equal(after.frame["score"], before.frame["score"]) == (not strict)
    leaking, _ = evidence(experiment, folds, changed(dataset, folds.inner[:60], values=False))
    assert leaking != honest


def test_the_judgement_is_that_of_a_fit_on_all_inner_rows(judged):
    experiment, prepared, result, outer = judged(HOLDOUT, "calibration=isotonic")
    folds, dataset = prepared.folds, prepared.dataset
    assert outer.rows == len(folds.outer) == 120
    assert len(folds.inner) == 480
    session = experiment.model.session(
        TableToFit(prepared.table, dataset.target, threads=1, shared_bins=False)
    )
    scores = session.fit(TrainingRows(folds.inner), prepared.table).scores(prepared.table)
    assert outer.frame["score"].tobytes() == scores[folds.outer].tobytes()
    calibrator = experiment.calibration.fit(result.oof.score, result.oof.target)
    calibrated = calibrator.apply(scores[folds.outer])
    assert np.array_equal(outer.frame["calibrated"], calibrated)
    flagged = calibrated >= result.reference.chosen.threshold
    assert np.array_equal(outer.frame["flagged"], flagged)
    target = dataset.target[folds.outer]
    missed, alarms = np.sum(~flagged & (target == 1)), np.sum(flagged & (target == 0))
    assert outer.total_cost == 10 * missed + alarms
    cheaper = min(10 * target.sum(), (target == 0).sum())
    assert outer.savings == pytest.approx(1 - outer.total_cost / cheaper)
    assert result.unscored == 0
    assert len(result.oof.row) == 480


def test_the_prior_is_corrected_by_the_refits_own(judged):
    _, prepared, _, outer = judged(HOLDOUT, "sampling=undersample", "calibration=prior")
    share = prepared.dataset.target[prepared.folds.inner].mean()
    raw, corrected = outer.frame["score"], outer.frame["calibrated"]
    odds = raw / (1 - raw) * share / (1 - share)
    assert corrected == pytest.approx(odds / (1 + odds))


def test_rows_are_decided_by_their_own_costs_where_the_rule_does_so(judged):
    experiment, prepared, result, outer = judged(HOLDOUT, "threshold=bayes", *PRICED)
    assert result.reference.chosen.rule.needs_costs
    folds = prepared.folds
    costs = priced(experiment.cost, prepared.dataset, folds.inner, folds.outer)
    p = outer.frame["score"]
    flagged = p * costs.false_negative >= (1 - p) * costs.false_positive
    assert np.array_equal(outer.frame["flagged"], flagged)
    assert outer.total_cost == pytest.approx(costs.total(outer.frame["target"], flagged))


def test_every_recorded_figure_is_on_the_list(judged):
    *_, outer = judged(HOLDOUT)
    items = list(outer_items(outer))
    assert [item.key for item in items if isinstance(item, Metric)] == list(OUTER_METRICS)
    missing = missing_names({}, {"outer_rows"}, {}, [], has_dataset=True)
    assert {"metric:outer_cost", "artifact:outer_scores.parquet"} <= set(missing)
    missing = missing_names({}, {"rows"}, {}, [], has_dataset=True)
    assert not any("outer" in name for name in missing)


def test_parts_of_nested_are_pooled_over_all_rows(judged):
    parts = [judged(*PART, f"validation.outer_part={part}")[-1] for part in range(3)]
    whole = pooled(parts)
    assert whole.rows == 600
    assert sorted(whole.frame["row"].tolist()) == list(range(1, 601))
    assert np.array_equal(np.bincount(whole.frame["part"]), [part.rows for part in parts])
    assert whole.total_cost == sum(part.total_cost for part in parts)
    target, flagged = whole.frame["target"] == 1, whole.frame["flagged"]
    assert whole.confusion.tp == np.sum(target & flagged)
    assert whole.total_cost == 10 * np.sum(target & ~flagged) + np.sum(~target & flagged)
    assert whole.flag_nobody == 10 * target.sum()
    figures = [part.figures()["outer_roc_auc"] for part in parts]
    assert min(figures) <= whole.figures()["outer_roc_auc"] <= max(figures)
    assert isinstance(whole, OuterEvaluation)
    with pytest.raises(ValueError, match="no outer parts"):
        pooled([])


TIMED = ("validation=time_ordered", "data.time=day", "validation.period=month")


def test_a_sliding_window_judges_by_a_fit_on_the_latest_window(judged):
    words = (*TIMED, "validation.folds=2", "validation.window=2", "validation.gap=1", HOLDOUT)
    experiment, prepared, _, outer = judged(*words)
    folds, time = prepared.folds, prepared.dataset.amounts["time"]
    month = time.astype("datetime64[D]").astype("datetime64[M]").astype(int)
    first = month[folds.outer].min()
    rows = np.flatnonzero((month >= first - 3) & (month < first - 1))
    session = experiment.model.session(
        TableToFit(prepared.table, prepared.dataset.target, threads=1, shared_bins=False)
    )
    scores = session.fit(TrainingRows(rows), prepared.table).scores(prepared.table)
    assert outer.frame["score"].tobytes() == scores[folds.outer].tobytes()


def test_parts_of_nested_follow_each_other_in_time(judged):
    nested = ("validation.outer=nested", "validation.outer_folds=2", "validation.gap=1")
    words = (*TIMED, *nested, "validation.folds=2")
    runs = [judged(*words, f"validation.outer_part={part}") for part in range(2)]
    times = [str(prepared.folds.outer_times.validation) for _, prepared, _, _ in runs]
    assert times == ["2024-06 to 2024-07", "2024-08 to 2024-10"]
    assert len(runs[0][1].folds.inner) < len(runs[1][1].folds.inner)
    whole = pooled([run[-1] for run in runs])
    assert whole.rows == sum(len(prepared.folds.outer) for _, prepared, _, _ in runs)
    assert whole.total_cost == sum(run[-1].total_cost for run in runs)


def test_nothing_is_judged_without_outer_rows(planned, cache):
    experiment = planned()
    prepared = prepare(experiment, cache)
    result = execute(experiment, prepared, cache)
    assert result.outer_rows == 0
    with pytest.raises(ValueError, match=r"validation\.outer is none"):
        judge(experiment, prepared, cache, result)


def test_nested_needs_a_search_or_a_part(planned, cache):
    with pytest.raises(RequestError, match=r"validation\.outer: nested .* no search is asked for"):
        planned("validation.outer=nested")
    prepared = prepare(planned(*PART, "validation.outer_part=2"), cache)
    assert len(prepared.folds.outer) == 200
