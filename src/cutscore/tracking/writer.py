"""One run in MLflow, from its first tag to the tag that says it is complete."""

from __future__ import annotations

import tempfile
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from cutscore.errors import StoreError
from cutscore.report.files import write_artifact
from cutscore.report.items import (
    Artifact,
    DatasetUsed,
    Item,
    Metric,
    ModelFolder,
    Param,
    Tag,
    Text,
)
from cutscore.report.record_spec import (
    COMPLETE_TAG,
    FAILURE_TAG,
    HEARTBEAT_TAG,
    PARENT_TAG,
    PRUNED_TAG,
)
from cutscore.report.redact import redact
from cutscore.tracking.batches import MAX_TAG, Values, batches, cut, dataset_input
from cutscore.tracking.heartbeat import Heartbeat
from cutscore.tracking.identity import now_text, process_tags
from cutscore.tracking.lifeline import Lifeline
from cutscore.tracking.models import log_model_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

HEARTBEAT_SECONDS = 30.0
_KILL_WAIT = 3.0
Ending = Literal["FINISHED", "FAILED", "KILLED"]


class RunWriter:
    """An open run. Use it as a context manager: `open_run` makes one.

    Leaving the context without `complete()` ends the run FAILED: a run that does not say that it
    is complete is not. An exception ends it FAILED, an interruption KILLED, and both keep what
    was written. Whoever ends the run first has the last word, so that no run is both complete
    and killed.
    """

    def __init__(self, client: MlflowClient, run_id: str, artifact_uri: str, name: str) -> None:
        self.client = client
        self.run_id = run_id
        self.artifact_uri = artifact_uri
        self.name = name
        self.ended: Ending | None = None
        self._lock = threading.Lock()
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self.fail("the run ended before its record was complete")
            elif isinstance(error, Exception):
                self.fail(_one_line(error), "".join(traceback.format_exception(error)))
            else:
                self.kill(f"interrupted ({type(error).__name__})")
        finally:
            self._cleanup.close()

    def start(self, heartbeat: float, life: Lifeline | None) -> None:
        """Begin the signs of life, and let `life` close this run when the process must end."""
        self._cleanup.callback(Heartbeat(self._beat, heartbeat).start().stop)
        if life is not None:
            self._cleanup.callback(life.register(self.kill))

    def write(self, items: Iterable[Item]) -> None:
        """Write items: values in as few calls as possible, then files.

        If the stream of items breaks off, what it gave before is kept.
        """
        values = Values()
        with _Files(self) as files:
            try:
                for item in items:
                    self._sort(item, values, files)
            finally:
                self._write_values(values)

    def complete(self) -> None:
        """Say that nothing is missing, and end the run. Nothing can be written afterwards."""
        self._end("FINISHED", {COMPLETE_TAG: now_text()})

    def fail(self, reason: str, details: str = "") -> None:
        """End the run FAILED unless it has ended; `details` becomes the artifact error.txt."""
        if self.ended is None and details:
            with _Files(self) as files:
                files.add(Text("error.txt", redact(details)))
        self._end("FAILED", {FAILURE_TAG: cut(reason, MAX_TAG)})

    def prune(self, reason: str) -> None:
        """End the run KILLED, as hopeless, unless it has ended: it is no failure."""
        self._end("KILLED", {PRUNED_TAG: cut(reason, MAX_TAG)})

    def kill(self, reason: str) -> None:
        """End the run KILLED unless it has ended. Safe to call from another thread."""
        self._end("KILLED", {FAILURE_TAG: cut(reason, MAX_TAG)})

    def kill_children(self, reason: str) -> int:
        """End all runs below this one that still say RUNNING, and return how many."""
        experiment = self.client.get_run(self.run_id).info.experiment_id
        open_runs = self.client.search_runs(
            [experiment],
            f"tags.`{PARENT_TAG}` = '{self.run_id}' AND attributes.status = 'RUNNING'",
        )
        for run in open_runs:
            end_run(self.client, run.info.run_id, "KILLED", {FAILURE_TAG: reason})
        return len(open_runs)

    def _sort(self, item: Item, values: Values, files: _Files) -> None:
        """Put one item where it belongs."""
        match item:
            case Param():
                values.params.append(item)
            case Metric():
                values.metrics.append(item)
            case Tag():
                values.tags.append(item)
            case DatasetUsed():
                self.client.log_inputs(self.run_id, datasets=[dataset_input(item)])
            case ModelFolder():
                log_model_folder(self.client, self.run_id, item)
            case _:
                files.add(item)

    def _write_values(self, values: Values) -> None:
        """Write values in batches."""
        for batch in batches(values, int(time.time() * 1000)):
            self.client.log_batch(self.run_id, batch.metrics, batch.params, batch.tags)

    def _beat(self) -> None:
        """Write the time of this sign of life; a busy store is no reason to stop the run."""
        from mlflow.exceptions import MlflowException

        try:
            self.client.set_tag(self.run_id, HEARTBEAT_TAG, now_text())
        except MlflowException:
            return

    def _end(self, status: Ending, tags: Mapping[str, str]) -> None:
        """End the run once; later calls do nothing, but completing a killed run is an error."""
        if not self._lock.acquire(timeout=_KILL_WAIT if status == "KILLED" else -1):
            return
        try:
            if self.ended is None:
                end_run(self.client, self.run_id, status, tags)
                self.ended = status
            elif status == "FINISHED":
                raise StoreError(f"run {self.name} cannot be completed: it has ended {self.ended}")
        finally:
            self._lock.release()


