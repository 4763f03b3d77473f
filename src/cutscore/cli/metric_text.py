"""Metrics in the tables that the command line prints."""

from __future__ import annotations

from collections.abc import Mapping

from cutscore.metrics.metric_spec import MetricSpec

OWN_COSTS = "own costs"
"""The threshold of a run that decides each row by the row's own costs."""


def with_spread(spec: MetricSpec, metrics: Mapping[str, float]) -> str:
    """Return a metric of a run, with its standard deviation over folds where there is one."""
    deviation = metrics.get(spec.spread) if spec.spread else None
    text = metric_text(spec, metrics)
    return text if deviation is None else f"{text} ± {spec.text(deviation)}"


def metric_text(spec: MetricSpec, metrics: Mapping[str, float]) -> str:
    """Return a metric of a run; rows decided by their own costs have no threshold in common."""
    if spec.name == "threshold" and spec.name not in metrics and "total_cost" in metrics:
        return OWN_COSTS
    return spec.text(metrics.get(spec.name))


def duration(seconds: float) -> str:
    """Return seconds for people: 42 s, 3 min 07 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
