"""Runs whose store goes away while they write, and what becomes of what they wrote."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest

from cutscore.errors import RequestError, StoreError
from cutscore.report.items import DatasetUsed, Metric, ModelFolder, Param, TableFile, Tag, Text
from cutscore.runs.adapter import retry
from cutscore.runs.adapter.calls import RunCalls
from cutscore.runs.adapter.retry import Outage
from cutscore.runs.adapter.store import MlflowRunStore
from cutscore.runs.lookups import unsent_records


class Switched:
    """A real client whose writes can be taken away."""

    def __init__(self, client):
        self.client = client
        self.tracking_uri = client.tracking_uri
        self.away = False

    def __getattr__(self, name):
        found = getattr(self.client, name)

        def call(*words, **named):
            if self.away:
                raise ConnectionRefusedError(111, "Connection refused")
            return found(*words, **named)

        return call if callable(found) else found


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)


@pytest.fixture
def switched(kept):
    return Switched(kept.client)


def start(kept, switched, name, minutes, unsent=None, **more):
    outage, experiment = Outage("http://me:hunter2@h", minutes), kept.store.experiment_id
    store = MlflowRunStore(kept.store.uri, outage, "tests", experiment, **more)
    store._plain = switched
    return store.open(name, unsent=unsent)


def first_items():
    yield Param("depth", 6)
    yield Tag("model", "dummy")
    yield Text("config.yaml", "seed: 42\n")


def later_items():
    yield from (Metric("fold_roc_auc", 0.5 + k / 10, k) for k in range(3))
    yield Metric("roc_auc", 0.6)
    yield DatasetUsed("loans", "d" * 64, "http://u:hunter2@h/x.csv", 10, 3, {"age": "double"})
    yield TableFile("oof.parquet", {"row": np.arange(3)})


def model():
    return ModelFolder("model", lambda f: (f / "m.json").write_text("{}") and None)


def steps(kept, run_id):
    return sorted(m.step for m in kept.client.get_metric_history(run_id, "fold_roc_auc"))


def test_what_is_written_while_the_store_is_away_is_sent_when_it_is_back(kept, switched, capsys):
    with start(kept, switched, "comes back", 5) as run:
        run.write(first_items())
        switched.away = True
        run.write(later_items())  # does not wait
        switched.away = False
        run.write([Metric("seconds_total", 1.0)])
        run.complete()
    got = kept.client.get_run(run.run_id)
    assert got.info.status == "FINISHED"
    assert steps(kept, run.run_id) == [0, 1, 2]
    assert got.data.metrics["seconds_total"] == 1.0
    assert len(got.inputs.dataset_inputs) == 1
    said = capsys.readouterr().err
    assert said.count("does not answer") == 1
    assert said.count("answers again") == 1
    assert "hunter2" not in said


@pytest.fixture
def unsent(kept, switched, tmp_path):
    """The folder and the id of a run that ended while its store was away."""
    with start(kept, switched, "stays away", 0, tmp_path) as run:
        run.write(first_items())
        switched.away = True
        run.write(later_items())
        run.write([model()])
        with pytest.raises(StoreError, match="record is saved in"):
            run.complete()
    return tmp_path / "stays away", run.run_id


def test_a_store_that_stays_away_leaves_the_whole_record_in_a_folder(kept, unsent, capsys):
    folder, run_id = unsent
    assert kept.client.get_run(run_id).info.status == "RUNNING"
    assert json.loads((folder / "params.json").read_text()) == {"depth": "6"}
    tags = json.loads((folder / "tags.json").read_text())
    assert {"model", "host", "pid", "cutscore.complete"} <= set(tags)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert [m["step"] for m in metrics if m["key"] == "fold_roc_auc"] == [0, 1, 2]
    names = {path.name for path in (folder / "artifacts").iterdir()}
    assert names == {"config.yaml", "oof.parquet"}
    assert (folder / "models" / "model" / "m.json").exists()
    text = "".join(path.read_text() for path in folder.glob("*.json"))
    assert "hunter2" not in text


def test_a_saved_record_is_sent_once_however_often(kept, unsent):
    folder, run_id = unsent
    kept.client.set_tag(run_id, "cutscore.failure", "reaped in the meantime")
    (found,) = unsent_records(folder.parent)
    first = json.loads((folder / "metrics.json").read_text())[0]
    kept.client.log_metric(run_id, first["key"], first["value"], first["timestamp"], first["step"])
    assert kept.runs.send(found) == ("stays away", True)
    assert kept.runs.send(found) == ("stays away", False)
    got = kept.client.get_run(run_id)
    assert got.info.status == "FINISHED"
    assert got.info.end_time == json.loads((folder / "run.json").read_text())["ended"]
    assert "cutscore.failure" not in got.data.tags
    assert steps(kept, run_id) == [0, 1, 2]
    assert len(got.outputs.model_outputs) == 1


def test_sending_an_entry_twice_leaves_what_sending_it_once_does(kept):
    with kept.runs.open("twice sent") as run:
        run.write([*later_items(), model()])
        for entry in run._outbox.said:
            run._calls.send(entry)
        run.complete()
    got = kept.client.get_run(run.run_id)
    assert steps(kept, run.run_id) == [0, 1, 2]
    assert (len(got.inputs.dataset_inputs), len(got.outputs.model_outputs)) == (1, 1)
    experiment = kept.store.experiment_id
    assert len(kept.client.search_logged_models([experiment], f"source_run_id='{run.run_id}'")) == 1


def test_killing_a_run_does_not_wait(kept, switched, tmp_path):
    with start(kept, switched, "killed", 60, tmp_path) as run:
        switched.away = True
        run.write(later_items())
        run.kill("interrupted: SIGINT")
    body = json.loads((tmp_path / "killed" / "run.json").read_text())
    assert body["status"] == "KILLED"
    assert kept.runs.send(tmp_path / "killed") == ("killed", True)
    got = kept.client.get_run(run.run_id)
    assert got.data.tags["cutscore.failure"] == "interrupted: SIGINT"
    assert "cutscore.complete" not in got.data.tags


def test_what_the_store_refuses_fails_the_run_and_is_saved(kept, switched, tmp_path):
    from mlflow.exceptions import MlflowException

    with start(kept, switched, "refused", 5, tmp_path) as run:
        run.write([Param("depth", 6)])
        with pytest.raises(MlflowException, match="depth"):
            run.write([Param("depth", 7)])
        with pytest.raises(StoreError, match="the store refuses"):
            run.complete()
    got = kept.client.get_run(run.run_id)
    assert (got.info.status, got.data.params) == ("FAILED", {"depth": "6"})
    assert "refuses" in got.data.tags["cutscore.failure"]
    assert (tmp_path / "refused" / "run.json").exists()


def test_a_heartbeat_finds_the_store_back_and_sends_what_waits(kept, switched):
    with start(kept, switched, "beats", 5, heartbeat=0.05) as run:
        switched.away = True
        run.write(later_items())
        switched.away = False
        end = time.monotonic() + 20
        while run._outbox.pending and time.monotonic() < end:
            time.sleep(0.02)
        assert steps(kept, run.run_id) == [0, 1, 2]
        run.complete()


def test_folders_that_are_no_record(kept, tmp_path, unsent):
    with pytest.raises(RequestError, match="holds no record"):
        unsent_records(tmp_path / "none")
    folder, _ = unsent
    (folder / "metrics.json").write_text("[")
    with pytest.raises(RequestError, match="cannot be read"):
        kept.runs.send(folder)


def test_a_record_of_another_store(kept, unsent):
    folder, _ = unsent
    body = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**body, "run_id": "f" * 32}))
    with pytest.raises(RequestError, match="this store has no run"):
        kept.runs.send(folder)


def test_runs_that_begin_together_may_all_name_a_new_data_set(kept):
    from mlflow.exceptions import MlflowException

    barrier, errors = threading.Barrier(8), []
    runs = [kept.client.create_run(kept.store.experiment_id) for _ in range(8)]

    def work(run, digest):
        barrier.wait()
        try:
            RunCalls.of(kept.client, run).send(DatasetUsed("loans", digest, "x.csv", 1, 1))
        except MlflowException as error:
            errors.append(error)

    for digest in ("e" * 36, "f" * 36):
        threads = [threading.Thread(target=work, args=(run, digest)) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert {len(kept.client.get_run(run.info.run_id).inputs.dataset_inputs) for run in runs} == {2}
