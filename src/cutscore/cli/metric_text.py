"""Metrics in the tables that the command line prints."""

from __future__ import annotations

from collections.abc import Mapping

from cutscore.metrics.metric_spec import MetricSpec


def with_spread(spec: MetricSpec, metrics: Mapping[str, float]) -> str:
    """Return a metric of a run, with its standard deviation over folds where there is one."""
    deviation = metrics.get(spec.spread) if spec.spread else None
    text = spec.text(metrics.get(spec.name))
    return text if deviation is None else f"{text} ± {spec.text(deviation)}"
