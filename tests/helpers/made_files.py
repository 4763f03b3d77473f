"""Stores of MLflow's old kind, a file for each value, as small as they can be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

GONE = "file:///gone/mlruns"
"""Where the store says that its files are: it was carried here from another machine."""


def add_experiment(root: Path, number: int | str, name: str, *, trash: bool = False) -> Path:
    """Describe an experiment."""
    folder = root / ".trash" / str(number) if trash else root / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    stage = "deleted" if trash else "active"
    write(
        folder / "meta.yaml",
        f"artifact_location: {GONE}/{number}",
        "creation_time: 1000",
        f"experiment_id: '{number}'",
        "last_update_time: 1000",
        f"lifecycle_stage: {stage}",
        f"name: {name}",
    )
    return folder


def add_run(experiment: Path, run_id: str, metric: Sequence[str] = ("1000 0.7 0",)) -> Path:
    """Describe a run with a param, a tag, a metric and a file."""
    folder = experiment / run_id
    write(
        folder / "meta.yaml",
        f"artifact_uri: {GONE}/{experiment.name}/{run_id}/artifacts",
        "end_time: 2000",
        f"experiment_id: '{experiment.name}'",
        "lifecycle_stage: active",
        f"run_id: {run_id}",
        "run_name: forest",
        f"run_uuid: {run_id}",
        "start_time: 1000",
        "status: 3",
        "user_id: ann",
    )
    write(folder / "metrics" / "auc", *metric)
    (folder / "params").mkdir()
    (folder / "params" / "depth").write_text("3")
    (folder / "tags").mkdir()
    (folder / "tags" / "mlflow.runName").write_text("forest")
    write(folder / "artifacts" / "notes.txt", run_id)
    return folder


def write(path: Path, *lines: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
