"""Row weights through whole experiments."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from cutscore.calibration.none import NoCalibration
from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError
from cutscore.experiment import (
    ExperimentCache,
    FoldProgress,
    execute,
    judge,
    pooled,
    prepare,
    prune_value,
    shares_bins,
)
from cutscore.metrics import score_metrics
from cutscore.model.sklearn_style import SklearnClassifier
from cutscore.records import TrainingRows
from cutscore.report.items import TableFile
from cutscore.report.model_card import CardFacts, card_markdown
from cutscore.report.record import record_items
from cutscore.report.settings import ReportSettings
from cutscore.report.threshold_json import run_json
from cutscore.sampling import RowsToSample


@pytest.fixture(scope="module")
def composer():
    return Composer(find_layers(working_dir=packaged_folder()))


@pytest.fixture(scope="module")
def weighed_loans(loans, loans_csv, tmp_path_factory):
    """The small table with an exposure, and the same with each row as often as its whole part."""
    header, *lines = loans_csv.read_text().splitlines()
    rng = np.random.default_rng(1)
    whole = rng.integers(1, 4, len(lines)).tolist()
    path = tmp_path_factory.mktemp("weighed") / "loans.csv"
    weights = zip(whole, rng.gamma(2, 1, len(lines)).tolist(), strict=True)
    both = [f"{line},{a},{b!r},1.0" for line, (a, b) in zip(lines, weights, strict=True)]
    path.write_text("\n".join([f"{header},times,exposure,one", *both]) + "\n")
    return [*loans, f"data.path={path}", "data.drop=[branch,day,times,exposure,one]"]


@pytest.fixture(scope="module")
def run(composer, weighed_loans):
    cache = ExperimentCache()

    def execute_one(*overrides):
        given = parse_overrides([*weighed_loans, *overrides])
        experiment = compose_plan(composer, given).experiment
        prepared = prepare(experiment, cache)
        return experiment, prepared, execute(experiment, prepared, cache), cache

    return execute_one


def test_every_figure_of_a_run_is_by_weight(run):
    _, prepared, result, _ = run("data.weight=exposure", "calibration=isotonic")
    w, oof = prepared.dataset.weights, result.oof
    assert "exposure" not in prepared.table.names
    for fold in result.folds:
        for part, found in ((fold.fold.validation, fold.validation), (fold.fold.train, fold.train)):
            assert w[part].min() > 0
            if part is fold.fold.validation:
                target = prepared.dataset.target[part]
                assert found == score_metrics(target, fold.scores, w[part])
        train, target = w[fold.fold.train], prepared.dataset.target[fold.fold.train]
        assert fold.base_rate == pytest.approx(np.average(target, weights=train))
        assert fold.natural
        assert fold.prior == pytest.approx(fold.base_rate)
    chosen, flagged = (
        result.reference.chosen,
        result.decided.score >= result.reference.chosen.threshold,
    )
    missed = oof.weights[~flagged & (oof.target == 1)].sum()
    alarms = oof.weights[flagged & (oof.target == 0)].sum()
    costs = result.costs
    total = costs.false_negative * missed + costs.false_positive * alarms
    assert chosen.total_cost == pytest.approx(total)
    assert result.reference.cost_per_row == pytest.approx(total / w.sum())
    told = run_json(result)["weights"]
    assert told["sum"] == pytest.approx(w.sum())
    assert told["effective_rows"] == pytest.approx(w.sum() ** 2 / (w**2).sum())
    assert sum(told["confusion_rows"].values()) == len(w)
    assert sum(run_json(result)["confusion"].values()) == pytest.approx(w.sum())


def test_weights_of_one_give_the_very_same_figures(run):
    _, prepared, weighed, _ = run("data.weight=one")
    _, other, plain, _ = run()
    assert weighed.oof.score.tolist() == plain.oof.score.tolist()
    assert {**run_json(weighed), "notes": []} == {**run_json(plain), "notes": []}
    assert prepared.dataset.digest != other.dataset.digest
    assert "1 in every row" in " ".join(prepared.notes)


def test_the_table_of_scores_carries_the_weights(run):
    _, _, result, _ = run("data.weight=exposure")
    tables = {
        item.path: item.frame
        for item in record_items(result, "exp", ReportSettings())
        if isinstance(item, TableFile)
    }
    assert tables["oof_scores.parquet"]["weight"].tolist() == result.oof.weights.tolist()
    last = tables["threshold_curve.parquet"]
    assert last["tp"][-1] + last["fp"][-1] == pytest.approx(result.oof.weights.sum())


def by_hand(sampling, target, w):
    if sampling == "none":
        return w
    size = np.array([w[target == 0].sum(), w[target == 1].sum()])
    return w * (size.sum() / (2 * size))[target]


def test_a_model_card_tells_figures_by_weight_and_expects_rows(run):
    _, prepared, result, _ = run("data.weight=exposure")
    document = run_json(result)
    facts = CardFacts(
        name="exp",
        run_id="1",
        dataset=prepared.dataset,
        features=3,
        result=result,
        document=document,
        metrics={},
        config={"data": {}},
        choices={},
        environment={},
    )
    card = card_markdown(facts)
    assert "| row weights | by exposure: " in card
    told = document["weights"]
    assert f"share of positives {told['positives'] / told['sum']:.2%}" in card
    counts = told["confusion_rows"]
    assert (
        f"| share flagged | {(counts['tp'] + counts['fp']) / prepared.dataset.rows:.2%} |" in card
    )
    assert f"| share of positives | {prepared.dataset.positives / 600:.2%} |" in card


@pytest.mark.parametrize("sampling", ["none", "balanced"])
def test_models_are_fitted_with_the_rows_weights_times_those_of_sampling(run, sampling):
    experiment, prepared, result, cache = run("data.weight=exposure", f"sampling={sampling}")
    dataset, first = prepared.dataset, result.folds[0]
    train = first.fold.train
    weights = by_hand(sampling, dataset.target[train], dataset.weights[train])
    session = cache.session(experiment, prepared, shared=shares_bins(experiment, prepared.table))
    fitted = session.fit(TrainingRows(train, weights=weights), prepared.table)
    scores = fitted.scores(prepared.table)[first.fold.validation]
    assert scores == pytest.approx(first.scores, rel=1e-9)
    _, _, plain, _ = run(f"sampling={sampling}")
    assert (plain.oof.row == result.oof.row).all()  # folds are dealt by rows
    assert not np.allclose(plain.folds[0].scores, scores)
    assert first.prior == pytest.approx({"none": first.base_rate, "balanced": 0.5}[sampling])


def test_what_stands_for_a_cost_while_folds_run_is_by_weight(run):
    experiment, prepared, result, _ = run("data.weight=exposure", "calibration=sigmoid")
    progress = FoldProgress(prepared, result.folds)
    found = prune_value(experiment, progress, "crossfit_cost", lower=True)
    assert found == pytest.approx(result.reference.cost_per_row)
    savings = prune_value(experiment, progress, "crossfit_savings", lower=False)
    assert savings == pytest.approx(result.reference.savings)


def test_undersampled_rows_carry_their_weights(run):
    experiment, prepared, result, _ = run("data.weight=exposure", "sampling=undersample")
    target, weights = prepared.dataset.target, prepared.dataset.weights
    for fold in result.folds:
        train = fold.fold.train
        kept = experiment.sampling.sample(RowsToSample(train, target[train], experiment.seed)).rows
        assert target[kept].mean() == 0.5  # so many rows, whatever they weigh
        assert fold.prior == pytest.approx(np.average(target[kept], weights=weights[kept]))
        assert not fold.natural


def test_outer_rows_are_judged_by_weight(run):
    options = ("data.weight=exposure", "validation=stratified", "validation.outer=holdout")
    experiment, prepared, result, cache = run(*options)
    outer, w = prepared.folds.outer, prepared.dataset.weights
    found = judge(experiment, prepared, cache, result)
    counts = found.confusion
    assert counts.tp + counts.fp + counts.tn + counts.fn == pytest.approx(w[outer].sum())
    assert found.cost_per_row == pytest.approx(found.total_cost / w[outer].sum())
    assert found.frame["weight"].tolist() == w[outer].tolist()
    both = pooled([found, replace(found, size=3 * found.size, total_cost=0.0)])
    assert both.cost_per_row == pytest.approx(found.total_cost / (4 * found.size))
    assert len(both.frame["weight"]) == 2 * len(outer)


@dataclass(frozen=True)
class OwnCalibration(NoCalibration):
    """A calibration as written before there were weights."""

    def fit(self, scores, target, /):
        return self


@pytest.mark.parametrize("sampling", ["smote", "smote_undersample"])
def test_what_cannot_go_by_weight_is_refused_at_once(composer, weighed_loans, sampling):
    given = parse_overrides([*weighed_loans, "data.weight=exposure", f"sampling={sampling}"])
    experiment = compose_plan(composer, given).experiment
    neighbours = SklearnClassifier("sklearn.neighbors.KNeighborsClassifier")
    with pytest.raises(RequestError) as raised:
        prepare(replace(experiment, model=neighbours), ExperimentCache())
    made_up, unweighed = raised.value.faults
    assert (made_up.setting, unweighed.setting) == ("data.weight", "data.weight")
    assert "makes up rows between others, and these have no weight" in made_up.problem
    assert "KNeighborsClassifier takes no row weights" in unweighed.problem


def test_own_classes_that_know_no_weights_are_refused(composer, weighed_loans):
    cache = ExperimentCache()
    for weight, number in (("times", 2), ("null", 0)):
        given = parse_overrides([*weighed_loans, f"data.weight={weight}"])
        experiment = compose_plan(composer, given).experiment

        class Rule:
            objective, beta = "cost", 1.0
            choose = experiment.threshold.choose

        own = replace(experiment, calibration=OwnCalibration(), threshold=Rule())
        if not number:
            prepared = prepare(own, cache)
            assert execute(own, prepared, cache).reference.chosen.total_cost > 0
            continue
        with pytest.raises(RequestError) as raised:
            prepare(own, cache)
        assert [fault.setting for fault in raised.value.faults] == ["data.weight"] * number
