import json
import threading
import time

import numpy as np
import pytest

from cutscore.errors import StoreError
from cutscore.launch.shutdown_guard import ShutdownGuard
from cutscore.report.items import (
    DatasetUsed,
    Folder,
    Metric,
    ModelFolder,
    Param,
    TableFile,
    Tag,
    Text,
)


def start(kept, name, **more):
    return kept.runs.open(name, **more)


def files(kept, run_id, path=None):
    found = []
    for entry in kept.client.list_artifacts(run_id, path):
        found += files(kept, run_id, entry.path) if entry.is_dir else [entry.path]
    return found


def test_a_whole_run(kept):
    used = DatasetUsed("credit", "d" * 64, "http://u:pw@h/x.csv", 10, 3, {"age": "double"})
    with start(kept, "whole", tags={"model": "dummy"}, parent_id="p1") as run:
        run.write(
            [
                Param("model.params.depth", 6),
                Metric("roc_auc", 0.8),
                *(Metric("fold_roc_auc", 0.7 + k / 100, k) for k in range(5)),
                Tag("data_digest", "d" * 64),
                Text("config.yaml", "seed: 42\n"),
                TableFile("oof.parquet", {"row": np.arange(3), "score": np.ones(3)}),
                Folder("extra", lambda folder: (folder / "a.txt").write_text("a") and None),
                used,
            ]
        )
        run.complete()
    got = kept.client.get_run(run.run_id)
    assert got.info.status == "FINISHED"
    assert got.data.params == {"model.params.depth": "6"}
    assert got.data.metrics["roc_auc"] == 0.8
    history = kept.client.get_metric_history(run.run_id, "fold_roc_auc")
    assert sorted((m.step, m.value) for m in history) == [(k, 0.7 + k / 100) for k in range(5)]
    needed = {"host", "pid", "boot_id", "process_start", "cutscore.heartbeat", "cutscore.complete"}
    assert needed <= set(got.data.tags)
    assert got.data.tags["mlflow.parentRunId"] == "p1"
    assert sorted(files(kept, run.run_id)) == ["config.yaml", "extra/a.txt", "oof.parquet"]
    dataset = got.inputs.dataset_inputs[0].dataset
    assert (dataset.name, json.loads(dataset.profile)["num_positives"]) == ("credit", 3)
    assert "pw" not in dataset.source
    assert str(kept.folder) in got.info.artifact_uri


def test_a_failing_run_keeps_what_it_had(kept):
    def items():
        yield Metric("rows", 5.0)
        yield Text("a.txt", "a")
        raise ZeroDivisionError("no rows left")

    with pytest.raises(ZeroDivisionError), start(kept, "failing") as run:
        run.write(items())
    got = kept.client.get_run(run.run_id)
    assert got.info.status == "FAILED"
    assert got.data.metrics == {"rows": 5.0}
    assert got.data.tags["cutscore.failure"] == "ZeroDivisionError: no rows left"
    assert "cutscore.complete" not in got.data.tags
    assert sorted(files(kept, run.run_id)) == ["a.txt", "error.txt"]
    error = kept.folder / "artifacts" / "tests" / run.run_id / "artifacts" / "error.txt"
    assert "Traceback" in error.read_text()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_run_is_killed(kept, error):
    with pytest.raises(error), start(kept, "interrupted") as run:
        raise error
    got = kept.client.get_run(run.run_id)
    assert got.info.status == "KILLED"
    assert error.__name__ in got.data.tags["cutscore.failure"]


def test_a_run_that_is_not_completed_has_failed(kept):
    with start(kept, "forgotten") as run:
        run.write([Metric("m", 1.0)])
    got = kept.client.get_run(run.run_id)
    assert got.info.status == "FAILED"
    assert "before its record was complete" in got.data.tags["cutscore.failure"]


