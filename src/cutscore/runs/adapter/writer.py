"""One run in MLflow, from its first tag to the tag that says it is complete."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

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
from cutscore.report.record_spec import COMPLETE_TAG, FAILURE_TAG, HEARTBEAT_TAG, PRUNED_TAG
from cutscore.report.redact import redact
from cutscore.runs.adapter.artifact_buffer import ArtifactBuffer
from cutscore.runs.adapter.batches import MAX_TAG, Values, batches, cut
from cutscore.runs.adapter.calls import RunCalls, milliseconds
from cutscore.runs.adapter.ending import RunEnder, one_line
from cutscore.runs.adapter.heartbeat import Heartbeat
from cutscore.runs.adapter.outbox import Outbox
from cutscore.runs.adapter.retry import Outage
from cutscore.runs.identity import now_text
from cutscore.runs.port import Guard
from cutscore.runs.values import Status

HEARTBEAT_SECONDS = 30.0


class RunWriter:
    """An open run (see `runs.port.OpenRun`); use it as a context manager.

    Whoever ends the run first has the last word, so that no run is both complete and killed. What
    is written waits in the outbox until the store has taken it.
    """

    def __init__(
        self,
        calls: RunCalls,
        outage: Outage,
        unsent: Path | None,
    ) -> None:
        self.run_id = calls.run_id
        self.name = calls.name
        self._calls = calls
        self._outage = outage
        self._outbox = Outbox(calls, outage)
        self._ending = RunEnder(calls, self._outbox, outage, unsent)
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
                    self._outbox.said += batches(values, milliseconds(datetime.now(UTC)))
        finally:
            self._outbox.flush(wait=False)
        self._check_refused()

    def amend(self, items: Iterable[Item]) -> None:
        """Write items into a run that has ended; it is not begun again."""
        with self._cleanup:
            self.write(items)
            self._outbox.flush(wait=True)
            self._check_refused()

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

    def _check_refused(self) -> None:
        """Raise the first error of what the store has refused."""
        for error in self._outbox.refused:
            raise error

    def _files(self) -> ArtifactBuffer:
        return ArtifactBuffer(self._calls.local_folder, self._outbox, self._cleanup)

    def _sort(self, item: Item, values: Values, files: ArtifactBuffer) -> None:
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
        beat = partial(self._calls.tag, HEARTBEAT_TAG, now_text())
        try:
            self._outage.call(beat, wait=False)
        except StoreError:
            return
        self._outbox.flush(wait=False)
