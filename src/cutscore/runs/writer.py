"""One run in MLflow, from its first tag to the tag that says it is complete."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cutscore.errors import StoreError
from cutscore.report.items import (
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
from cutscore.runs.batches import MAX_TAG, Values, batches, cut
from cutscore.runs.ending import RunEnder, Status, end_run, one_line
from cutscore.runs.gathering import Gathering
from cutscore.runs.heartbeat import Heartbeat
from cutscore.runs.identity import now_text, process_tags
from cutscore.runs.outbox import Outbox
from cutscore.runs.port import Guard
from cutscore.runs.retry import Outage, PatientClient, StoreAwayError
from cutscore.runs.unsent import now_ms

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

__all__ = ["RunWriter", "end_run", "open_run", "reopen_run"]

HEARTBEAT_SECONDS = 30.0


class RunWriter:
    """An open run. Use it as a context manager: `open_run` makes one.

    Leaving the context without `complete()` ends the run FAILED: a run that does not say that it
    is complete is not. An exception ends it FAILED, an interruption KILLED, and both keep what
    was written. Whoever ends the run first has the last word, so that no run is both complete
    and killed.

    When the store does not answer, what is written waits in the outbox and the run goes on; its
    end waits for the store. If that stays away, the record is saved below the folder `unsent`.
    """

    def __init__(
        self,
        client: MlflowClient,
        run: entities.Run,
        outage: Outage,
        unsent: Path | None,
    ) -> None:
        self.client = client
        self.run_id = str(run.info.run_id)
        self.artifact_uri = str(run.info.artifact_uri)
        self.name = str(run.info.run_name)
        self._outage = outage
        self._outbox = Outbox(client, self.run_id, outage)
        self._ending = RunEnder(client, run, self._outbox, outage, unsent)
        self._cleanup = ExitStack()

    @property
    def ended(self) -> Status | None:
        """How the run ends, once that is decided."""
        return self._ending.status

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
                self.fail(one_line(error), "".join(traceback.format_exception(error)))
            else:
                self.kill(f"interrupted ({type(error).__name__})")
        finally:
            self._cleanup.close()

    def start(self, tags: Mapping[str, str], heartbeat: float, life: Guard | None) -> None:
        """Begin the signs of life, and let `life` close this run when the process must end.

        `tags` are those that the run has already.
        """
        self._outbox.begin(tags)
        self._cleanup.callback(Heartbeat(self._beat, heartbeat).start().stop)
        if life is not None:
            self._cleanup.callback(life.register(self.kill))

    def write(self, items: Iterable[Item]) -> None:
        """Write items: values in as few calls as possible, then files.

        If the stream of items breaks off, what it gave before is kept.
        """
        values = Values()
        try:
            with self._files() as files:
                try:
                    for item in items:
                        self._sort(item, values, files)
                finally:
                    self._outbox.said += batches(values, now_ms())
        finally:
            self._outbox.flush(wait=False)
        for error in self._outbox.refused:
            raise error

    def amend(self, items: Iterable[Item]) -> None:
        """Write items into a run that has ended; it is not begun again."""
        with self._cleanup:
            self.write(items)
            self._outbox.flush(wait=True)

    def complete(self) -> None:
        """Say that nothing is missing, and end the run. Nothing can be written afterwards.

        Raises
        ------
        StoreError
            If the run has been killed, or the store does not take it.
        """
        if not self._ending.end("FINISHED", {COMPLETE_TAG: now_text()}):
            raise StoreError(f"run {self.name} cannot be completed: it has ended {self.ended}")

    def fail(self, reason: str, details: str = "") -> None:
        """End the run FAILED unless it has ended; `details` becomes the artifact error.txt."""
        if self.ended is None and details:
            with self._files() as files:
                files.add(Text("error.txt", redact(details)))
        self._ending.end("FAILED", {FAILURE_TAG: cut(reason, MAX_TAG)})

    def prune(self, reason: str) -> None:
        """End the run KILLED, as hopeless, unless it has ended: it is no failure."""
        self._ending.end("KILLED", {PRUNED_TAG: cut(reason, MAX_TAG)})

    def kill(self, reason: str) -> None:
        """End the run KILLED unless it has ended. Safe to call from another thread.

        It does not wait for a store that is away: the record is saved, and one call tried.
        """
        self._ending.hurry("KILLED", {FAILURE_TAG: cut(reason, MAX_TAG)})

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

    def _files(self) -> Gathering:
        return Gathering(self.artifact_uri, self._outbox, self._cleanup)

    def _sort(self, item: Item, values: Values, files: Gathering) -> None:
        """Put one item where it belongs."""
        match item:
            case Param():
                values.params.append(item)
            case Metric():
                values.metrics.append(item)
            case Tag():
                values.tags.append(item)
            case DatasetUsed() | ModelFolder():
                self._outbox.said.append(item)
            case _:
                files.add(item)

    def _beat(self) -> None:
        """Write the time of this sign of life; a busy store is no reason to stop the run."""
        from mlflow.exceptions import MlflowException

        beat = partial(self.client.set_tag, self.run_id, HEARTBEAT_TAG, now_text())
        try:
            self._outage.call(beat, wait=False)
        except (MlflowException, StoreAwayError):
            return
        self._outbox.flush(wait=False)


@contextmanager
def open_run(
    client: MlflowClient,
    experiment_id: str,
    name: str,
    *,
    tags: Mapping[str, str] | None = None,
    parent_id: str | None = None,
    life: Guard | None = None,
    heartbeat: float = HEARTBEAT_SECONDS,
    unsent: Path | None = None,
) -> Iterator[RunWriter]:
    """Make a run and keep it open for the length of the context.

    `parent_id` is the run this one belongs to, `life` closes it when the process must end,
    `heartbeat` is the time between signs of life in seconds. Below `unsent` the record is saved
    if the store goes away and stays away.
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
    plain, outage = _parts(client)
    with RunWriter(plain, run, outage, unsent) as writer:
        writer.start(all_tags, heartbeat, life)
        yield writer


@contextmanager
def reopen_run(
    client: MlflowClient,
    run_id: str,
    *,
    life: Guard | None = None,
    heartbeat: float = HEARTBEAT_SECONDS,
    unsent: Path | None = None,
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
    plain, outage = _parts(client)
    with RunWriter(plain, run, outage, unsent) as writer:
        writer.start(tags, heartbeat, life)
        yield writer


def add_to_run(client: MlflowClient, run_id: str, items: Iterable[Item]) -> None:
    """Write items into a run that has ended, which stays as it is otherwise."""
    run = client.get_run(run_id)
    plain, outage = _parts(client)
    RunWriter(plain, run, outage, None).amend(items)


def _parts(client: MlflowClient | PatientClient) -> tuple[MlflowClient, Outage]:
    """Return the client that does not wait, and what is known of its store's absence."""
    if isinstance(client, PatientClient):
        return client.plain, client.outage
    return client, Outage(str(client.tracking_uri), 0.0)
