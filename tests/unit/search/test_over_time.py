"""Metrics over time as what a search looks for: refused where they cannot exist."""

from __future__ import annotations

import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError
from cutscore.experiment import ExperimentCache
from cutscore.metrics.period_specs import OBJECTIVES
from cutscore.search.over_time import check_over_time, words_over_time
from cutscore.search.space import space_of
from cutscore.search.study import definition, space_hash

FEW = "report.stability.positives=3"


@pytest.fixture(scope="module")
def plan(loans):
    composer = Composer(find_layers(working_dir=packaged_folder()))
    kept = [text for text in loans if "n_estimators" not in text]

    def composed(metric, *words):
        given = [*kept, "search=lightgbm", f"search.metric={metric}", *words]
        return compose_plan(composer, parse_overrides(given))

    return composed


@pytest.fixture(scope="module")
def cache():
    return ExperimentCache()


@pytest.mark.parametrize("metric", ["gini_stability", "frozen_threshold_cost"])
def test_data_without_a_time_have_no_such_metric(plan, metric):
    said = rf"search\.metric: {metric} goes by periods .* data\.time"
    with pytest.raises(RequestError, match=said):
        plan(metric)


def test_nor_have_they_periods(plan):
    with pytest.raises(RequestError, match=r"report\.period: week goes by periods") as error:
        plan("worst_period", "report.period=week")
    assert [fault.setting for fault in error.value.faults] == ["search.metric", "report.period"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data.time=day"], "no periods have enough rows"),
        (["data.time=day", FEW, "report.period=day"], "no periods have enough rows"),
        (["data.time=income", "data.drop=[branch,day]"], "more than 400 are not told"),
    ],
)
def test_what_no_trial_could_have_is_refused_before_any(plan, cache, words, said):
    with pytest.raises(RequestError, match=said):
        check_over_time(plan("worst_period", *words), cache)


def test_of_several_objectives_those_that_cannot_exist_are_told(plan, cache):
    asked = "[worst_period,roc_auc,frozen_threshold_cost]"
    words = ("search.pruner=none", "data.time=day", FEW)
    with pytest.raises(RequestError, match="comes from 50 periods, and there are 10") as error:
        check_over_time(plan(asked, *words, "report.stability.threshold_periods=50"), cache)
    assert len(error.value.faults) == 1
    check_over_time(plan(asked, *words), cache)


def test_what_no_trial_of_an_outer_part_could_have_is_refused_too(plan, cache):
    words = ("validation=time_ordered", "validation.period=month", "validation.folds=2")
    words += ("data.time=day", "validation.outer_folds=3", "report.stability.positives=3")
    check_over_time(plan("gini_stability", *words), cache)
    with pytest.raises(RequestError, match="cannot exist outside of outer part 0: ") as error:
        check_over_time(plan("gini_stability", *words, "validation.outer=nested"), cache)
    assert len(error.value.faults) == 1


@pytest.mark.parametrize("metric", sorted(OBJECTIVES))
def test_where_they_exist_nothing_is_said(plan, cache, metric):
    check_over_time(plan(metric, "data.time=day", FEW), cache)


def test_their_settings_are_part_of_what_a_study_is(plan):
    def hashed(metric, *words):
        made = plan(metric, "data.time=day", FEW, *words)
        return space_hash(definition(made, space_of(made)))

    heavy = "report.stability.slope_weight=1"
    assert hashed("gini_stability") != hashed("gini_stability", heavy)
    assert hashed("gini_stability") != hashed("gini_stability", "report.period=week")
    assert hashed("crossfit_cost") == hashed("crossfit_cost", heavy)
    assert words_over_time(plan("crossfit_cost")) == {}
