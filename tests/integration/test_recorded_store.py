"""A store recorded before the decision rule had one home: its runs again, its models loaded."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import recorded

from cutscore.model.saved import columns_of, read_description


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return recorded.unpack(tmp_path_factory.mktemp("recorded"))


def scores_of(store, run_id):
    return pq.read_table(store.artifacts(run_id) / "oof_scores.parquet").to_pandas()


def test_its_runs_give_the_same_scores_bit_for_bit(cutscore, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Expressions were computed on float32 then and are on the columns as loaded now, so that the
    # run with features of its own is meant to differ.
    runs = (store.by_own_costs, store.exact)
    answer = cutscore("rerun", *runs, "--store", store.database, "--json")
    assert answer.code == 0, answer.err
    made = {body["run_id"]: body for body in answer.json()["reruns"]}
    assert set(made) == set(runs)
    for run_id, body in made.items():
        before, after = scores_of(store, run_id), scores_of(store, body["rerun_id"])
        for column in {"score", "calibrated", "cross_calibrated"} & set(before):
            assert before[column].to_numpy().tobytes() == after[column].to_numpy().tobytes()
        assert (body["scores"]["verdict"], body["scores"]["rows"]) == ("equal", 1569)
        assert body["verdict"] in ("equal", "within tolerance")
        told = {figure["name"] for figure in body["figures"] if figure["verdict"] == "not known"}
        assert (told != set()) == (run_id == store.by_own_costs)
        assert all("threshold" in name for name in told)
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
