"""Costs per row, sampling by cost and calibration through a whole experiment."""

from __future__ import annotations

import numpy as np
import pytest
from drawn import texts
from made_costs import priced

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError
from cutscore.experiment import ExperimentCache, execute, prepare, refit
from cutscore.report.figures import style
from cutscore.report.items import Figure, Metric, TableFile, Tag
from cutscore.report.record import record_items
from cutscore.report.settings import ReportSettings
from cutscore.report.threshold_json import run_json
from cutscore.scoring.decision import Decision


@pytest.fixture(scope="module")
def composer():
    return Composer(find_layers(working_dir=packaged_folder()))


@pytest.fixture(scope="module")
def cache():
    return ExperimentCache()


@pytest.fixture(scope="module")
def run(composer, cache, loans):
    def execute_one(*overrides):
        given = [*loans, "data.amounts=[income]", *overrides]
        experiment = compose_plan(composer, parse_overrides(given)).experiment
        prepared = prepare(experiment, cache)
        return experiment, prepared, execute(experiment, prepared, cache)

    return execute_one


PRICED = ("cost=credit_line", "cost.income=income", "cost.where='income < 6000'")


def test_costs_of_each_fold_come_from_its_training_rows(run):
    experiment, prepared, result = run(*PRICED)
    dataset = prepared.dataset
    assert dataset.amounts["income"].max() < 6000  # the filter goes with the cost
    start = 0
    for fold in prepared.folds.splits:
        size = len(fold.validation)
        expected = priced(experiment.cost, dataset, fold.train, fold.validation)
        here = result.costs.take(np.arange(start, start + size))
        assert here.false_positive == pytest.approx(expected.false_positive, rel=1e-9)
        assert here.false_negative == pytest.approx(expected.false_negative, rel=1e-9)
        start += size


def test_the_filter_of_a_cost_does_not_outlive_it(run):
    _, priced, _ = run(*PRICED)
    _, plain, _ = run()
    assert plain.dataset.rows == 600 > priced.dataset.rows


def test_folds_may_be_cut_by_the_values_of_a_column(run):
    words = ["validation=time_ordered", "data.time=age", "validation.period=age"]
    _, prepared, result = run(*words, "validation.window=10", "validation.gap=2")
    age = prepared.dataset.amounts["time"]
    assert prepared.dataset.periods.names == tuple(map(str, range(20, 70)))
    first = prepared.folds.splits[0]
    assert (str(first.times.train), first.times.validation.first_name) == ("20 to 29", "32")
    assert sorted(set(age[first.train])) == list(range(20, 30))
    assert len(result.crossfit.parts) == len(result.folds) - 1
    plain = run()[1].dataset
    assert plain.periods is None
    assert "age" in plain.table.names


def test_training_weights_by_cost_reach_the_prior(run):
    _, _, result = run(*PRICED, "sampling=cost_weighted", "calibration=prior")
    costs = result.costs
    assert all(fold.prior > 2 * fold.base_rate for fold in result.folds)
    assert all("within a class" in fold.notes[-1] for fold in result.folds)
    assert not costs.fixed
    assert result.reference.bayes_valid


@pytest.mark.parametrize("calibration", ["none", "sigmoid", "isotonic", "prior"])
def test_bayes_is_valid_once_scores_are_calibrated(run, calibration):
    _, _, result = run("sampling=undersample", f"calibration={calibration}")
    assert result.reference.bayes_valid == (calibration != "none")
    assert all(fold.prior == pytest.approx(0.5) for fold in result.folds)
    raw, calibrated = result.oof.score.mean(), result.cross_calibrated.mean()
    share = result.oof.target.mean()
    assert raw > 1.5 * share
    if calibration != "none":
        assert abs(calibrated - share) < 0.35 * abs(raw - share)


