"""What a run has to say, in order, until the store has taken it."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from cutscore.runs.adapter.batches import Batch
from cutscore.runs.adapter.calls import Entry, RunCalls
from cutscore.runs.adapter.retry import Outage, StoreUnavailableError
from cutscore.runs.adapter.transient import transient_reason


class Outbox:
    """Entries of one run; all are kept until the run ends, in case its record must be saved.

    Sending an entry twice leaves what sending it once does: an unanswered call may have arrived.
    `refused` holds the errors of entries that the store will not take; they are left out.
    `sending` is held while a call is under way.
    """

    def __init__(self, calls: RunCalls, outage: Outage) -> None:
        self.said: list[Entry] = []
        self.refused: list[Exception] = []
        self.sending = threading.Lock()
        self._calls = calls
        self._outage = outage
        self._sent = 0

    @property
    def pending(self) -> bool:
        """Whether there is something that the store has not taken."""
        return self._sent < len(self.said)

    def begin(self, tags: Mapping[str, str]) -> None:
        """Take note of the tags that the run was made with: they are part of its record."""
        self.said.append(Batch(tags=dict(tags)))
        self._sent = len(self.said)

    def flush(self, *, wait: bool) -> None:
        """Send what has not been sent. Without `wait`, what finds no answer stays for later.

        Raises
        ------
        StoreUnavailableError
            With `wait`, if the store stays away.
        """
        while self.pending:
            try:
                self._outage.call(self._send_next, wait=wait)
            except StoreUnavailableError:
                if wait:
                    raise
                return

    def _send_next(self) -> None:
        """Send the next entry; one that is refused is passed over."""
        with self.sending:
            if not self.pending:  # another thread has sent it
                return
            try:
                self._calls.send(self.said[self._sent])
            except Exception as error:
                if transient_reason(error) is not None:
                    raise
                self.refused.append(error)
            self._sent += 1
