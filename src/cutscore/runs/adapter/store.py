"""The run store that MLflow keeps: see `runs.port` for what its methods promise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cutscore.errors import Fault, RequestError, StoreError
from cutscore.report.items import Item
from cutscore.report.record_spec import (
    COMPLETE_TAG,
    DIED_TAG,
    FAILURE_TAG,
    HEARTBEAT_TAG,
    PARENT_TAG,
    PRUNED_TAG,
)
from cutscore.runs.adapter import reading
from cutscore.runs.adapter.batches import MAX_TAG, cut
from cutscore.runs.adapter.calls import RunCalls
from cutscore.runs.adapter.client import PatientClient, RefusedError, open_client
from cutscore.runs.adapter.models import download_model
from cutscore.runs.adapter.registry import MlflowRegistry
from cutscore.runs.adapter.retry import Outage
from cutscore.runs.adapter.unsent import load_record, send_record
from cutscore.runs.adapter.writer import HEARTBEAT_SECONDS, RunWriter
from cutscore.runs.closing import ending_of
from cutscore.runs.identity import now_text, process_tags
from cutscore.runs.port import Guard
from cutscore.runs.values import RunDetail, RunSummary

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

ENDINGS = (COMPLETE_TAG, DIED_TAG, FAILURE_TAG, PRUNED_TAG)
"""Tags by which a run says how it ended."""

_NO_RUN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""How MLflow says that there is no run of an id: unknown, or none that an id could be."""


