"""Experiments, runs and logged models of MLflow's old file store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from cutscore.care.file_entries import (
    META,
    Entry,
    Lost,
    Row,
    described,
    folders,
    number,
    or_lost,
    pairs,
    reason_of,
    word,
)
from cutscore.care.file_metrics import model_metrics, run_metrics

TRASH = ".trash"
_RESERVED = {"tags", "datasets", "traces", "models", TRASH}
_RUN_PARTS = {"artifacts", "metrics", "params", "tags", "inputs", "outputs"}
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_STAGES = ("active", "deleted")


@dataclass(frozen=True)
class ExperimentFolder:
    """An experiment's folder, what its description says, and the id that it has in the database.

    `lost` is set where the description cannot be read; its runs are read all the same.
    """

    folder: Path
    number: int
    deleted: bool
    meta: dict[str, Any]
    lost: Lost | None = None


@dataclass
class Known:
    """What has been read so far, and what comes later may point at: files by id."""

    runs: dict[str, Path] = field(default_factory=dict)
    datasets: dict[tuple[int, str], str] = field(default_factory=dict)


def experiment_folders(root: Path) -> list[ExperimentFolder]:
    """Return the experiments of a file store: those that were deleted last, then by number.

    An id that comes twice (deleted, and again) is free only once: the second gets another.
    """
    found = [
        _experiment(folder, in_trash=parent != root)
        for parent in (root, root / TRASH)
        for folder in folders(parent)
        if folder.name.isascii() and folder.name.isdecimal() and _is_experiment(folder)
    ]
    numbered: dict[int, ExperimentFolder] = {}
    for one in sorted(found, key=lambda one: (one.deleted, one.number)):
        free = one.number
        if free in numbered:
            free = max(other.number for other in found) + len(numbered)
        numbered[free] = replace(one, number=free)
    return list(numbered.values())


def experiment_entries(experiments: list[ExperimentFolder]) -> Iterator[Entry]:
    """Yield the experiments; of those that share a name or an id each gets its own.

    File stores allow an experiment of the name of one that was deleted, databases do not.
    """
    names: set[str] = set()
    for one in experiments:
        file = one.folder / META
        if one.lost is not None:
            yield one.lost
        given = word(one.meta, "name") or f"experiment_{one.number}"
        name, attempt = given, 1
        while name in names:
            name = f"{given}-{one.number}" + (f"-{attempt}" if attempt > 1 else "")
            attempt += 1
        if name != given:
            yield Lost(file, f'a second experiment of the name "{given}": read as "{name}"')
        names.add(name)
        if str(one.number) != one.folder.name:
            yield Lost(file, f"a second experiment {one.folder.name}: read as {one.number}")
        values = {
            "experiment_id": one.number,
            "name": name,
            "artifact_location": word(one.meta, "artifact_location") or str(one.folder),
            "lifecycle_stage": _STAGES[one.deleted],
            "creation_time": number(one.meta, "creation_time"),
            "last_update_time": number(one.meta, "last_update_time"),
        }
        yield Row("experiments", values, file)
        tags = one.folder / "tags"
        yield from pairs("experiment_tags", tags, "key", "value", {"experiment_id": one.number})


def run_entries(experiment: ExperimentFolder, known: Known) -> Iterator[Entry]:
    """Yield the runs of an experiment with their params, tags and metrics."""
    for folder in _run_folders(experiment.folder):
        yield from or_lost("run", folder / META, _run(folder, experiment, known))


def dataset_entries(experiment: ExperimentFolder, known: Known) -> Iterator[Entry]:
    """Yield the data sets of an experiment, and what joins its runs to them and to models."""
    for folder in folders(experiment.folder / "datasets"):
        yield from or_lost("data set", folder / META, _dataset(folder, experiment.number, known))
    for run in _run_folders(experiment.folder):
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


def _is_experiment(folder: Path) -> bool:
    return (folder / META).exists() or bool(_run_folders(folder))


def _experiment(folder: Path, *, in_trash: bool) -> ExperimentFolder:
    """Return the experiment that a folder holds."""
    own, file = int(folder.name), folder / META
    try:
        meta = described(file)
        stage = _stage(meta, _STAGES[in_trash])
        for key in ("creation_time", "last_update_time"):
            number(meta, key)
    except (OSError, ValueError) as error:
        return ExperimentFolder(
            folder, own, in_trash, {}, Lost(file, f"its name is lost: {reason_of(error)}")
        )
    return ExperimentFolder(folder, own, stage == "deleted", meta)


def _run_folders(experiment: Path) -> list[Path]:
    """Return the folders of runs: they have a description, or look as if they once had."""
    return [
        folder
        for folder in folders(experiment)
        if folder.name not in _RESERVED
        and (
            (folder / META).exists()
            or _RUN_ID.fullmatch(folder.name)
            or any(part.name in _RUN_PARTS for part in folders(folder))
        )
    ]


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
        "lifecycle_stage": _stage(meta, "active"),
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


def _stage(meta: Mapping[str, Any], missing: str) -> str:
    stage = meta.get("lifecycle_stage", missing)
    if stage not in _STAGES:
        raise ValueError(f"lifecycle_stage is {stage!r}")
    return str(stage)


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
        "lifecycle_stage": _stage(meta, "active"),
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
