"""The record of a run as a folder: what is left when its store does not come back.

`params.json`, `metrics.json`, `tags.json` and `artifacts/` hold what the run would have shown;
`run.json` says which run it is and how it ended, so that the record can be sent later.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutscore.errors import Fault, RequestError
from cutscore.report.items import DatasetUsed, ModelFolder
from cutscore.report.record_spec import FAILURE_TAG
from cutscore.report.redact import redact
from cutscore.runs.adapter.batches import Batch, MetricPoint, in_calls
from cutscore.runs.adapter.calls import Entry, RunCalls, SpooledFiles

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
    params = {key: value for batch in batches for key, value in batch.params.items()}
    tags = {key: value for batch in batches for key, value in batch.tags.items()}
    _dump(folder / "params.json", params)
    _dump(folder / "tags.json", {**tags, **run.tags})
    _dump(folder / "metrics.json", [asdict(m) for batch in batches for m in batch.metrics])
    sources = [entry.folder for entry in said if isinstance(entry, SpooledFiles)]
    for source in [local] if local is not None else sources:
        if source.is_dir():
            shutil.copytree(source, folder / ARTIFACTS, dirs_exist_ok=True)
    used = [entry for entry in said if isinstance(entry, DatasetUsed)]
    datasets = [{**asdict(entry), "source": redact(entry.source)} for entry in used]
    models = [_keep_model(folder, entry) for entry in said if isinstance(entry, ModelFolder)]
    body = {**asdict(run), "datasets": datasets, "models": models}
    _dump(folder / RUN, body)  # last: a folder without it is no record


@dataclass(frozen=True)
class UnsentRecord:
    """A record read back: what it holds but for the last tags, and where its artifacts are."""

    run: UnsentRun
    entries: tuple[Entry, ...]
    artifacts: Path


def load_record(folder: Path) -> UnsentRecord:
    """Read a record back.

    Raises
    ------
    RequestError
        If the folder cannot be read as one.
    """
    try:
        body = _load(folder / RUN)
        run = UnsentRun(**{field.name: body[field.name] for field in fields(UnsentRun)})
        return UnsentRecord(run, tuple(_entries(folder, body)), folder / ARTIFACTS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{folder} cannot be read ({type(error).__name__}: {error})."
        raise RequestError(Fault("FOLDER", problem, "Name another.")) from error


def send_record(calls: RunCalls, record: UnsentRecord) -> None:
    """Send a record to its run; sending it twice leaves what sending it once does."""
    for entry in record.entries:
        calls.send(entry)
    if record.artifacts.is_dir():
        if calls.local_folder is None:
            calls.send(SpooledFiles(record.artifacts))
        else:
            shutil.copytree(record.artifacts, calls.local_folder, dirs_exist_ok=True)
    ended = datetime.fromtimestamp(record.run.ended / 1000, UTC)
    if FAILURE_TAG not in record.run.tags:
        calls.untag(FAILURE_TAG)  # it was failed for what is sent now
    calls.end(record.run.status, record.run.tags, ended)


def _entries(folder: Path, body: Mapping[str, Any]) -> Iterator[Entry]:
    """Yield what a record holds, except for files."""
    metrics = [MetricPoint(**point) for point in _load(folder / "metrics.json")]
    tags = _load(folder / "tags.json")
    # What says how it ended comes last of all.
    before = {key: value for key, value in tags.items() if key not in body["tags"]}
    yield from in_calls(_load(folder / "params.json"), metrics, before)
    for dataset in body["datasets"]:
        yield DatasetUsed(**dataset)
    for model in body["models"]:
        yield _Kept(folder / MODELS / model["name"]).model(model)


@dataclass(frozen=True)
class _Kept:
    """The files of a model in a record."""

    folder: Path

    def write(self, target: Path) -> None:
        """Copy them to a folder."""
        shutil.copytree(self.folder, target, dirs_exist_ok=True)

    def model(self, body: Mapping[str, Any]) -> ModelFolder:
        """Return the model as an item."""
        named = body["name"], self.write, tuple(body["requirements"])
        return ModelFolder(*named)


def _keep_model(folder: Path, model: ModelFolder) -> dict[str, Any]:
    """Write a model's files, and return the rest of it."""
    target = folder / MODELS / model.name
    target.mkdir(parents=True, exist_ok=True)
    model.write(target)
    return {
        "name": model.name,
        "requirements": list(model.requirements),
    }


def _dump(path: Path, body: object) -> None:
    path.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