def test_bayes_is_not_valid_for_a_classifier_that_weighs_classes_itself(run):
    for words in (("++model.params.unbalance=true",), ("++model.params.neg_subsample=0.5",)):
        _, _, result = run(*words, "++model.params.subsample_freq=1", "report.bootstrap=0")
        assert not result.reference.bayes_valid
        assert all(fold.prior > fold.base_rate for fold in result.folds)


def test_prior_notes_appear_for_made_up_rows_only(run):
    _, _, smote = run("sampling=smote", "calibration=prior")
    _, _, balanced = run("sampling=balanced", "calibration=prior")
    assert all("rows were made up" in fold.notes[-1] for fold in smote.folds)
    assert not any(fold.notes for fold in balanced.folds)


def test_a_part_is_calibrated_and_decided_by_other_parts_only(run):
    """Planted leak: with targets of one part turned round, its own decisions stay."""
    from dataclasses import replace

    from cutscore.experiment import decide

    experiment, prepared, result = run("calibration=isotonic", "sampling=balanced")
    inside = result.oof.part == 1
    turned = np.where(inside, 1 - result.oof.target, result.oof.target).astype(np.int8)
    oof = replace(result.oof, target=turned)
    changed = decide(experiment, prepared, result.folds, oof, {})
    assert (changed.cross_calibrated[inside] == result.cross_calibrated[inside]).all()
    before, after = result.crossfit.parts[1], changed.crossfit.parts[1]
    assert before.threshold == after.threshold
    flagged = before.confusion.tp + before.confusion.fp
    assert after.confusion.tp + after.confusion.fp == flagged
    assert (changed.cross_calibrated[~inside] != result.cross_calibrated[~inside]).any()


def test_the_record_holds_both_rules_and_the_errors(run):
    _, _, result = run(*PRICED, "calibration=sigmoid")
    items = list(record_items(result, "run", ReportSettings()))
    metrics = {item.key: item.value for item in items if isinstance(item, Metric)}
    for key in (
        "ece",
        "ece_calibrated",
        "brier_calibrated",
        "log_loss_calibrated",
        "bayes_risk_cost",
        "bayes_risk_savings",
        "bayes_risk_savings_std",
        "no_model_rule_cost",
        "no_model_rule_savings",
        "no_model_rule_savings_std",
    ):
        assert np.isfinite(metrics[key]), key
    steps = [i.step for i in items if isinstance(i, Metric) and i.key == "fold_bayes_risk_savings"]
    assert steps == [0, 1, 2]
    frame = next(
        i.frame for i in items if isinstance(i, TableFile) and i.path == "oof_scores.parquet"
    )
    assert {"score", "calibrated", "cross_calibrated", "C_FN", "C_FP"} <= set(frame)
    body = run_json(result)
    assert body["bayes_risk"]["total_cost"] == metrics["bayes_risk_cost"]
    assert body["no_model_rule"]["savings"] == metrics["no_model_rule_savings"]


def test_costs_with_nothing_to_decide_leave_a_note(run):
    given = ["cost=columns", "cost.false_negative=income", "cost.false_positive=-1"]
    _, _, result = run(*given, "cost.true_positive=0", "cost.true_negative=0")
    assert "flag everybody" in result.notes[0]
    tags = [i for i in record_items(result, "r", ReportSettings()) if isinstance(i, Tag)]
    assert any(tag.key == "notes" and "flag everybody" in tag.value for tag in tags)


def test_tv_churn_works_with_its_own_columns(composer):
    plan = compose_plan(composer, parse_overrides(["data=tv_churn", "cost=columns"]))
    prepared = prepare(plan.experiment, ExperimentCache())
    assert prepared.notes == ()
    assert not any(name.startswith("C_") for name in prepared.table.names)
    assert [len(costs.false_negative) for costs in prepared.costs] == [
        len(fold.validation) for fold in prepared.folds.splits
    ]


