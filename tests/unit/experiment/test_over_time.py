"""Figures by period through a whole experiment, against plain sums over its rows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError
from cutscore.experiment import ExperimentCache, execute, prepare
from cutscore.experiment.over_time import over_time
from cutscore.metrics.period_specs import BY_PERIOD, OVER_TIME
from cutscore.records import Undefined
from cutscore.report.items import Metric, TableFile, Tag, Text
from cutscore.report.over_time import OverTime
from cutscore.report.record import record_items
from cutscore.report.record_spec import PERIOD_ARTIFACTS, missing_names
from cutscore.report.settings import ReportSettings

FEW = "report.stability.positives=3"


@pytest.fixture(scope="module")
def composer():
    return Composer(find_layers(working_dir=packaged_folder()))


@pytest.fixture(scope="module")
def run(composer, loans):
    cache = ExperimentCache()

    def execute_one(*overrides):
        words = [*loans, "report.bootstrap=0", *overrides]
        experiment = compose_plan(composer, parse_overrides(words)).experiment
        prepared = prepare(experiment, cache)
        return experiment, prepared, execute(experiment, prepared, cache)

    return execute_one


@pytest.fixture(scope="module")
def dated(run):
    return run("data.time=day", FEW, "calibration=sigmoid", "cost.false_negative=5")


def month_of(prepared):
    days = prepared.dataset.amounts["time"].astype(np.int64).astype("datetime64[D]")
    return days.astype("datetime64[M]")


def test_each_period_is_the_sum_of_its_rows(dated):
    from sklearn.metrics import roc_auc_score

    _, prepared, result = dated
    found, oof, month = result.over_time, result.oof, month_of(prepared)[result.oof.row]
    flagged = result.reference.chosen.rule.flag(result.decided.score)
    assert found.names == tuple(map(str, np.unique(month)))
    for told in found.periods():
        here = month == np.datetime64(told["period"])
        target = oof.target[here]
        assert told["rows"] == here.sum()
        assert told["base_rate"] == pytest.approx(target.mean())
        assert told["flagged_share"] == pytest.approx(flagged[here].mean())
        assert told["gini"] == pytest.approx(2 * roc_auc_score(target, oof.score[here]) - 1)
        cost = (~flagged[here] * target * 5 + flagged[here] * (1 - target)).mean()
        assert told["cost_per_row"] == pytest.approx(cost)
        promised = result.cross_calibrated[here].sum()
        assert told["observed_to_expected"] == pytest.approx(target.sum() / promised)
    gini = [told["gini"] for told in found.periods()]
    assert found.figures["gini_mean"] == pytest.approx(np.mean(gini))
    assert found.figures["worst_period"] == min(gini)


def test_the_first_period_has_not_moved_and_columns_are_counted_whole(dated):
    _, prepared, result = dated
    found = result.over_time
    assert found.parts[0].stability == 0
    assert (found.moved.psi[0] == 0).all()
    assert (found.moved.psi[1:] > 0).all()
    assert found.moved.columns == prepared.dataset.table.names


def test_a_columns_index_is_that_of_its_levels_by_month(dated):
    _, prepared, result = dated
    table, moved, month = prepared.dataset.table, result.over_time.moved, month_of(prepared)
    at = moved.columns.index("purpose")
    level = table.values[:, at].astype(int)
    counts = [np.bincount(level[month == each], minlength=3) for each in np.unique(month)]
    for index, noise, here in zip(moved.psi[:, at], moved.noise[:, at], counts, strict=True):
        q, p = ((each + 0.5) / (each.sum() + 1.5) for each in (here, counts[0]))
        assert index == pytest.approx(((q - p) * np.log(q / p)).sum())
        assert noise == pytest.approx(2 * (1 / here.sum() + 1 / counts[0].sum()))


def test_rows_decided_by_their_own_costs_have_no_frozen_threshold_but_its_cost(run):
    own = ("cost=columns", "cost.false_negative=income", "cost.false_positive=500")
    words = ("data.amounts=[income]", "data.weight=age", "threshold=bayes", "calibration=sigmoid")
    _, _, result = run("data.time=day", FEW, *own, *words)
    found = result.over_time
    assert found.recutting.threshold is None
    assert found.figures["frozen_threshold_cost"] > 0
    told = found.document()
    assert told["recutting"]["threshold"] is None
    weights, rows = result.oof.weights, prices(result)
    assert sum(p.cost_per_row * p.size for p in found.parts) == pytest.approx(rows)
    assert sum(p.size for p in found.parts) == pytest.approx(weights.sum())


def prices(result):
    """Return what the run's own rule costs in all."""
    return result.reference.chosen.total_cost


def test_the_record_holds_figures_at_the_step_of_their_period(dated):
    _, _, result = dated
    items = list(record_items(result, "run", ReportSettings()))
    metrics = {(i.key, i.step): i.value for i in items if isinstance(i, Metric)}
    told = list(result.over_time.periods())
    for step, each in enumerate(told):
        for spec in BY_PERIOD:
            value = each[spec.name.removeprefix("period_")]
            assert metrics.get((spec.name, step)) == value
    assert all((spec.name, 0) in metrics for spec in OVER_TIME)
    brief = record_items(result, "run", ReportSettings(), by_period=False)  # as in a trial
    kept = {(i.key, i.step): i.value for i in brief if isinstance(i, Metric)}
    assert kept == {k: v for k, v in metrics.items() if not k[0].startswith("period_")}
    document = json.loads(next(i.text for i in items if getattr(i, "path", "") == "periods.json"))
    assert document["schema_version"] == 1
    assert document["periods"] == told
    table = next(i.frame for i in items if isinstance(i, TableFile) and i.path == "periods.csv")
    assert list(table) == list(told[0])
    assert {i.path for i in items if not isinstance(i, Metric | Tag)} >= set(PERIOD_ARTIFACTS)


