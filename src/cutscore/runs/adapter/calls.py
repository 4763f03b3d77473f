"""The calls that write one run, each made once: nothing here waits or tries again."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.errors import StoreError
from cutscore.report.items import DatasetUsed, ModelFolder
from cutscore.report.redact import redact
from cutscore.runs.adapter.batches import Batch
from cutscore.runs.adapter.models import log_model_folder
from cutscore.runs.adapter.transient import collided

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

COLLISIONS = 5


@dataclass(frozen=True)
class SpooledFiles:
    """Artifacts on their way to a store that is elsewhere, as they stand in `folder`."""

    folder: Path


Entry = Batch | DatasetUsed | ModelFolder | SpooledFiles


@dataclass(frozen=True)
class RunCalls:
    """What can be said to MLflow of one run."""

    client: MlflowClient
    run_id: str
    name: str
    artifact_uri: str

    @classmethod
    def of(cls, client: MlflowClient, run: entities.Run) -> RunCalls:
        """Return the calls that write this run."""
        info = run.info
        return cls(client, str(info.run_id), str(info.run_name), str(info.artifact_uri))

    def send(self, entry: Entry) -> None:
        """Write one entry; sending it twice leaves what sending it once does."""
        match entry:
            case Batch():
                self._log_batch(entry)
            case DatasetUsed():
                self._log_dataset(entry)
            case ModelFolder():
                log_model_folder(self.client, self.run_id, entry)
            case SpooledFiles():
                self.client.log_artifacts(self.run_id, str(entry.folder))

    def tag(self, key: str, value: str) -> None:
        """Set one tag.

        Raises
        ------
        StoreError
            If the store does not take it.
        """
        from mlflow.exceptions import MlflowException

        try:
            self.client.set_tag(self.run_id, key, value)
        except MlflowException as error:
            raise StoreError(f"the tag {key} could not be set: {error}") from error

    def untag(self, key: str) -> None:
        """Take a tag away, if it is there."""
        if key in self.client.get_run(self.run_id).data.tags:
            self.client.delete_tag(self.run_id, key)

    def end(self, status: str, tags: Mapping[str, str], time: datetime | None = None) -> None:
        """Set the last tags and then the status; `time` is when it ended, now unless given."""
        if tags:
            self._log_batch(Batch(tags=tags))
        self.client.set_terminated(self.run_id, status, milliseconds(time or datetime.now(UTC)))

    @functools.cached_property
    def local_folder(self) -> Path | None:
        """The folder of its artifacts on this machine, None where they are elsewhere."""
        from mlflow.utils.file_utils import local_file_uri_to_path
        from mlflow.utils.uri import is_local_uri

        here = is_local_uri(self.artifact_uri)
        return Path(local_file_uri_to_path(self.artifact_uri)) if here else None

    def _log_batch(self, batch: Batch) -> None:
        from mlflow.entities import Metric, Param, RunTag

        self.client.log_batch(
            self.run_id,
            [Metric(m.key, m.value, m.timestamp, m.step) for m in batch.metrics],
            [Param(key, value) for key, value in batch.params.items()],
            [RunTag(key, value) for key, value in batch.tags.items()],
        )

    def _log_dataset(self, used: DatasetUsed) -> None:
        """Link a data set; runs that begin together may all find that nobody has made it yet."""
        from mlflow.exceptions import MlflowException

        log = functools.partial(
            self.client.log_inputs, self.run_id, datasets=[_dataset_input(used)]
        )
        for _ in range(COLLISIONS):
            try:
                log()
            except (MlflowException, StoreError) as error:
                if not collided(error):
                    raise
            else:
                return
        log()


def milliseconds(time: datetime) -> int:
    """Return a time in milliseconds since 1970, as MLflow counts it."""
    return round(1000 * time.timestamp())


def _dataset_input(used: DatasetUsed) -> entities.DatasetInput:
    """Return the data set as MLflow links it to a run."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    columns = [
        {"type": kind, "name": name, "required": False} for name, kind in used.columns.items()
    ]
    dataset = Dataset(
        name=used.name[:500],
        digest=used.digest[:36],  # MLflow holds no more; the tag data_digest has it whole
        source_type="local",
        source=json.dumps({"uri": redact(used.source)}),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": used.rows, "num_positives": used.positives}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
