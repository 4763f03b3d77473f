"""A store recorded before the decision rule had one home: its runs again, its models loaded."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import recorded

from cutscore.model.contributions import log_odds
from cutscore.model.saved import columns_of, read_description
from cutscore.scoring.folder import load_model
from cutscore.scoring.scorer import Scorer


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return recorded.unpack(tmp_path_factory.mktemp("recorded"))


def scores_of(store, run_id):
    return pq.read_table(store.artifacts(run_id) / "oof_scores.parquet").to_pandas()


@pytest.fixture(scope="module")
def made(cutscore, store, tmp_path_factory):
    """All runs of the store again, by the id of the old run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("again"))
        answer = cutscore("rerun", *store.runs, "--store", store.database, "--json")
    again = {body["run_id"]: body for body in answer.json()["reruns"]}
    assert set(again) == set(store.runs)
    return again


@pytest.mark.parametrize("which", ["by_own_costs", "exact"])
def test_its_runs_give_the_same_scores_bit_for_bit(store, made, which):
    run_id = getattr(store, which)
    body = made[run_id]
    before, after = scores_of(store, run_id), scores_of(store, body["rerun_id"])
    for column in ("row", "fold", "target", "score", "calibrated", "cross_calibrated"):
        assert before[column].to_numpy().tobytes() == after[column].to_numpy().tobytes()
    assert (body["scores"]["verdict"], body["scores"]["rows"]) == ("equal", 1569)
    assert body["verdict"] in ("equal", "within tolerance")
    told = {figure["name"] for figure in body["figures"] if figure["verdict"] == "not known"}
    assert (told != set()) == (which == "by_own_costs")
    assert all("threshold" in name for name in told)


def test_a_run_whose_expressions_were_computed_on_float32_differs_by_that_alone(store, made):
    body = made[store.linear]
    before, after = scores_of(store, store.linear), scores_of(store, body["rerun_id"])
    for column in ("row", "fold", "target"):
        assert before[column].to_numpy().tobytes() == after[column].to_numpy().tobytes()
    assert body["scores"]["verdict"] == "different"  # sums of ten amounts are doubles now
    assert body["scores"]["largest"] < 0.005


def test_rows_decided_by_their_own_costs_are_told_so_now_and_cost_the_same(store, made):
    written = store.artifacts(made[store.by_own_costs]["rerun_id"]) / "threshold.json"
    document = json.loads(written.read_text())
    old = json.loads((store.artifacts(store.by_own_costs) / "threshold.json").read_text())
    assert document["threshold"] is None
    assert document["total_cost"] == pytest.approx(old["total_cost"], rel=1e-9)
    assert document["median_threshold"] == pytest.approx(old["threshold"], rel=1e-9)
    assert set(old) <= set(document)


@pytest.mark.parametrize("which", ["by_own_costs", "exact"])
def test_its_kept_models_answer_as_they_did(store, which):
    import mlflow

    folder = store.model(getattr(store, which))
    assert "loader_module: cutscore.model.pyfunc" in (folder / "MLmodel").read_text()
    inside = folder / "data" / "model"
    columns = [column.name for column in columns_of(read_description(inside))]
    values = np.random.default_rng(0).normal(scale=50, size=(200, len(columns)))
    model, rows = mlflow.pyfunc.load_model(str(folder)), pd.DataFrame(values, columns=columns)
    answer = model.predict(rows)
    assert list(answer.columns) == ["score", "flagged"]  # the calibrator was left behind
    threshold = json.loads((inside / "threshold.json").read_text())["threshold"]
    assert answer["flagged"].tolist() == (answer["score"] >= threshold).tolist()
    assert answer["score"].between(0, 1).all()
    told = Scorer(load_model(inside)).explain(rows)
    assert told.group.against == "the base value of the classifier"
    odds = log_odds(answer["score"].to_numpy())
    np.testing.assert_allclose(told.base + told.log_odds.sum(axis=1), odds, atol=1e-5)
