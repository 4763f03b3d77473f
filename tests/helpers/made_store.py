"""MLflow stores written by SQL: as the client would, but a thousand times as fast."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

STARTED = 1_790_000_000_000
LARGEST = 1.7976931348623157e308
"""What MLflow writes for infinity."""


def hexed(*words: object) -> str:
    """Return 32 hexadecimal digits that depend on the words only."""
    return sha256(repr(words).encode()).hexdigest()[:32]


@dataclass
class MadeStore:
    """A store under way; `database` must have MLflow's tables."""

    database: Path

    def __post_init__(self) -> None:
        self.connection = sqlite3.connect(self.database)
        self.root = self.database.parent / "artifacts"
        self._experiments: dict[str, int] = {}

    def close(self) -> None:
        self.connection.commit()
        self.connection.close()

    def insert(self, table: str, **values: object) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" for _ in values)
        query = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'
        self.connection.execute(query, list(values.values()))

    def experiment(self, name: str, **tags: str) -> int:
        if name in self._experiments:
            return self._experiments[name]
        query = "SELECT coalesce(max(experiment_id), -1) + 1 FROM experiments"
        (number,) = self.connection.execute(query).fetchone()
        self._experiments[name] = number
        self.insert(
            "experiments", experiment_id=number, name=name, lifecycle_stage="active",
            artifact_location=str(self.root / name), creation_time=STARTED,
            last_update_time=STARTED, workspace="default",
        )  # fmt: skip
        for key, value in tags.items():
            self.insert("experiment_tags", experiment_id=number, key=key, value=value)
        return number

    def run(
        self,
        experiment: str,
        run_id: str,
        *,
        params: int = 4,
        metrics: int = 3,
        files: Sequence[str] = ("config.yaml", "figures/roc.png"),
        status: str = "FINISHED",
        parent: str | None = None,
        seed: object = 0,
        tags: dict[str, str] | None = None,
    ) -> str:
        folder = self.root / experiment / run_id / "artifacts"
        self.insert(
            "runs", run_uuid=run_id, name=f"run_{run_id[:6]}", source_type="LOCAL", status=status,
            source_name="made", entry_point_name="", user_id="me", start_time=STARTED,
            end_time=None if status == "RUNNING" else STARTED + 5000, source_version="",
            lifecycle_stage="active", artifact_uri=str(folder),
            experiment_id=self.experiment(experiment),
        )  # fmt: skip
        rows = [(f"group.param_{i}", hexed(seed, run_id, i), run_id) for i in range(params)]
        self.connection.executemany("INSERT INTO params VALUES (?, ?, ?)", rows)
        all_tags = {"mlflow.runName": f"run_{run_id[:6]}", "seed": str(seed), **(tags or {})}
        all_tags |= {"mlflow.parentRunId": parent} if parent else {}
        rows = [(key, value, run_id) for key, value in all_tags.items()]
        self.connection.executemany("INSERT INTO tags VALUES (?, ?, ?)", rows)
        self._metrics(run_id, metrics)
        for name in files:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{seed} {run_id} {name}\n".encode() * 20)
        return run_id

    def dataset(self, run_id: str, experiment: str, name: str, digest: str, own: str) -> None:
        number = self.experiment(experiment)
        query = "SELECT dataset_uuid FROM datasets WHERE experiment_id = ? AND name = ?"
        found = self.connection.execute(f"{query} AND digest = ?", (number, name, digest))
        row = found.fetchone()
        dataset = row[0] if row else hexed(own, number, name, digest)
        if row is None:
            self.insert(
                "datasets", dataset_uuid=dataset, experiment_id=number, name=name, digest=digest,
                dataset_source_type="local", dataset_source="{}", dataset_schema=None,
                dataset_profile='{"rows": 3}',
            )  # fmt: skip
        joint = hexed("input", run_id, dataset)
        self._input(joint, "DATASET", dataset, "RUN", run_id)
        self.insert("input_tags", input_uuid=joint, name="mlflow.data.context", value="training")

    def model(self, run_id: str, experiment: str, model_id: str) -> Path:
        number = self.experiment(experiment)
        folder = self.root / experiment / "models" / model_id / "artifacts"
        self.insert(
            "logged_models", model_id=model_id, experiment_id=number, name="model", status=2,
            artifact_location=str(folder), creation_timestamp_ms=STARTED,
            last_updated_timestamp_ms=STARTED, lifecycle_stage="active", model_type="classifier",
            source_run_id=run_id,
        )  # fmt: skip
        shared = {"model_id": model_id, "experiment_id": number}
        self.insert("logged_model_params", **shared, param_key="trees", param_value="100")
        self.insert("logged_model_tags", **shared, tag_key="kind", tag_value="booster")
        self.insert(
            "logged_model_metrics", **shared, run_id=run_id, metric_name="auc", metric_value=0.8,
            metric_timestamp_ms=STARTED, metric_step=0,
        )  # fmt: skip
        self._input(hexed("out", model_id), "RUN_OUTPUT", run_id, "MODEL_OUTPUT", model_id)
        folder.mkdir(parents=True)
        (folder / "MLmodel").write_text(f"model_id: {model_id}\n")
        return folder

    def version(self, name: str, version: int, run_id: str, model_id: str, folder: Path) -> None:
        query = "SELECT 1 FROM registered_models WHERE name = ?"
        if self.connection.execute(query, (name,)).fetchone() is None:
            self.insert("registered_models", name=name, creation_time=STARTED, description=None)
        self.insert(
            "model_versions", name=name, version=version, creation_time=STARTED + version,
            current_stage="None", source=f"models:/{model_id}", storage_location=str(folder),
            run_id=run_id, status="READY",
        )  # fmt: skip
        self.insert("model_version_tags", name=name, version=version, key="run", value=run_id)
        number = json.dumps([{"name": name, "version": version}])
        query = "SELECT experiment_id FROM logged_models WHERE model_id = ?"
        (experiment,) = self.connection.execute(query, (model_id,)).fetchone()
        self.insert(
            "logged_model_tags", model_id=model_id, experiment_id=experiment,
            tag_key="mlflow.modelVersions", tag_value=number,
        )  # fmt: skip

    def alias(self, name: str, alias: str, version: int) -> None:
        self.insert("registered_model_aliases", name=name, alias=alias, version=version)

    def _metrics(self, run_id: str, count: int) -> None:
        rows = [
            (f"metric_{i}", i + step / 7, STARTED + step, run_id, step, 0)
            for i in range(count)
            for step in range(3)
        ]
        rows += [("nan", 0.0, STARTED, run_id, 0, 1), ("inf", LARGEST, STARTED, run_id, 0, 0)]
        query = 'INSERT INTO metrics ("key", value, timestamp, run_uuid, step, is_nan) VALUES '
        self.connection.executemany(f"{query}(?, ?, ?, ?, ?, ?)", rows)
        latest = [row for row in rows if row[4] == 2 or row[0] in ("nan", "inf")]
        query = query.replace("metrics", "latest_metrics", 1)
        self.connection.executemany(f"{query}(?, ?, ?, ?, ?, ?)", latest)

    def _input(self, own: str, source: str, source_id: str, kind: str, target_id: str) -> None:
        self.insert(
            "inputs", input_uuid=own, source_type=source, source_id=source_id,
            destination_type=kind, destination_id=target_id, step=0,
        )  # fmt: skip


