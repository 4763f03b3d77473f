"""Runs, logged models and data sets of MLflow's old file store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cutscore.care.file_entries import (
    META,
    Entry,
    Row,
    described,
    folders,
    number,
    or_lost,
    pairs,
    word,
)
from cutscore.care.file_experiments import ExperimentFolder, run_folders, stage_of
from cutscore.care.file_metrics import model_metrics, run_metrics

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass
class Known:
    """What has been read so far, and what comes later may point at: files by id."""

    runs: dict[str, Path] = field(default_factory=dict)
    datasets: dict[tuple[int, str], str] = field(default_factory=dict)


def run_entries(experiment: ExperimentFolder, known: Known) -> Iterator[Entry]:
    """Yield the runs of an experiment with their params, tags and metrics."""
    for folder in run_folders(experiment.folder):
        yield from or_lost("run", folder / META, _run(folder, experiment, known))


def dataset_entries(experiment: ExperimentFolder, known: Known) -> Iterator[Entry]:
    """Yield the data sets of an experiment, and what joins its runs to them and to models."""
    for folder in folders(experiment.folder / "datasets"):
        yield from or_lost("data set", folder / META, _dataset(folder, experiment.number, known))
    for run in run_folders(experiment.folder):
        if known.runs.get(run.name) != run:
            continue
        for folder in folders(run / "inputs"):
            yield from or_lost(
                "input", folder / META, _input(folder, run.name, experiment.number, known)
            )
        for folder in folders(run / "outputs"):
            yield from or_lost("output", folder / META, _output(folder, run.name))


def model_entries(experiment: ExperimentFolder) -> Iterator[Entry]:
    """Yield the logged models of an experiment with their params, tags and metrics."""
    for folder in folders(experiment.folder / "models"):
        yield from or_lost("logged model", folder / META, _model(folder, experiment.number))


def _run(folder: Path, experiment: ExperimentFolder, known: Known) -> Iterator[Entry]:
    meta = described(folder / META)
    run_id = word(meta, "run_uuid") or word(meta, "run_id")
    if run_id != folder.name or not _ID.fullmatch(run_id):
        raise ValueError(f"it describes the run {run_id}, not {folder.name}")
    if run_id in known.runs:
        raise ValueError(f"the same run is in {known.runs[run_id]}")
    values = {
        "run_uuid": run_id,
        "name": word(meta, "run_name") or word(meta, "name") or "",
        "source_type": "LOCAL",
        "source_name": word(meta, "source_name") or "",
        "entry_point_name": word(meta, "entry_point_name") or "",
        "user_id": word(meta, "user_id"),
        "status": _status(meta),
        "start_time": number(meta, "start_time"),
        "end_time": number(meta, "end_time"),
        "deleted_time": number(meta, "deleted_time"),
        "source_version": word(meta, "source_version") or "",
        "lifecycle_stage": stage_of(meta, "active"),
        "artifact_uri": word(meta, "artifact_uri") or str(folder / "artifacts"),
        "experiment_id": experiment.number,
    }
    known.runs[run_id] = folder
    yield Row("runs", values, folder / META)
    for table in ("params", "tags"):
        yield from pairs(table, folder / table, "key", "value", {"run_uuid": run_id})
    yield from run_metrics(folder / "metrics", run_id)


def _status(meta: Mapping[str, Any]) -> str:
    from mlflow.entities import RunStatus

    status = meta.get("status", RunStatus.RUNNING)
    names = {code: RunStatus.to_string(code) for code in RunStatus.all_status()}
    if status in names:
        return str(names[status])
    if status in names.values():
        return str(status)
    raise ValueError(f"status is {status!r}")


def _dataset(folder: Path, experiment_id: int, known: Known) -> Iterator[Entry]:
    meta = described(folder / META)
    own = made_id("data set", experiment_id, folder.name)
    values = {
        "dataset_uuid": own,
        "experiment_id": experiment_id,
        "name": word(meta, "name") or "",
        "digest": word(meta, "digest") or "",
        "dataset_source_type": word(meta, "source_type") or "",
        "dataset_source": word(meta, "source") or "",
        "dataset_schema": word(meta, "schema"),
        "dataset_profile": word(meta, "profile"),
    }
    known.datasets[experiment_id, folder.name] = own
    yield Row("datasets", values, folder / META)


def _input(folder: Path, run_id: str, experiment_id: int, known: Known) -> Iterator[Entry]:
    meta = described(folder / META)
    source = word(meta, "source_id") or ""
    own = made_id("input", run_id, folder.name)
    if meta.get("source_type") == "MODEL":  # a database turns the arrow round
        ends = ("RUN_INPUT", run_id, "MODEL_INPUT", source)
    elif (experiment_id, source) in known.datasets:
        ends = ("DATASET", known.datasets[experiment_id, source], "RUN", run_id)
    else:
        raise ValueError(f"it names the data set {source}, which was not read")
    yield Row("inputs", _joint(own, ends, 0), folder / META)
    tags = meta.get("tags") or {}
    for name, value in tags.items() if isinstance(tags, dict) else ():
        values = {"input_uuid": own, "name": str(name), "value": str(value)}
        yield Row("input_tags", values, folder / META)


def _output(folder: Path, run_id: str) -> Iterator[Entry]:
    step = number(described(folder / META), "step", 0)
    ends = ("RUN_OUTPUT", run_id, "MODEL_OUTPUT", folder.name)
    yield Row("inputs", _joint(made_id("output", run_id, folder.name), ends, step), folder / META)


def _joint(own: str, ends: tuple[str, str, str, str], step: int | None) -> dict[str, object]:
    names = ("source_type", "source_id", "destination_type", "destination_id")
    return {"input_uuid": own, **dict(zip(names, ends, strict=True)), "step": step}


def _model(folder: Path, experiment_id: int) -> Iterator[Entry]:
    from mlflow.entities.logged_model_status import LoggedModelStatus

    meta = described(folder / META)
    model_id = word(meta, "model_id")
    if model_id != folder.name or not _ID.fullmatch(model_id):
        raise ValueError(f"it describes the model {model_id}, not {folder.name}")
    status = meta.get("status", 1)
    if isinstance(status, str) and status in LoggedModelStatus.__members__:
        status = LoggedModelStatus[status].to_int()
    values = {
        "model_id": model_id,
        "experiment_id": experiment_id,
        "name": word(meta, "name") or "",
        "artifact_location": word(meta, "artifact_location") or str(folder / "artifacts"),
        "creation_timestamp_ms": number(meta, "creation_timestamp", 0),
        "last_updated_timestamp_ms": number(meta, "last_updated_timestamp", 0),
        "status": number({"status": status}, "status"),
        "lifecycle_stage": stage_of(meta, "active"),
        "model_type": word(meta, "model_type"),
        "source_run_id": word(meta, "source_run_id"),
        "status_message": word(meta, "status_message"),
    }
    yield Row("logged_models", values, folder / META)
    shared = {"model_id": model_id, "experiment_id": experiment_id}
    for part in ("param", "tag"):
        table, key, value = f"logged_model_{part}s", f"{part}_key", f"{part}_value"
        yield from pairs(table, folder / f"{part}s", key, value, shared)
    yield from model_metrics(folder / "metrics", model_id, experiment_id)


def made_id(*words: object) -> str:
    """Return an id for what has none in files; always the same, so that a merge knows it again."""
    return sha256(repr(words).encode()).hexdigest()[:32]
