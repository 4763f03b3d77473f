"""Metrics in the tables that the command line prints."""

from __future__ import annotations

from collections.abc import Mapping

from cutscore.metrics.metric_spec import MetricSpec


def with_spread(spec: MetricSpec, metrics: Mapping[str, float]) -> str:
    """Return a metric of a run, with its standard deviation over folds where there is one."""
    if decides_by_own_costs(spec, metrics):
        return "own costs"
    deviation = metrics.get(spec.spread) if spec.spread else None
    text = spec.text(metrics.get(spec.name))
    return text if deviation is None else f"{text} ± {spec.text(deviation)}"


def decides_by_own_costs(spec: MetricSpec, metrics: Mapping[str, float]) -> bool:
    """Return whether a metric is the threshold of a run whose rows have none in common."""
    return spec.name == "threshold" and spec.name not in metrics and "total_cost" in metrics


def duration(seconds: float) -> str:
    """Return seconds for people: 42 s, 3 min 07 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
