"""Metrics of several folds or repeats in one number, which does not exist where one of them fails.

Reasons say which: "fold 2: all rows are negative".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cutscore.records import MetricValue, Undefined


def mean(values: Sequence[MetricValue], each: str = "fold") -> MetricValue:
    """Return the mean; `each` is what the values are of."""
    return _first_undefined(values, each) or float(np.mean(values))  # type: ignore[arg-type]  # all defined


def spread(values: Sequence[MetricValue]) -> MetricValue:
    """Return the population standard deviation over folds, undefined for a single one."""
    if len(values) < 2:
        return Undefined("there is only one fold")
    return _first_undefined(values, "fold") or float(np.std(values))  # type: ignore[arg-type]  # all defined


def difference(first: MetricValue, second: MetricValue) -> MetricValue:
    """Return first less second."""
    if isinstance(first, Undefined):
        return first
    return second if isinstance(second, Undefined) else float(first) - float(second)


def _first_undefined(values: Sequence[MetricValue], each: str) -> Undefined | None:
    for number, value in enumerate(values):
        if isinstance(value, Undefined):
            several = len(values) > 1
            return Undefined(f"{each} {number}: {value.reason}") if several else value
    return None
