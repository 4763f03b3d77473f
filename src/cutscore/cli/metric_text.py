"""Metrics in the tables that the command line prints."""

from __future__ import annotations

from collections.abc import Mapping

from cutscore.metrics.metric_spec import MetricSpec

OWN_COSTS = "own costs"
"""The threshold of a run that decides each row by the row's own costs."""
NOBODY = "above every score"
"""The threshold of a run that flags nobody: the next number after the highest score, which in
short would look like a score that rows do have."""


def with_spread(spec: MetricSpec, metrics: Mapping[str, float]) -> str:
    """Return a metric of a run, with its standard deviation over folds where there is one."""
    deviation = metrics.get(spec.spread) if spec.spread else None
    text = metric_text(spec, metrics)
    alone = deviation is None or text == NOBODY
    return text if alone else f"{text} ± {spec.text(deviation)}"


def metric_text(spec: MetricSpec, metrics: Mapping[str, float]) -> str:
    """Return a metric of a run; rows decided by their own costs have no threshold in common."""
    if spec.name == "threshold" and spec.name not in metrics and "total_cost" in metrics:
        return OWN_COSTS
    if spec.name == "threshold" and flags_nobody(metrics):
        return NOBODY
    return spec.text(metrics.get(spec.name))


def flags_nobody(metrics: Mapping[str, float]) -> bool:
    """Whether a run's threshold flags none of its rows."""
    return metrics.get("tp") == 0 and metrics.get("fp") == 0


def duration(seconds: float) -> str:
    """Return seconds for people: 42 s, 3 min 07 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
