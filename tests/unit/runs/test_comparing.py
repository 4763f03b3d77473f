from __future__ import annotations

import pytest

from cutscore.cli.comparison import _verdict
from cutscore.runs.comparing import compare
from cutscore.runs.values import RunDetail, RunSummary

PARAMS = {
    "threshold.objective": "cost",
    "threshold.beta": "1.0",
    "threshold._target_": "Exact",
    "cost.false_negative": "10",
    "calibration._target_": "NoCalibration",
    "model.params.learning_rate": "0.1",
    "tracking.experiment": "a",
}
TAGS = {"data_digest": "d", "score_digest": "s"}


def run(name, threshold, params=None, tags=None):
    summary = RunSummary(
        run_id=name,
        name=name,
        experiment="e",
        status="FINISHED",
        complete=True,
        started="",
        seconds=1.0,
        parent_id=None,
        metrics={"threshold": threshold, "roc_auc": 0.8, "fold_roc_auc": threshold},
        tags={**TAGS, **(tags or {})},
    )
    return RunDetail(summary, {**PARAMS, **(params or {})}, {}, (), (), (), "")


@pytest.mark.parametrize(
    ("params", "tags", "what"),
    [
        ({"threshold.objective": "fbeta", "threshold.beta": "3.2"}, {}, "objective"),
        ({"cost.false_negative": "5"}, {}, "costs"),
        ({"threshold._target_": "Grid", "threshold.step": "0.01"}, {}, "search"),
        ({"calibration._target_": "Sigmoid"}, {}, "calibration"),
        ({"model.params.learning_rate": "0.2"}, {"score_digest": "t"}, "scores"),
        ({}, {"data_digest": "e", "score_digest": "t"}, "data"),
        ({}, {}, "environment"),
    ],
)
def test_a_different_threshold_is_explained(params, tags, what):
    found = compare(run("a", 0.338), run("b", 0.48, params, tags))
    assert found.reasons[0].what == what
    for name, value in params.items():
        assert any(name in reason.explanation for reason in found.reasons), (name, value)


def test_several_reasons_are_all_told():
    changed = {"cost.false_negative": "5", "threshold.objective": "fbeta"}
    found = compare(run("a", 0.3), run("b", 0.4, changed, {"score_digest": "t"}))
    assert [reason.what for reason in found.reasons] == ["objective", "costs", "scores"]
    assert found.same_scores is False


def test_equal_thresholds_need_no_reason():
    found = compare(run("a", 0.3), run("b", 0.3, {"model.params.learning_rate": "0.2"}))
    assert found.reasons == ()
    assert [d.name for d in found.settings] == ["model.params.learning_rate"]


def test_where_a_run_is_kept_is_no_setting_and_fold_values_no_metric():
    found = compare(run("a", 0.3), run("b", 0.4, {"tracking.experiment": "b"}))
    assert found.settings == ()
    assert {pair.name: pair.equal for pair in found.metrics} == {
        "roc_auc": True,
        "threshold": False,
    }


def test_a_run_without_one_threshold_says_why():
    why = "each row is decided by its own costs"
    other = run("b", 0.4, {"threshold._target_": "Bayes"}, {"undefined.threshold": why})
    del other.summary.metrics["threshold"]
    found = compare(run("a", 0.3), other)
    assert (found.thresholds, found.without) == ((0.3, None), (None, why))
    assert [reason.what for reason in found.reasons] == ["search"]
    assert f"The thresholds are 0.3 and none ({why})" in _verdict(found)
    assert _verdict(compare(other, other)) == f"Both thresholds are none ({why})."


def test_weights_are_part_of_the_data():
    weighed = run("a", 0.3, tags={"data_digest": "x", "weight": "exposure"})
    found = compare(weighed, run("b", 0.4, tags={"data_digest": "y"}))
    assert "weights included: exposure and not set" in found.reasons[0].explanation
    same = compare(weighed, run("b", 0.4, tags={"data_digest": "y", "weight": "exposure"}))
    assert "weights" not in same.reasons[0].explanation
