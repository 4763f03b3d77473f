"""How a run ends: once, in the store or, if that does not come back, in a folder."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from cutscore.errors import StoreError
from cutscore.report.record_spec import FAILURE_TAG
from cutscore.runs.adapter.batches import MAX_TAG, cut
from cutscore.runs.adapter.calls import RunCalls, milliseconds
from cutscore.runs.adapter.outbox import Outbox
from cutscore.runs.adapter.retry import Outage, StoreUnavailableError
from cutscore.runs.adapter.unsent import UnsentRun, keep_record
from cutscore.runs.values import Status

_KILL_WAIT = 3.0


class RunEnder:
    """Ends one run. Whoever comes first decides how; `status` is that from then on.

    `unsent` is the folder below which the record is saved when the store stays away.
    """

    def __init__(
        self,
        calls: RunCalls,
        outbox: Outbox,
        outage: Outage,
        unsent: Path | None,
    ) -> None:
        self.status: Status | None = None
        self._tags: dict[str, str] = {}
        self._calls = calls
        self._outbox = outbox
        self._outage = outage
        self._unsent = unsent
        self._over = False
        self._lock = threading.Lock()

    def end(self, status: Status, tags: Mapping[str, str]) -> bool:
        """Send what waits, then `tags` and the status; return False if the end was decided before.

        Raises
        ------
        StoreError
            If the store does not take it: it says where the record is.
        """
        if not self._decide(status, tags):
            return False
        try:
            self._outbox.flush(wait=True)
            if status == "FINISHED" and self._outbox.refused:
                raise self._outbox.refused[0]
            self._outage.call(self._send)
        except StoreUnavailableError as error:
            told = f"{error}{self._keep()}"
            self._fail(told)  # only the place for files may be away
            raise StoreUnavailableError(told) from error
        except Exception as error:
            told = f"the store refuses what the run writes: {one_line(error)}{self._keep()}"
            self._fail(told)
            raise StoreError(told) from error
        return True

    def _fail(self, why: str) -> None:
        """Call the run failed, if the store takes at least that."""
        self.status, self._tags = "FAILED", {FAILURE_TAG: cut(why, MAX_TAG)}
        with suppress(Exception):
            self._outage.call(self._send, wait=False)

    def hurry(self, status: Status, tags: Mapping[str, str]) -> None:
        """End the run without waiting for a store that is away; it ends as was decided before."""
        decided = self._decide(status, tags)
        if self._over:
            return
        unfinished = not decided and self._outbox.pending
        if self._outage.away or unfinished:
            self._keep()
        if unfinished or not self._outbox.sending.acquire(timeout=_KILL_WAIT):
            return  # not complete before all of it has been sent, or a call hangs
        try:
            with suppress(StoreUnavailableError):
                self._outage.call(self._finish, wait=False)
        finally:
            self._outbox.sending.release()

    def _decide(self, status: Status, tags: Mapping[str, str]) -> bool:
        with self._lock:
            if self.status is not None:
                return False
            self.status, self._tags = status, dict(tags)
            return True

    def _send(self) -> None:
        """Set the last tags and the status, when no other call is under way."""
        with self._outbox.sending:
            self._finish()

    def _finish(self) -> None:
        """Set the last tags and the status, unless that is done."""
        if not self._over:
            self._calls.end(self.status or "FAILED", self._tags)
            self._over = True

    def _keep(self) -> str:
        """Save the record in a folder, tell where, and return it for a message."""
        if self._unsent is None:
            return ""
        name = self._calls.name
        folder = self._unsent / name
        run = UnsentRun(
            run_id=self._calls.run_id,
            name=name,
            store=self._outage.store,
            status=self.status or "FAILED",
            ended=milliseconds(datetime.now(UTC)),
            tags=self._tags,
        )
        try:
            keep_record(folder, run, self._outbox.said, self._calls.local_folder)
        except OSError as error:
            return f"; its record could not be saved in {folder} ({error.strerror})"
        self._outage.say(
            f"the record of {name} is saved in {folder}; "
            f"when the store is back: cutscore runs send {quote(str(folder))}"
        )
        return f"; its record is saved in {folder}"


def one_line(error: BaseException) -> str:
    """Return kind and message of an exception as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
