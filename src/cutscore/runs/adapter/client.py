"""An MLflow client that keeps quiet, and says soon that a store does not answer."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cutscore.errors import StoreError
from cutscore.report.redact import redact
from cutscore.runs.adapter.retry import Outage, outage_of
from cutscore.runs.addresses import address_folder
from cutscore.runs.elsewhere import told

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities
    from mlflow.exceptions import MlflowException

_ENVIRONMENT = {
    # Nobody who runs Cutscore has agreed to usage telemetry.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Trying again is ours: MLflow would do so in silence, for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "AWS_MAX_ATTEMPTS": "2",
    "PGCONNECT_TIMEOUT": "10",
}


_Answer = TypeVar("_Answer")


def open_client(uri: str) -> MlflowClient:
    """Return a client for a store that exists; it tries nothing again.

    What the user's environment says of MLflow's settings stays as it is.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # It warns that pip is not installed, which it is not in an environment made by uv.
    logging.getLogger("mlflow.utils.environment").setLevel(logging.ERROR)
    # It prints a traceback for each lost connection, and raises the error as well.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def patient_client(uri: str, outage: Outage | None = None) -> MlflowClient:
    """Return a client whose calls wait for the store as `outage` says, by default not at all."""
    patient = PatientClient(open_client(uri), outage or outage_of(uri, 0.0))
    return cast("MlflowClient", patient)


class RefusedError(StoreError):
    """The store has answered that it will not; `code` is MLflow's name for why."""

    def __init__(self, store: str, error: MlflowException) -> None:
        super().__init__(f"the store at {store} refuses: {redact(' '.join(str(error).split()))}")
        self.code = str(error.error_code)


class PatientClient:
    """An MLflow client whose calls wait for a store that is away; `plain` is the client within.

    What MLflow raises otherwise becomes a RefusedError.
    """

    def __init__(self, plain: MlflowClient, outage: Outage) -> None:
        self.plain = plain
        self.outage = outage
        self._places: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self.plain, name)
        return functools.partial(self._patiently, found) if callable(found) else found

    def create_run(
        self, experiment_id: str, *, run_name: str, tags: Mapping[str, str]
    ) -> entities.Run:
        """Make a run, once: a server may have made it and gone away before it said so."""
        started = int(time.time() * 1000)
        tried = False

        def make() -> entities.Run:
            nonlocal tried
            made = self._made(experiment_id, run_name, started, tags) if tried else None
            tried = True
            return made or self.plain.create_run(
                experiment_id, start_time=started, tags=dict(tags), run_name=run_name
            )

        return self._patiently(make)

    def download_artifacts(self, run_id: str, path: str, folder: str) -> str:
        """Copy an artifact to a folder and return where it is.

        For every file MLflow asks the store for the run, twice, and for models of the file's name.
        """
        from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

        if run_id not in self._places:
            self._places[run_id] = self._patiently(self.plain.get_run, run_id).info.artifact_uri
        place = self._places[run_id]
        here = address_folder(place)
        if here is not None and (here / path).exists():
            return str(LocalArtifactRepository(place).download_artifacts(path, folder))
        return str(self._patiently(self.plain.download_artifacts, run_id, path, folder))

    def _made(
        self, experiment_id: str, name: str, started: int, tags: Mapping[str, str]
    ) -> entities.Run | None:
        """Return the run that an unanswered call has made, if it has."""
        condition = f"attributes.start_time = {started}"
        for run in self.plain.search_runs([experiment_id], condition):
            same = all(run.data.tags.get(key) == value for key, value in tags.items())
            if same and run.info.run_name == name:
                return run
        return None

    def _patiently(self, call: Callable[..., _Answer], *words: Any, **named: Any) -> _Answer:
        from mlflow.exceptions import MlflowException

        try:
            with told(self.outage.store):
                return self.outage.call(lambda: call(*words, **named))
        except MlflowException as error:
            raise RefusedError(self.outage.store, error) from error
