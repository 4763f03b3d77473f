"""Items as MLflow holds them, within its limits."""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import TypeVar

from cutscore.report.items import Metric, Param, Tag
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.report.redact import redact

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
class MetricPoint:
    """A metric's value at a step; `timestamp` in milliseconds since 1970."""

    key: str
    value: float
    timestamp: int
    step: int


@dataclass(frozen=True)
class Batch:
    """What one call of `log_batch` takes."""

    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Sequence[MetricPoint] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


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
    named: tuple[Param | Metric | Tag, ...] = (*values.params, *values.metrics, *values.tags)
    left_out = dict.fromkeys(item.key for item in named if not fits(item.key))
    metrics = [metric for metric in values.metrics if fits(metric.key)]
    tags = {tag.key: tag.value for tag in values.tags if fits(tag.key)}
    for metric in metrics:
        if not math.isfinite(metric.value):
            tags.setdefault(f"{UNDEFINED_PREFIX}{metric.key}", f"it is {metric.value}")
    if left_out:
        tags[LEFT_OUT_TAG] = ", ".join(left_out)
    yield from in_calls(
        {p.key: cut(_text(p.value), MAX_PARAM) for p in values.params if fits(p.key)},
        [
            MetricPoint(m.key, float(m.value), timestamp, m.step)
            for m in metrics
            if math.isfinite(m.value)
        ],
        {key: cut(value, MAX_TAG) for key, value in tags.items()},
    )


def in_calls(
    params: Mapping[str, str], metrics: Sequence[MetricPoint], tags: Mapping[str, str]
) -> Iterator[Batch]:
    """Cut params, metrics and tags into as few calls as MLflow's limits allow."""
    chunks = zip_longest(
        _chunks(params.items(), PER_CALL),
        _chunks(metrics, METRICS_PER_CALL),
        _chunks(tags.items(), PER_CALL),
        fillvalue=(),
    )
    for some_params, some_metrics, some_tags in chunks:
        yield Batch(dict(some_params), some_metrics, dict(some_tags))


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
