"""A sign of life while a run is open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self


class Heartbeat:
    """Calls `beat` every `seconds` in a thread of its own, until it is stopped."""

    def __init__(self, beat: Callable[[], None], seconds: float) -> None:
        self._beat = beat
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="heartbeat", daemon=True)

    def start(self) -> Self:
        """Start beating; the first beat comes after one interval."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop; when this returns no beat is under way, nor will one come."""
        self._ended.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _work(self) -> None:
        while not self._ended.wait(self._seconds):
            self._beat()
