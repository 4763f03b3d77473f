"""Waiting for a store that does not answer, in one place."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from cutscore.errors import StoreError
from cutscore.report.redact import redact
from cutscore.runs.adapter.transient import transient_reason

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
SLOW = 5.0
"""A call that took so many seconds to fail was no hiccup."""

_Answer = TypeVar("_Answer")


class StoreUnavailableError(StoreError):
    """The store has not answered for as long as it was waited for."""


class Outage:
    """What one process knows of a store's absence; all its runs share it.

    The time to wait counts from the first call that went unanswered, whichever run made it: many
    runs that wait one after the other do not each wait anew. `minutes` is how long; 0 is not at
    all.
    """

    def __init__(self, uri: str, minutes: float) -> None:
        self.store = redact(uri)
        self.minutes = minutes
        self._since: float | None = None
        self._lock = threading.Lock()

    @property
    def away(self) -> bool:
        """Whether the last call went unanswered."""
        return self._since is not None

    def call(self, work: Callable[[], _Answer], *, wait: bool = True) -> _Answer:
        """Return what `work()` returns, calling it again while the store does not answer.

        What fails once and is answered half a second later is not worth a word. Without `wait` it
        is not called again after that.

        Raises
        ------
        StoreUnavailableError
            If the store has been away for longer than `minutes`, or is away and `wait` is false.
        """
        pause, again = FIRST_PAUSE, False
        while True:
            started = time.monotonic()
            try:
                answer = work()
            except Exception as error:
                reason = transient_reason(error)
                if reason is None:
                    raise
                slow = time.monotonic() - started > SLOW
                if again or slow or self.away:
                    self._unanswered(reason)
                    left = self._seconds_left()
                    if not wait or left <= 0:
                        raise StoreUnavailableError(self.words(reason)) from error
                    pause = min(2 * pause, LONGEST_PAUSE, left)
                again = True
                time.sleep(pause)
            else:
                self._answered()
                return answer

    def words(self, reason: str) -> str:
        """Return a sentence on how long the store has been away."""
        seconds = time.monotonic() - (self._since or time.monotonic())
        return f"the store at {self.store} has not answered for {_duration(seconds)} ({reason})"

    def say(self, text: str) -> None:
        """Tell the user, on stderr."""
        print(f"cutscore: {text}", file=sys.stderr, flush=True)

    def _unanswered(self, reason: str) -> None:
        """Take note of a call without an answer; the first is told."""
        with self._lock:
            first = self._since is None
            if first:
                self._since = time.monotonic()
        if first:
            patience = f"for up to {self.minutes:g} min" if self.minutes else "no longer"
            self.say(f"the store at {self.store} does not answer ({reason}); trying {patience}")

    def _answered(self) -> None:
        """Take note of an answer; the first after an absence is told."""
        if self._since is None:
            return
        with self._lock:
            since, self._since = self._since, None
        if since is not None:
            away = _duration(time.monotonic() - since)
            self.say(f"the store at {self.store} answers again, after {away}")

    def _seconds_left(self) -> float:
        since = self._since
        gone = 0.0 if since is None else time.monotonic() - since
        return 60 * self.minutes - gone


@functools.cache
def outage_of(uri: str, minutes: float) -> Outage:
    """Return what this process knows of a store's absence."""
    return Outage(uri, minutes)


def _duration(seconds: float) -> str:
    """Return seconds for people."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
