"""A store with one run of every kind, made once, and copies of it to be damaged."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cutscore.report.items import DatasetUsed, Metric, Param, Tag, Text
from cutscore.report.record_spec import (
    ARTIFACTS,
    FAILURE_TAG,
    HEARTBEAT_TAG,
    KIND_ARTIFACTS,
    KIND_TAG,
    METRICS,
    PARAM_GROUPS,
    PARAMS,
    PARENT_TAG,
    SWEEP,
    TAGS,
)
from cutscore.runs.adapter.client import open_client
from cutscore.runs.identity import now_text, process_tags
from cutscore.runs.opening import open_store
from cutscore.runs.port import RunStore
from cutscore.runs.settings import TrackingSettings

FOREIGN_NAME = "spiffy-loon-749"


@dataclass(frozen=True)
class Cared:
    """A store with the ids of its runs by what they are."""

    folder: Path
    runs: dict[str, str]
    model_id: str

    @property
    def path(self) -> Path:
        return self.folder / "mlflow.db"

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.path}"

    def client(self):
        return open_client(self.uri)

    def store(self) -> RunStore:
        return open_store(settings(self.folder))

    def files(self, run: str) -> Path:
        return self.folder / "artifacts" / "tests" / self.runs[run] / "artifacts"

    def sql(self, statement: str, *values: object) -> list:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(statement, values).fetchall()


def settings(folder: Path) -> TrackingSettings:
    """Return where the store of a folder is."""
    return TrackingSettings(f"sqlite:///{folder}/mlflow.db", f"{folder}/artifacts", "tests")


def make(folder: Path) -> Cared:
    """Make the store: whole runs, and one run for each thing that can be wrong."""
    store = open_store(settings(folder))
    client = open_client(store.uri)
    runs = {}
    with store.open("sweep_tests", tags={KIND_TAG: SWEEP}) as parent:
        for name in ("exp01_cv_baseline", "exp02_cv_domain"):
            with store.open(name, parent_id=parent.run_id) as run:
                run.write(whole_record(0.7 if name == "exp01_cv_baseline" else 0.8))
                run.complete()
            runs[name] = run.run_id
        parent.write([Text(name, "x") for name in KIND_ARTIFACTS[SWEEP]])
        parent.write([Tag("best_run", runs["exp02_cv_domain"])])
        parent.complete()
    runs["sweep"] = parent.run_id
    with store.open("failed") as run:
        run.fail("ValueError: no data")
    runs["failed"] = run.run_id
    with store.open("hopeless") as run:
        run.prune("worse than the median")
    runs["pruned"] = run.run_id
    experiment = client.get_experiment_by_name(store.experiment).experiment_id
    model_id = _register(client, experiment, runs["exp01_cv_baseline"], folder)
    return Cared(folder, runs, model_id)


def add_faulty(cared: Cared) -> Cared:
    """Add a run for each thing that can be wrong with one."""
    client, store = cared.client(), cared.store()
    experiment = client.get_run(cared.runs["sweep"]).info.experiment_id

    def bare(name: str, tags: dict[str, str], status: str | None) -> str:
        made = client.create_run(experiment, run_name=name, tags=tags).info.run_id
        if status:
            client.set_terminated(made, status)
        return made

    ours = {HEARTBEAT_TAG: now_text()}
    dead = {**ours, **process_tags(), "pid": str(ended_process())}
    runs = {
        "interrupted": bare("exp03", ours, "FINISHED"),
        "unexplained": bare("exp04", ours, "KILLED"),
        "dead": bare("exp05", dead, None),
        "alive": bare("exp06", {**ours, **process_tags()}, None),
        "foreign": bare(FOREIGN_NAME, {"team": "x"}, "FINISHED"),
        "unattended": bare("their_training", {}, None),
        "dangling": bare("exp07", {**ours, PARENT_TAG: "0" * 32, FAILURE_TAG: "lost"}, "FAILED"),
    }
    for key in "abc":
        client.log_param(runs["foreign"], key, 1)
    client.log_metric(runs["foreign"], "auc", 0.6)
    with store.open("exp08") as run:
        run.write(item for item in whole_record(0.5) if item != Text("roc_curve.png", "x"))
        run.complete()
    runs["incomplete"] = run.run_id
    return Cared(cared.folder, {**cared.runs, **runs}, cared.model_id)


def copy(cared: Cared, folder: Path) -> Cared:
    """Copy a store to a folder, with its addresses."""
    shutil.copytree(cared.folder, folder, dirs_exist_ok=True)
    copied = Cared(folder, cared.runs, cared.model_id)
    columns = {
        "experiments": "artifact_location",
        "runs": "artifact_uri",
        "logged_models": "artifact_location",
    }
    changes = [*columns.items(), *(("model_versions", c) for c in ("source", "storage_location"))]
    for table, column in changes:
        copied.sql(
            f"UPDATE {table} SET {column} = replace({column}, ?, ?)", str(cared.folder), str(folder)
        )
    return copied


def whole_record(roc_auc: float):
    """Yield everything that a run must leave."""
    yield from (Param(f"{group}.x", 1) for group in (*PARAM_GROUPS, "threshold"))
    yield from (Param(name, 1) for name in PARAMS)
    yield from (Tag(name, "x") for name in TAGS if not name.startswith("cutscore."))
    yield from (Tag(name, value) for name, value in process_tags().items())
    yield from (Metric(name, roc_auc) for name in METRICS)
    yield from (Text(name, "x") for name in ARTIFACTS)
    yield DatasetUsed("d", "d", "s", 1, 1)


def ended_process() -> int:
    """Return the id of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def _register(client, experiment: str, run_id: str, folder: Path) -> str:
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    model = client.create_logged_model(experiment, name="model", source_run_id=run_id)
    files = folder / "model"
    files.mkdir()
    (files / "MLmodel").write_text("flavors: {}\n")
    client.log_model_artifacts(model.model_id, str(files))
    shutil.rmtree(files)
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    client.create_registered_model("credit")
    client.create_model_version("credit", model.artifact_location, run_id=run_id)
    client.set_registered_model_alias("credit", "champion", "1")
    return model.model_id
