"""Counts and times, as Prometheus reads them.

Several workers share a port, so a question may reach any of them. Each leaves its counts in a file
of a folder that they share, every second and when it ends, and adds up what lies there when asked.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

Key = tuple[str, tuple[tuple[str, str], ...]]

COUNTERS = {
    "cutscore_requests_total": "Requests by path and status.",
    "cutscore_rows_total": "Rows decided.",
    "cutscore_flagged_total": "Rows flagged.",
    "cutscore_refusals_total": "Requests refused, by kind.",
    "cutscore_outside_total": "Rows with a value outside the range of training, by column.",
    "cutscore_unseen_total": "Rows of a category that training did not meet, by column.",
    "cutscore_infinite_total": "Rows of tables in which a column was infinite, by column.",
    "cutscore_orphans_total": "Rows of tables that belong to no row of the one above, by table.",
    "cutscore_model_exchanges_total": "Models that took the place of another.",
    "cutscore_follow_failures_total": "Failed attempts to learn of, or load, a new version.",
    "cutscore_log_rows_total": "Rows written to the decision log.",
    "cutscore_log_failures_total": "Failed attempts to write to the decision log.",
}
SECONDS = "cutscore_request_seconds"
BOUNDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SAVED = "worker-*.json"


class Metrics:
    """The counts of a process; `folder` is where several add theirs up."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._counts: dict[Key, float] = defaultdict(float)
        for name in (
            "cutscore_rows_total",
            "cutscore_flagged_total",
            "cutscore_log_failures_total",
        ):
            self._counts[name, ()] = 0.0  # what may stay zero is told from the start

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Count `amount` more."""
        with self._lock:
            self._counts[name, tuple(labels.items())] += amount

    def took(self, path: str, seconds: float) -> None:
        """Note how long a request took."""
        bound = next((f"{each:g}" for each in BOUNDS if seconds <= each), "+Inf")
        with self._lock:
            self._counts[f"{SECONDS}_bucket", (("path", path), ("le", bound))] += 1
            self._counts[f"{SECONDS}_sum", (("path", path),)] += seconds
            self._counts[f"{SECONDS}_count", (("path", path),)] += 1

    def save(self) -> None:
        """Leave the counts where the other workers find them."""
        if self._folder is None:
            return
        path = self._own(self._folder)
        hidden = path.with_suffix(".part")
        hidden.write_bytes(orjson.dumps(list(self._copy().items())))
        hidden.replace(path)

    def text(self, gauges: Mapping[Key, float]) -> str:
        """Return the counts of all workers, and this one's gauges, in Prometheus' text format."""
        total = self._copy()
        for path in self._folder.glob(_SAVED) if self._folder is not None else ():
            if path != self._own(self._folder or path):
                for (name, labels), value in orjson.loads(path.read_bytes()):
                    total[name, tuple((a, b) for a, b in labels)] += value
        lines = []
        for name, told in COUNTERS.items():
            lines += [f"# HELP {name} {told}", f"# TYPE {name} counter"]
            lines += [_line(key, value) for key, value in total.items() if key[0] == name]
        lines += [f"# HELP {SECONDS} Time from a request's head to the end of its answer."]
        lines += [f"# TYPE {SECONDS} histogram", *_histograms(total)]
        for key, value in gauges.items():
            lines += [f"# TYPE {key[0]} gauge", _line(key, value)]
        return "\n".join(lines) + "\n"

    def _copy(self) -> dict[Key, float]:
        with self._lock:
            return self._counts.copy()

    def _own(self, folder: Path) -> Path:
        return folder / f"worker-{os.getpid()}.json"


def _histograms(counts: Mapping[Key, float]) -> Iterable[str]:
    for path in sorted({dict(labels)["path"] for name, labels in counts if SECONDS in name}):
        below = 0.0
        for bound in (*(f"{each:g}" for each in BOUNDS), "+Inf"):
            labels = (("path", path), ("le", bound))
            below += counts.get((f"{SECONDS}_bucket", labels), 0.0)
            yield _line((f"{SECONDS}_bucket", labels), below)
        for name in (f"{SECONDS}_sum", f"{SECONDS}_count"):
            yield _line((name, (("path", path),)), counts[name, (("path", path),)])


def _line(key: Key, value: float) -> str:
    name, labels = key
    said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return f"{name}{{{said}}} {value:.17g}" if said else f"{name} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