class _Files:
    """Artifacts on their way: straight into a local store, else gathered and sent at once."""

    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer
        self._folder = local_folder(writer.artifact_uri)
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._temporary is not None:
            with self._temporary as folder:
                self._writer.client.log_artifacts(self._writer.run_id, folder)

    def add(self, artifact: Artifact) -> None:
        """Write one artifact."""
        if self._folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="cutscore-")
            self._folder = Path(self._temporary.name)
        write_artifact(artifact, self._folder)


@contextmanager
def open_run(
    client: MlflowClient,
    experiment_id: str,
    name: str,
    *,
    tags: Mapping[str, str] | None = None,
    parent_id: str | None = None,
    life: Lifeline | None = None,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> Iterator[RunWriter]:
    """Make a run and keep it open for the length of the context.

    `parent_id` is the run this one belongs to, `life` closes it when the process must end,
    `heartbeat` is the time between signs of life in seconds.
    """
    all_tags = {
        "mlflow.source.name": "cutscore",
        "mlflow.source.type": "LOCAL",
        **process_tags(),
        HEARTBEAT_TAG: now_text(),
        **({PARENT_TAG: parent_id} if parent_id else {}),
        **{key: cut(value, MAX_TAG) for key, value in (tags or {}).items()},
    }
    run = client.create_run(experiment_id, run_name=name, tags=all_tags)
    with RunWriter(client, run.info.run_id, run.info.artifact_uri, name) as writer:
        writer.start(heartbeat, life)
        yield writer


@contextmanager
def reopen_run(
    client: MlflowClient,
    run_id: str,
    *,
    life: Lifeline | None = None,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> Iterator[RunWriter]:
    """Go on with a run that has ended, under its own id, and keep it open for the context.

    What it said of its end (complete, failed, pruned) is taken back first.
    """
    from mlflow.entities import RunTag

    run = client.get_run(run_id)
    for key in (COMPLETE_TAG, FAILURE_TAG, PRUNED_TAG):
        if key in run.data.tags:
            client.delete_tag(run_id, key)
    tags = {**process_tags(), HEARTBEAT_TAG: now_text()}
    client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    client.update_run(run_id, status="RUNNING")
    with RunWriter(client, run_id, run.info.artifact_uri, str(run.info.run_name)) as writer:
        writer.start(heartbeat, life)
        yield writer


def add_to_run(client: MlflowClient, run_id: str, items: Iterable[Item]) -> None:
    """Write items into a run that has ended, which stays as it is otherwise."""
    info = client.get_run(run_id).info
    RunWriter(client, run_id, info.artifact_uri, str(info.run_name)).write(items)


def end_run(client: MlflowClient, run_id: str, status: Ending, tags: Mapping[str, str]) -> None:
    """Set the last tags of a run and then its status."""
    from mlflow.entities import RunTag

    client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    client.set_terminated(run_id, status)


def local_folder(artifact_uri: str) -> Path | None:
    """Return the folder of an artifact address on this machine, None for other addresses."""
    from mlflow.utils.file_utils import local_file_uri_to_path
    from mlflow.utils.uri import is_local_uri

    return Path(local_file_uri_to_path(artifact_uri)) if is_local_uri(artifact_uri) else None


def _one_line(error: BaseException) -> str:
    """Return kind and message of an exception as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