@pytest.mark.parametrize("calibration", ["none", "sigmoid", "isotonic", "prior"])
def test_the_raw_threshold_flags_what_the_calibrated_one_does(run, calibration):
    _, _, result = run("sampling=balanced", f"calibration={calibration}")
    raw, chosen = result.raw_threshold, result.reference.chosen.threshold
    flagged, expected = result.oof.score >= raw, result.decided.score >= chosen
    if calibration == "prior":  # folds have shifts of their own: their mean is between them

        def odds(share):
            return share / (1 - share)

        at = [odds(chosen) * odds(fold.prior) / odds(fold.base_rate) for fold in result.folds]
        low, high = min(at) * (1 - 1e-9), max(at) * (1 + 1e-9)
        assert low <= odds(raw) <= high
        differing = odds(result.oof.score[flagged != expected])
        assert ((differing >= low) & (differing <= high)).all()
        assert raw > chosen
    else:
        assert (flagged == expected).all()
    if calibration == "none":
        assert raw == chosen


@pytest.mark.parametrize("model", ["lightgbm", "xgboost"])
def test_early_stopping_tells_the_trees_of_each_fold(run, model):
    words = [f"model={model}", "model.params.n_estimators=60", "model.early_stopping_rounds=2"]
    experiment, prepared, result = run(*words, "sampling=balanced")
    items = [i for i in record_items(result, "r", ReportSettings()) if isinstance(i, Metric)]
    trees = [item.value for item in items if item.key == "fold_trees"]
    assert trees == [fold.trees for fold in result.folds]
    assert all(1 <= count < 60 for count in trees)
    assert [i.value for i in items if i.key == "trees"] == [np.mean(trees)]
    decision = Decision(result.calibrator, result.reference.chosen.rule)
    final = refit(experiment, prepared, ExperimentCache(), decision)
    assert 1 <= final.fitted.trees < 60


def test_early_stopping_is_refused_with_made_up_rows_and_without_rounds(run):
    with pytest.raises(RequestError, match=r"early_stopping_rounds: made-up rows are made from"):
        run("model.early_stopping_rounds=5", "sampling=smote")
    with pytest.raises(RequestError, match=r"early_stopping_rounds.*greater than or equal to 1"):
        run("model.early_stopping_rounds=0")
    run("model.early_stopping_rounds=5", "sampling=undersample")


def test_rows_decided_by_their_own_costs_are_told_and_priced_so(run):
    _, _, result = run(*PRICED, "threshold=bayes", "calibration=isotonic", "report.bootstrap=20")
    chosen, costs, target = result.reference.chosen, result.costs, result.decided.target
    items = list(record_items(result, "r", ReportSettings()))
    metrics = {item.key: item.value for item in items if isinstance(item, Metric)}
    tags = {item.key: item.value for item in items if isinstance(item, Tag)}
    by_median = costs.total(target, result.decided.score >= chosen.median_threshold)
    assert metrics["total_cost"] == chosen.total_cost != by_median
    own = ("threshold", "threshold_raw", "threshold_std", "threshold_low", "fold_threshold")
    assert not set(own) & set(metrics)
    assert {tags[f"undefined.{name}"] for name in own} == {"each row is decided by its own costs"}
    body = run_json(result)
    assert (body["threshold"], body["raw_threshold"], body["per_row"]) == (None, None, True)
    assert body["rule"].startswith("each row is decided by its own costs")
    assert body["decision"]["rule"] == {"kind": "bayes_minimum_risk"}
    assert body["decision"]["calibrator"]["kind"] == "isotonic"
    assert body["undefined"]["crossfit.threshold_std"] == tags["undefined.threshold"]
    pictures = {item.path: item.figure for item in items if isinstance(item, Figure)}
    said = texts(pictures["confusion_matrix.png"])
    assert "Confusion matrix, each row by its own costs" in said
    assert any(style.number(chosen.total_cost) in text for text in said)
    everything = [text for picture in pictures.values() for text in texts(picture)]
    assert not any(style.number(chosen.median_threshold) in text for text in everything)
    assert any(text.startswith("each row by its own costs: ") for text in everything)
