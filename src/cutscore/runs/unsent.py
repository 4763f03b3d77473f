"""The record of a run as a folder: what is left when its store does not come back.

`params.json`, `metrics.json`, `tags.json` and `artifacts/` hold what the run would have shown;
`run.json` says which run it is and how it ended, so that the record can be sent later.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutscore.errors import Fault, RequestError, StoreError
from cutscore.report.items import DatasetUsed, ModelFolder
from cutscore.report.record_spec import COMPLETE_TAG, FAILURE_TAG, PRUNED_TAG
from cutscore.report.redact import redact
from cutscore.runs.batches import Batch, calls
from cutscore.runs.outbox import Entry, SpooledFiles, local_folder, send

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

RUN = "run.json"
ARTIFACTS = "artifacts"
MODELS = "models"


@dataclass(frozen=True)
class UnsentRun:
    """Which run a record belongs to and how it ended; `ended` in milliseconds since 1970.

    `store` is without passwords. `tags` are those that say how it ended.
    """

    run_id: str
    name: str
    store: str
    status: str
    ended: int
    tags: Mapping[str, str]


def keep_record(folder: Path, run: UnsentRun, said: Sequence[Entry], local: Path | None) -> None:
    """Write a run's record to a folder; `local` is where its artifacts stand already, if here."""
    folder.mkdir(parents=True, exist_ok=True)
    batches = [entry for entry in said if isinstance(entry, Batch)]
    tags = {tag.key: tag.value for batch in batches for tag in batch.tags}
    _dump(folder / "params.json", {p.key: p.value for batch in batches for p in batch.params})
    _dump(folder / "tags.json", {**tags, **run.tags})
    metrics = [
        {"key": m.key, "value": m.value, "timestamp": m.timestamp, "step": m.step}
        for batch in batches
        for m in batch.metrics
    ]
    _dump(folder / "metrics.json", metrics)
    sources = [entry.folder for entry in said if isinstance(entry, SpooledFiles)]
    for source in [local] if local is not None else sources:
        if source.is_dir():
            shutil.copytree(source, folder / ARTIFACTS, dirs_exist_ok=True)
    used = [entry for entry in said if isinstance(entry, DatasetUsed)]
    datasets = [{**asdict(entry), "source": redact(entry.source)} for entry in used]
    models = [_keep_model(folder, entry) for entry in said if isinstance(entry, ModelFolder)]
    body = {**asdict(run), "datasets": datasets, "models": models}
    _dump(folder / RUN, body)  # last: a folder without it is no record


def unsent_records(path: Path) -> list[Path]:
    """Return the records in a folder: itself, or those below it.

    Raises
    ------
    RequestError
        If there is none.
    """
    found = sorted(file.parent for file in path.rglob(RUN)) if path.is_dir() else []
    if not found:
        problem = f"{path} holds no record that waits to be sent (no {RUN})."
        raise RequestError(Fault("FOLDER", problem, "Name the folder that the run told you of."))
    return found


def send_record(client: MlflowClient, folder: Path) -> tuple[str, bool]:
    """Send a record to the run it belongs to; return the run's name and whether it was needed.

    Sending it twice leaves what sending it once does; a run that is complete is left alone.

    Raises
    ------
    RequestError
        If the folder cannot be read as a record, or the store does not have the run.
    StoreError
        If the store does not take it.
    """
    from mlflow.exceptions import MlflowException

    try:
        body = json.loads((folder / RUN).read_text(encoding="utf-8"))
        entries = list(_entries(folder, body))
        run_id, name, status = str(body["run_id"]), str(body["name"]), str(body["status"])
        tags, ended = dict(body["tags"]), int(body["ended"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{folder} cannot be read ({type(error).__name__}: {error})."
        raise RequestError(Fault("FOLDER", problem, "Name another.")) from error
    try:
        run = _find(client, run_id, name)
        if COMPLETE_TAG in run.data.tags:
            return name, False
        for key in (FAILURE_TAG, PRUNED_TAG):
            if key in run.data.tags:
                client.delete_tag(run_id, key)
        for entry in entries:
            send(client, run_id, entry)
        _send_artifacts(client, run, folder / ARTIFACTS)
        for key, value in tags.items():
            client.set_tag(run_id, key, value)
        client.set_terminated(run_id, status, ended)
    except MlflowException as error:
        raise StoreError(f"the record of {name} could not be sent: {error}") from error
    return name, True


def _find(client: MlflowClient, run_id: str, name: str) -> entities.Run:
    """Return the run that a record belongs to."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        problem = f"this store has no run {run_id} ({name})."
        raise RequestError(Fault("--store", problem, "Name the store it was begun in.")) from error


def _entries(folder: Path, body: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield what a record holds, except for files."""
    from mlflow.entities import Metric, Param, RunTag

    params = [Param(key, value) for key, value in _load(folder / "params.json").items()]
    metrics = [
        Metric(m["key"], m["value"], m["timestamp"], m["step"])
        for m in _load(folder / "metrics.json")
    ]
    ending = set(body["tags"])
    tags = [
        RunTag(key, value)
        for key, value in _load(folder / "tags.json").items()
        if key not in ending  # what says how it ended comes last of all
    ]
    yield from calls(params, metrics, tags)
    for dataset in body["datasets"]:
        yield DatasetUsed(**dataset)
    for model in body["models"]:
        yield _Kept(folder / MODELS / model["name"]).model(model)


def _send_artifacts(client: MlflowClient, run: entities.Run, folder: Path) -> None:
    """Put a record's files where the run's files go."""
    if not folder.is_dir():
        return
    target = local_folder(run.info.artifact_uri)
    if target is None:
        client.log_artifacts(run.info.run_id, str(folder))
    else:
        shutil.copytree(folder, target, dirs_exist_ok=True)


@dataclass(frozen=True)
class _Kept:
    """The files of a model in a record."""

    folder: Path

    def write(self, target: Path) -> None:
        """Copy them to a folder."""
        shutil.copytree(self.folder, target, dirs_exist_ok=True)

    def model(self, body: Mapping[str, Any]) -> ModelFolder:
        """Return the model as an item."""
        named = body["name"], self.write, dict(body["columns"]), tuple(body["requirements"])
        return ModelFolder(*named)


def _keep_model(folder: Path, model: ModelFolder) -> dict[str, Any]:
    """Write a model's files, and return the rest of it."""
    target = folder / MODELS / model.name
    target.mkdir(parents=True, exist_ok=True)
    model.write(target)
    return {
        "name": model.name,
        "columns": dict(model.columns),
        "requirements": list(model.requirements),
    }


def now_ms() -> int:
    """Return the time in milliseconds since 1970, as MLflow counts it."""
    return int(time.time() * 1000)


def _dump(path: Path, body: object) -> None:
    path.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
