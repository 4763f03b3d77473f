"""Peak memory of this process while something runs, by sampling."""

from __future__ import annotations

import threading
from typing import Self

SAMPLE_SECONDS = 0.05
BYTES_PER_MB = 1e6


class PeakMemory:
    """Samples the resident set size; `megabytes` (10^6 bytes) is the largest one seen."""

    def __init__(self, seconds: float = SAMPLE_SECONDS) -> None:
        import psutil

        self._process = psutil.Process()
        self._seconds = seconds
        self._peak = self._process.memory_info().rss
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="peak-memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._sample()

    @property
    def megabytes(self) -> float:
        """The largest resident set size seen, in MB."""
        return self._peak / BYTES_PER_MB

    def _sample(self) -> None:
        self._peak = max(self._peak, self._process.memory_info().rss)

    def _work(self) -> None:
        while not self._ended.wait(self._seconds):
            self._sample()
