"""What a server or another database holds, copied into the tables that a dashboard reads."""

from __future__ import annotations

import math
import sqlite3

from cutscore.care.contents import ACTIVE, Contents
from cutscore.runs.registry import ModelRegistry

_TABLES = """
CREATE TABLE experiments (experiment_id, name, lifecycle_stage);
CREATE TABLE runs (run_uuid PRIMARY KEY, name, experiment_id, status, start_time, end_time,
    artifact_uri, lifecycle_stage);
CREATE TABLE params (key, value, run_uuid, PRIMARY KEY (key, run_uuid));
CREATE TABLE tags (key, value, run_uuid, PRIMARY KEY (key, run_uuid));
CREATE TABLE latest_metrics (key, value, step, is_nan, run_uuid, PRIMARY KEY (key, run_uuid));
CREATE TABLE metrics (key, value, timestamp, step, is_nan, run_uuid);
CREATE TABLE registered_models (name);
CREATE TABLE registered_model_tags (name, key, value);
CREATE TABLE registered_model_aliases (name, alias, version);
CREATE TABLE model_versions (name, version, creation_time, current_stage, run_id, source,
    storage_location);
CREATE TABLE model_version_tags (name, version, key, value);
"""


def copy_contents(contents: Contents, registry: ModelRegistry, into: sqlite3.Connection) -> None:
    """Fill an empty database; of metrics it has the latest values only."""
    into.executescript(_TABLES)

    def fill(table: str, rows: list[tuple[object, ...]]) -> None:
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            into.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)

    runs = contents.runs.values()
    stage = {False: ACTIVE, True: "deleted"}
    fill(
        "experiments",
        [(e.experiment_id, e.name, stage[e.deleted]) for e in contents.experiments.values()],
    )
    fill(
        "runs",
        [
            (r.run_id, r.name, r.experiment_id, r.status, r.started, r.ended, r.artifact_uri,
             stage[r.deleted])
            for r in runs
        ],
    )  # fmt: skip
    fill("params", [(k, v, r.run_id) for r in runs for k, v in r.params.items()])
    fill("tags", [(k, v, r.run_id) for r in runs for k, v in r.tags.items()])
    fill(
        "latest_metrics",
        [(k, v, 0, math.isnan(v), r.run_id) for r in runs for k, v in r.metrics.items()],
    )
    for model in registry.models():
        fill("registered_models", [(model.name,)])
        fill("registered_model_tags", [(model.name, k, v) for k, v in model.tags.items()])
        fill("registered_model_aliases", [(model.name, k, v) for k, v in model.aliases.items()])
        for version in registry.versions(model.name):
            key = (model.name, int(version.version))
            source = f"models:/{version.model_id}" if version.model_id else ""
            fill("model_versions", [(*key, None, "None", version.run_id, source, "")])
            fill("model_version_tags", [(*key, k, v) for k, v in version.tags.items()])
    into.commit()