def build_store(
    empty: Path,
    database: Path,
    name: str,
    runs: int,
    *,
    params: int = 4,
    metrics: int = 3,
    files: int = 2,
) -> Path:
    """Make a store whose experiments, data sets, models and aliases collide with its likes.

    `empty` is a database with MLflow's tables, `name` makes the ids of this store its own.
    """
    database.parent.mkdir(parents=True, exist_ok=True)
    database.write_bytes(empty.read_bytes())
    made = MadeStore(database)
    with closing(made):
        made.experiment("Default")
        made.experiment("shared", owner=name)
        parent = hexed(name, "parent")
        made.run("shared", parent, params=0, metrics=0, files=(), seed=name)
        names = [f"file_{i:02d}.txt" if i % 4 else f"figures/{i:02d}.png" for i in range(files)]
        version = 0
        for number in range(1, runs):
            run_id = hexed(name, number)
            experiment = f"only_{name}" if number % 5 == 4 else "shared"
            made.run(
                experiment, run_id, params=params, metrics=metrics, files=names, parent=parent,
                seed=name,
            )  # fmt: skip
            made.dataset(run_id, experiment, "loans", "abc123", name)
            if number % 10 == 1:
                model_id = f"m-{hexed('model', run_id)}"
                folder = made.model(run_id, experiment, model_id)
                version += 1
                made.version("scorer", version, run_id, model_id, folder)
        if version:
            made.alias("scorer", "champion", version)
    return database
