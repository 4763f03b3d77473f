"""Items as MLflow holds them, within its limits."""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from cutscore.report.items import DatasetUsed, Metric, Param, Tag
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.report.redact import redact

if TYPE_CHECKING:
    from mlflow import entities

MAX_KEY = 250
MAX_PARAM = 6000
MAX_TAG = 8000
PER_CALL = 100
"""Params or tags in one call; metrics may be 1,000 together with these."""

METRICS_PER_CALL = 800
LEFT_OUT_TAG = "cutscore.left_out"
_NAME = re.compile(r"[/\w.\- :]+")
_Entity = TypeVar("_Entity")


@dataclass
class Values:
    """Params, metrics and tags that wait to be written together."""

    params: list[Param] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.params or self.metrics or self.tags)


@dataclass(frozen=True)
class Batch:
    """What one call of `log_batch` takes."""

    params: list[entities.Param]
    metrics: list[entities.Metric]
    tags: list[entities.RunTag]


def fits(key: str) -> bool:
    """Return whether MLflow takes this name for a param, metric or tag."""
    is_path = posixpath.normpath(key) != key or key.startswith(("/", "..")) or key == "."
    return bool(_NAME.fullmatch(key)) and len(key) <= MAX_KEY and not is_path


def cut(text: str, limit: int) -> str:
    """Return the text without passwords, cut at the limit with a sign that it was cut."""
    shown = redact(text)
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def batches(values: Values, timestamp: int) -> Iterator[Batch]:
    """Turn values into as few calls as MLflow's limits allow.

    A metric that is no finite number becomes the tag `undefined.<name>`. Names that MLflow does
    not take are left out and listed in the tag `cutscore.left_out`; they are in config.yaml.
    `timestamp` is in milliseconds since 1970.
    """
    from mlflow.entities import Metric as MlflowMetric
    from mlflow.entities import Param as MlflowParam
    from mlflow.entities import RunTag

    named: tuple[Param | Metric | Tag, ...] = (*values.params, *values.metrics, *values.tags)
    left_out = dict.fromkeys(item.key for item in named if not fits(item.key))
    params = [
        MlflowParam(p.key, cut(_text(p.value), MAX_PARAM)) for p in values.params if fits(p.key)
    ]
    finite = [m for m in values.metrics if math.isfinite(m.value) and fits(m.key)]
    metrics = [MlflowMetric(m.key, float(m.value), timestamp, m.step) for m in finite]
    tags = {t.key: t.value for t in values.tags if fits(t.key)}
    for metric in values.metrics:
        if fits(metric.key) and not math.isfinite(metric.value):
            tags.setdefault(f"{UNDEFINED_PREFIX}{metric.key}", f"it is {metric.value}")
    if left_out:
        tags[LEFT_OUT_TAG] = ", ".join(left_out)
    run_tags = [RunTag(key, cut(value, MAX_TAG)) for key, value in tags.items()]
    yield from calls(params, metrics, run_tags)


def calls(
    params: Sequence[entities.Param],
    metrics: Sequence[entities.Metric],
    tags: Sequence[entities.RunTag],
) -> Iterator[Batch]:
    """Cut three sequences into as few calls as MLflow's limits allow."""
    chunks = (
        _chunks(params, PER_CALL),
        _chunks(metrics, METRICS_PER_CALL),
        _chunks(tags, PER_CALL),
    )
    first, second, third = (list(chunk) for chunk in chunks)
    for i in range(max(len(first), len(second), len(third))):
        yield Batch(
            params=first[i] if i < len(first) else [],
            metrics=second[i] if i < len(second) else [],
            tags=third[i] if i < len(third) else [],
        )


def _chunks(entries: Iterable[_Entity], size: int) -> Iterator[list[_Entity]]:
    """Yield lists of at most `size` entries."""
    iterator = iter(entries)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _text(value: object) -> str:
    """Return a setting as text: `null`, `true`, and lists and mappings as JSON, as in YAML."""
    if value is None or isinstance(value, bool | list | tuple | dict):
        return json.dumps(value, default=str)
    return str(value)


def dataset_input(used: DatasetUsed) -> entities.DatasetInput:
    """Return the data set as MLflow links it to a run."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    columns = [
        {"type": kind, "name": name, "required": False} for name, kind in used.columns.items()
    ]
    dataset = Dataset(
        name=used.name[:500],
        digest=used.digest[:36],  # MLflow holds no more; the tag data_digest has it whole
        source_type="local",
        source=json.dumps({"uri": redact(used.source)}),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": used.rows, "num_positives": used.positives}),
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])
