"""What a run store must do, whatever keeps it: one walk for SQLite, PostgreSQL and a server."""

from __future__ import annotations

import numpy as np

from cutscore.report.items import (
    DatasetUsed,
    Metric,
    ModelFolder,
    Param,
    TableFile,
    Tag,
    Text,
)
from cutscore.report.record_spec import COMPLETE_TAG, HEARTBEAT_TAG

FOLDS = 3


def record():
    yield Param("model.params.depth", 6)
    yield from (Metric("fold_roc_auc", 0.5 + k / 10, k) for k in range(FOLDS))
    yield Metric("roc_auc", 0.6)
    yield Tag("data_digest", "d" * 64)
    yield Text("config.yaml", "seed: 42\n")
    yield TableFile("oof.parquet", {"row": np.arange(3)})
    yield DatasetUsed("loans", "d" * 64, "http://u:hunter2@h/x.csv", 10, 3, {"age": "double"})
    yield ModelFolder("model", lambda f: (f / "m.json").write_text("{}") and None)


def whole_life(store, folder) -> None:
    """Make a run below a parent, write it, end it, and read back what it says."""
    name = f"life in {folder.name}"  # servers share a database
    with store.open("life_parent", tags={"kind": "parent's"}) as parent:
        with store.open(name, tags={"model": "dummy"}, parent_id=parent.run_id) as run:
            assert store.get(run.run_id).open
            run.write(record())
            run.complete()
        parent.complete()
    (found,) = store.find(store.experiment, {"model": "dummy"}, parent_id=parent.run_id)
    assert (found.name, found.status, found.complete) == (name, "FINISHED", True)
    assert {"host", "pid", "boot_id", "process_start", HEARTBEAT_TAG, COMPLETE_TAG} <= {*found.tags}
    assert found == store.get(run.run_id)

    detail = store.read(run.run_id)
    assert detail == store.read(name)
    assert detail == store.read(run.run_id[:12])
    assert detail.summary == found
    assert detail.params == {"model.params.depth": "6"}
    assert detail.history == {"fold_roc_auc": {k: 0.5 + k / 10 for k in range(FOLDS)}}
    assert sorted(file.path for file in detail.artifacts) == ["config.yaml", "oof.parquet"]
    assert detail.datasets[0]["name"] == "loans"
    assert "hunter2" not in detail.datasets[0]["source"]
    assert detail.models == found.models
    assert len(found.models) == 1

    text = store.download(run.run_id, "config.yaml", folder)
    assert text.read_text() == "seed: 42\n"
    assert store.download(run.run_id, "none.yaml", folder) is None
    changed_later(store, run.run_id)
    goes_on(store, run.run_id)


def changed_later(store, run_id) -> None:
    """Judge and tag a run that has ended: its end stays what it was."""
    before = store.get(run_id)
    store.add(run_id, [Metric("outer_cost", 7.0), Text("outer.txt", "judged")])
    store.tag(run_id, {"best": "true", "none": None})
    after = store.read(run_id)
    assert (after.summary.status, after.summary.seconds) == (before.status, before.seconds)
    assert after.summary.metrics == {**before.metrics, "outer_cost": 7.0}
    assert after.summary.tags == {**before.tags, "best": "true"}
    assert "outer.txt" in {file.path for file in after.artifacts}
    store.tag(run_id, {"best": None})
    assert store.get(run_id).tags == before.tags


def goes_on(store, run_id) -> None:
    """Go on with a run under its own id: complete, then failed."""
    with store.reopen(run_id) as run:
        now = store.get(run_id)
        assert (now.open, now.complete, now.seconds) == (True, False, None)
        run.write([Metric("roc_auc", 0.7)])
        run.fail("changed its mind")
    again = store.get(run_id)
    assert (again.status, again.complete, again.metrics["roc_auc"]) == ("FAILED", False, 0.7)
    assert again.tags["cutscore.failure"] == "changed its mind"