class MlflowRunStore:
    """Runs in a store that exists; `outage` is what this process knows of its absence.

    New runs are listed under the experiment, and give a sign of life every `heartbeat` seconds.
    """

    def __init__(
        self,
        uri: str,
        outage: Outage,
        experiment: str = "",
        experiment_id: str = "",
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.uri = uri
        self.experiment = experiment
        self._experiment_id = experiment_id
        self._heartbeat = heartbeat
        self._outage = outage

    @cached_property
    def _plain(self) -> MlflowClient:
        """The client for calls that are not waited for here."""
        return open_client(self.uri)

    @cached_property
    def _client(self) -> MlflowClient:
        """The client whose calls wait for the store."""
        return cast("MlflowClient", PatientClient(self._plain, self._outage))

    @cached_property
    def registry(self) -> MlflowRegistry:
        """The store's registry of models."""
        return MlflowRegistry(self.uri, self._client)

    @contextmanager
    def open(
        self,
        name: str,
        *,
        tags: Mapping[str, str] | None = None,
        parent_id: str | None = None,
        life: Guard | None = None,
        unsent: Path | None = None,
    ) -> Iterator[RunWriter]:
        """Make a run and keep it open for the length of the context."""
        all_tags = {
            "mlflow.source.name": "cutscore",
            "mlflow.source.type": "LOCAL",
            **_signature(),
            **({PARENT_TAG: parent_id} if parent_id else {}),
            **{key: cut(value, MAX_TAG) for key, value in (tags or {}).items()},
        }
        run = self._client.create_run(self._experiment_id, run_name=name, tags=all_tags)
        with RunWriter(RunCalls.of(self._plain, run), self._outage, unsent) as writer:
            writer.start(all_tags, self._heartbeat, life)
            yield writer

    @contextmanager
    def reopen(
        self, run_id: str, *, life: Guard | None = None, unsent: Path | None = None
    ) -> Iterator[RunWriter]:
        """Go on with a run that has ended; what it said of its end is undone first."""
        run = self._client.get_run(run_id)
        tags = _signature()
        self.tag(run_id, {**dict.fromkeys(ENDINGS), **tags})
        self._client.update_run(run_id, status="RUNNING")
        with RunWriter(RunCalls.of(self._plain, run), self._outage, unsent) as writer:
            writer.start(tags, self._heartbeat, life)
            yield writer

    def add(self, run_id: str, items: Iterable[Item]) -> None:
        """Write items into a run that has ended."""
        run = self._client.get_run(run_id)
        RunWriter(RunCalls.of(self._plain, run), self._outage, None).amend(items)

    def tag(self, run_id: str, tags: Mapping[str, str | None]) -> None:
        """Set tags of a run; None takes one away if it is there."""
        from mlflow.entities import RunTag

        gone = [key for key, value in tags.items() if value is None]
        if gone:
            there = self._client.get_run(run_id).data.tags
            for key in gone:
                if key in there:
                    self._client.delete_tag(run_id, key)
        given = [
            RunTag(key, cut(value, MAX_TAG)) for key, value in tags.items() if value is not None
        ]
        if given:
            self._client.log_batch(run_id, tags=given)

    def close(self, run: RunSummary, reason: str, *, killed: bool = False) -> bool:
        """End a run that nobody writes any more, unless it has ended meanwhile."""
        now = self._client.get_run(run.run_id)
        if str(now.info.status) != "RUNNING":
            return False
        ending = ending_of(reading.summary_of(now, run.experiment), reason, killed=killed)
        tags = {key: cut(value, MAX_TAG) for key, value in ending.tags.items()}
        began = datetime.fromtimestamp(now.info.start_time / 1000, ending.time.tzinfo)
        RunCalls.of(self._client, now).end(ending.status, tags, max(ending.time, began))
        return True

    def send(self, folder: Path) -> tuple[str, bool]:
        """Bring in a record that was saved; return the run's name and whether it was needed."""
        record = load_record(folder)
        name, run_id = record.run.name, record.run.run_id
        try:
            run = self._get(run_id)
            if run is None:
                problem = f"this store has no run {run_id} ({name})."
                raise RequestError(Fault("--store", problem, "Name the store it was begun in."))
            if COMPLETE_TAG in run.data.tags:
                return name, False
            self.tag(run_id, dict.fromkeys(ENDINGS))
            send_record(RunCalls.of(self._client, run), record)
        except RefusedError as error:
            raise StoreError(f"the record of {name} could not be sent: {error}") from error
        return name, True

    def get(self, run_id: str) -> RunSummary | None:
        """Return the run of this very id, deleted ones too; None if there is none."""
        run = self._get(run_id)
        return None if run is None else reading.summary_of(run, self._experiment_of(run))

    def find(
        self,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        *,
        parent_id: str | None = None,
        status: str | None = None,
        limit: int | None = None,
    ) -> list[RunSummary]:
        """Return runs with these tags, newest first, of one experiment or of all."""
        if experiment and experiment == self.experiment:
            names = {self._experiment_id: experiment}
        else:
            names = reading.experiment_names(self._client, experiment)
        condition = reading.condition_of(tags or {}, parent_id, status)
        runs = reading.search(self._client, list(names), condition, limit)
        return [reading.summary_of(run, names[str(run.info.experiment_id)]) for run in runs]

    def read(self, run: str) -> RunDetail:
        """Return everything on a run, named by its id, the beginning of its id or its name."""
        found = self._get(run) if reading.looks_like_id(run) else None
        if found is not None and found.info.lifecycle_stage == "active":
            return reading.detail_of(self._client, found, self._experiment_of(found))
        names = reading.experiment_names(self._client, None)
        found, namesakes = reading.named_run(self._client, list(names), run)
        experiment = names[str(found.info.experiment_id)]
        return reading.detail_of(self._client, found, experiment, namesakes)

    def download(self, run_id: str, path: str, folder: Path) -> Path | None:
        """Copy an artifact to a folder and return where it is; None where the run has none."""
        try:
            found = Path(self._client.download_artifacts(run_id, path, str(folder)))
        except (RefusedError, OSError):
            return None
        return found if found.exists() else None

    def model(self, run_id: str, folder: Path) -> Path | None:
        """Copy the model that was logged with a run last to a folder; None where there is none."""
        run = self.get(run_id)
        if run is None or not run.models:
            return None
        return download_model(self._client, self.uri, run.models[-1], folder)

    def last_change(self, run: RunSummary) -> datetime:
        """Return when a run began or last logged a metric, whichever is later."""
        return reading.last_change(self._client, self._client.get_run(run.run_id))

    def _get(self, run_id: str) -> entities.Run | None:
        """Return MLflow's own run of this very id."""
        try:
            return self._client.get_run(run_id)
        except RefusedError as error:
            if error.code not in _NO_RUN:
                raise
            return None

    def _experiment_of(self, run: entities.Run) -> str:
        """Return the name of the experiment that a run is listed under."""
        experiment_id = str(run.info.experiment_id)
        if experiment_id == self._experiment_id:
            return self.experiment
        return str(self._client.get_experiment(experiment_id).name)


def _signature() -> dict[str, str]:
    """Return the tags that say which process writes a run, and that it lives."""
    return {**process_tags(), HEARTBEAT_TAG: now_text()}