def test_a_run_over_time_lacks_what_it_has_not_of_them():
    lacking = missing_names({}, {}, {"period": "month"}, [], has_dataset=True)
    assert {f"artifact:{name}" for name in PERIOD_ARTIFACTS} <= set(lacking)
    assert "artifact:periods.csv" not in missing_names({}, {}, {}, [], has_dataset=True)


def test_without_a_time_there_is_nothing_of_it(run):
    _, _, result = run()
    assert result.over_time is None
    items = list(record_items(result, "run", ReportSettings()))
    names = {getattr(item, "key", getattr(item, "path", "")) for item in items}
    assert not any("period" in name or "gini" in name or "frozen" in name for name in names)


def test_too_few_rows_are_called_insufficient_and_no_figure_is_made_of_them(run):
    _, _, result = run("data.time=day")  # twenty rows of each class are needed
    found = result.over_time
    told = list(found.periods())
    assert {each["insufficient"] != "" for each in told} == {True}
    assert told[0]["insufficient"].startswith("insufficient data: ")
    assert {each["gini"] for each in told} == {None}
    assert found.figures["periods_insufficient"] == len(told)
    items = list(record_items(result, "run", ReportSettings()))
    reasons = {i.key: i.value for i in items if isinstance(i, Tag)}
    assert reasons["undefined.worst_period"] == "no periods have enough rows of both classes"
    assert not any(isinstance(i, Metric) and i.key == "period_gini" for i in items)


def test_a_period_of_one_class_is_left_out_of_what_is_said_of_all(dated):
    experiment, prepared, result = dated
    first = month_of(prepared)[result.oof.row] == np.datetime64("2024-01")
    target = np.where(first, 0, result.oof.target).astype(np.int8)
    made = replace(result, oof=replace(result.oof, target=target))
    found = over_time(experiment, prepared, ExperimentCache(), made)
    assert [why != "" for why in found.insufficient] == [True] + [False] * (len(found.names) - 1)
    told = [each["gini"] for each in found.periods()]
    assert told[0] is None
    assert found.figures["gini_mean"] == pytest.approx(np.mean(told[1:]))


def test_one_period_says_nothing_of_time(run):
    _, _, result = run("data.time=day", FEW, "data.where=\"day < DATE '2024-02-01'\"")
    found = result.over_time
    assert found.names == ("2024-01",)
    undefined = {k for k, v in found.figures.items() if isinstance(v, Undefined)}
    assert undefined == {spec.name for spec in OVER_TIME} - {"periods", "periods_insufficient"}
    assert "only one period" in found.figures["gini_stability"].reason


def test_rows_without_a_date_are_counted_and_left_out(dated):
    experiment, prepared, result = dated
    which = prepared.periods.which.copy()
    which[:50] = -1
    undated = replace(prepared, periods=replace(prepared.periods, which=which))
    found = over_time(experiment, undated, ExperimentCache(), result)
    assert found.undated == 50
    assert sum(part.rows for part in found.parts) == len(which) - 50
    none = replace(prepared, periods=replace(prepared.periods, which=np.full_like(which, -1)))
    assert isinstance(over_time(experiment, none, ExperimentCache(), result), Undefined)


def test_a_time_of_numbers_is_its_own_period_unless_there_are_too_many(run):
    _, _, result = run("data.time=branch", "data.drop=[day]")
    found = result.over_time
    assert found.names[:3] == ("0", "1", "2")
    assert found.stretch is None
    _, _, result = run("data.time=income", "data.drop=[day,branch]", "report.period=null")
    assert "more than 400" in result.over_time.reason
    tags = {i.key for i in record_items(result, "run", ReportSettings()) if isinstance(i, Tag)}
    assert {"undefined.gini_stability", "undefined.periods.csv"} <= tags


def test_weeks_of_numbers_are_refused(run):
    with pytest.raises(RequestError, match=r"report\.period: week is asked for, but data\.time"):
        run("data.time=branch", "data.drop=[day]", "report.period=week")


@pytest.mark.parametrize(("stretch", "first"), [("day", "2024-01-01"), ("week", "2024-W01")])
def test_other_stretches_are_told_by_name(run, stretch, first):
    _, _, result = run("data.time=day", f"report.period={stretch}")
    assert result.over_time.names[0] == first
    assert result.over_time.stretch == stretch


def test_in_time_order_the_rows_before_the_first_fold_are_not_told(run):
    _, prepared, result = run("data.time=day", "validation=time_ordered", "validation.folds=3", FEW)
    scored = month_of(prepared)[result.oof.row]
    assert isinstance(result.over_time, OverTime)
    assert result.over_time.names == tuple(map(str, np.unique(scored)))
    assert sum(part.rows for part in result.over_time.parts) == len(result.oof.row)


def test_repeated_folds_tell_each_row_once(run):
    words = ("validation=repeated_stratified", "validation.folds=2", "validation.repeats=2")
    _, prepared, result = run("data.time=day", FEW, *words)
    assert sum(part.rows for part in result.over_time.parts) == prepared.dataset.rows


def test_the_document_is_text_of_plain_values(dated):
    items = record_items(dated[2], "run", ReportSettings())
    text = next(i.text for i in items if isinstance(i, Text) and i.path == "periods.json")
    assert "NaN" not in text


def test_periods_are_those_of_the_validation_unless_others_are_asked_for(run):
    words = ("data.time=day", "validation=time_ordered", "validation.folds=3", FEW)
    _, _, result = run(*words, "validation.period=week")
    assert result.over_time.stretch == "week"
    _, _, result = run(*words, "validation.period=week", "report.period=month")
    assert result.over_time.stretch == "month"