def test_a_killed_run_cannot_become_complete(kept):
    with start(kept, "both") as run:
        run.kill("stop")
        with pytest.raises(StoreError, match="has ended KILLED"):
            run.complete()
    got = kept.client.get_run(run.run_id)
    assert got.info.status == "KILLED"
    assert "cutscore.complete" not in got.data.tags


def test_kill_and_complete_at_once_leave_one_ending(kept):
    endings = set()
    for attempt in range(10):
        with start(kept, f"race{attempt}") as run:
            killer = threading.Thread(target=run.kill, args=("stop",))
            killer.start()
            time.sleep(0.001 * (attempt % 5))
            try:
                run.complete()
            except StoreError:
                assert run.ended == "KILLED"
            killer.join()
        got = kept.client.get_run(run.run_id)
        assert (got.info.status == "FINISHED") == ("cutscore.complete" in got.data.tags)
        assert (got.info.status == "KILLED") == ("cutscore.failure" in got.data.tags)
        endings.add(got.info.status)
    assert endings <= {"FINISHED", "KILLED"}


def test_the_heart_beats_until_the_run_ends(kept):
    with kept.listed_under(kept.store, heartbeat=0.05).open("beating") as run:
        kept.client.set_tag(run.run_id, "cutscore.heartbeat", "none yet")
        time.sleep(0.6)
        assert kept.client.get_run(run.run_id).data.tags["cutscore.heartbeat"] != "none yet"
        run.complete()
    kept.client.set_tag(run.run_id, "cutscore.heartbeat", "last")
    time.sleep(0.2)
    assert kept.client.get_run(run.run_id).data.tags["cutscore.heartbeat"] == "last"
    assert "heartbeat" not in {thread.name for thread in threading.enumerate()}


def test_a_run_leaves_the_lifeline_when_it_ends(kept):
    life = ShutdownGuard()
    with start(kept, "registered", life=life) as run:
        assert len(life._closers) == 1
        run.complete()
    assert life._closers == {}


def test_a_model_has_no_pickle_and_nothing_of_this_machine(kept):
    def write(folder):
        (folder / "model.json").write_text("{}")

    with start(kept, "with model") as run:
        run.write([ModelFolder("model", write, ("cutscore==0.1.0",))])
        run.complete()
    got = kept.client.get_run(run.run_id)
    model = kept.client.get_logged_model(got.outputs.model_outputs[0].model_id)
    assert str(model.status) == "READY"
    assert model.source_run_id == run.run_id
    folder = kept.folder / "artifacts" / "tests" / "models" / model.model_id / "artifacts"
    names = {path.name for path in folder.rglob("*")}
    assert "model.json" in names
    assert not any(name.endswith((".pkl", ".pickle", ".joblib", "uv.lock")) for name in names)
    text = (folder / "MLmodel").read_text()
    assert str(kept.folder) not in text
    assert "cutscore.scoring.pyfunc" in text
    assert "inputs: null" in text
    assert '"name": "flagged"' in text.replace("\n   ", "")
    assert "cutscore==0.1.0" in (folder / "requirements.txt").read_text()


def test_a_run_that_has_ended_goes_on_under_its_id(kept):
    with start(kept, "again") as run:
        run.write([Metric("cells_complete", 3)])
        run.fail("interrupted")
    with kept.runs.reopen(run.run_id) as again:
        assert kept.client.get_run(run.run_id).info.status == "RUNNING"
        again.write([Metric("cells_complete", 4)])
        again.complete()
    got = kept.client.get_run(run.run_id)
    assert (got.info.status, got.data.metrics["cells_complete"]) == ("FINISHED", 4)
    assert "cutscore.complete" in got.data.tags
    assert "cutscore.failure" not in got.data.tags


def test_a_pruned_run_has_not_failed(kept):
    with start(kept, "hopeless") as run:
        run.prune("after fold 1 of 5")
    tags = kept.client.get_run(run.run_id).data.tags
    assert tags["cutscore.pruned"] == "after fold 1 of 5"
    assert "cutscore.failure" not in tags
    assert "cutscore.complete" not in tags
