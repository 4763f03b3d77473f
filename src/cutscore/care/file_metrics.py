"""Metric files of MLflow's old file store: a line each for time, value and step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cutscore.care.file_entries import Entry, Lost, Row, texts
from cutscore.care.findings import shortened

LARGEST = 1.7976931348623157e308
"""What MLflow's databases hold for infinity."""


@dataclass(frozen=True, order=True)
class Point:
    """One value of a metric as a database holds it; time in milliseconds.

    `rest` are the words behind it: of a model's metric the run that measured it and the data set.
    """

    step: int
    time: int
    value: float
    is_nan: bool
    rest: tuple[str, ...] = ()


def run_metrics(folder: Path, run_id: str) -> Iterator[Entry]:
    """Yield all values of a run's metrics, and the latest of each."""
    for entry in _metrics(folder, least=2):
        if isinstance(entry, Lost):
            yield entry
            continue
        key, file, points = entry
        latest = [max(points)] if points else []
        for table, chosen in (("metrics", points), ("latest_metrics", latest)):
            for point in chosen:
                values = {
                    "key": key,
                    "value": point.value,
                    "timestamp": point.time,
                    "step": point.step,
                    "is_nan": point.is_nan,
                    "run_uuid": run_id,
                }
                yield Row(table, values, file)


def model_metrics(folder: Path, model_id: str, experiment_id: int) -> Iterator[Entry]:
    """Yield all values of a logged model's metrics, with the runs that measured them."""
    for entry in _metrics(folder, least=4):
        if isinstance(entry, Lost):
            yield entry
            continue
        key, file, points = entry
        for point in points:
            run_id, *dataset = point.rest
            values = {
                "model_id": model_id,
                "experiment_id": experiment_id,
                "metric_name": key,
                "metric_timestamp_ms": point.time,
                "metric_step": point.step,
                "metric_value": point.value,
                "run_id": run_id,
                "dataset_name": " ".join(dataset[:-1]) or None,
                "dataset_digest": dataset[-1] if len(dataset) > 1 else None,
            }
            yield Row("logged_model_metrics", values, file)


def _metrics(folder: Path, least: int) -> Iterator[tuple[str, Path, list[Point]] | Lost]:
    """Yield each metric with its points, and the lines that are none or repeat others."""
    for entry in texts(folder):
        if isinstance(entry, Lost):
            yield entry
            continue
        key, text, file = entry
        points: dict[Point, None] = {}
        bad: list[str] = []
        repeated: list[str] = []
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                point = _point(line.split(), least)
            except ValueError:
                bad.append(f"line {number} ({line[:40]!r})")
                continue
            if point in points:
                repeated.append(f"line {number}")
            points[point] = None
        if bad:
            yield Lost(file, f"no metric in {shortened(bad)}")
        if repeated:
            yield Lost(file, f"{shortened(repeated)}: repeated, read once")
        if not points and not bad:
            yield Lost(file, "it is empty")
        yield key, file, list(points)


def _point(words: list[str], least: int) -> Point:
    """Return the value that a line holds.

    Raises
    ------
    ValueError
        If it holds none.
    """
    if len(words) < least:
        raise ValueError("too few words")
    value = float(words[1])
    step = int(words[2]) if len(words) > 2 else 0
    rest = tuple(words[3:]) if least > 3 else ()
    if math.isnan(value):
        return Point(step, int(words[0]), 0.0, True, rest)
    return Point(step, int(words[0]), max(-LARGEST, min(LARGEST, value)), False, rest)
