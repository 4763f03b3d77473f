"""`cutscore runs compare` for people."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table

from cutscore.metrics.catalogue import describe, in_order
from cutscore.runs.comparing import Comparison


def comparison_parts(found: Comparison) -> list[Any]:
    """Return tables of the settings and metrics that differ, and the verdict."""
    settings = Table(title="settings that differ", title_justify="left", box=box.SIMPLE_HEAD)
    metrics = Table(title="metrics", title_justify="left", box=box.SIMPLE_HEAD)
    for table, align in ((settings, "left"), (metrics, "right")):
        table.add_column("setting" if table is settings else "metric")
        for run in (found.first, found.second):
            table.add_column(run[:8], justify=align, overflow="fold")  # type: ignore[arg-type]
    for difference in found.settings:
        settings.add_row(difference.name, difference.first or "-", difference.second or "-")
    metrics.add_column("difference", justify="right")
    equal = 0
    pairs = {pair.name: pair for pair in found.metrics}
    for pair in map(pairs.__getitem__, in_order(pairs)):
        if describe(pair.name).varies:
            continue
        if pair.equal:
            equal += 1
            continue
        both = pair.first is not None and pair.second is not None
        change = f"{pair.second - pair.first:+,.6g}" if both else "-"  # type: ignore[operator]
        metrics.add_row(pair.name, _number(pair.first), _number(pair.second), change)
    return [
        settings if found.settings else "No setting differs.",
        metrics,
        f"{equal} metrics are equal, bit for bit (time and memory are left out).",
        _verdict(found),
    ]


def _verdict(found: Comparison) -> str:
    first, second = (
        f"none ({why})" if why else _number(threshold)
        for threshold, why in zip(found.thresholds, found.without, strict=True)
    )
    if not found.reasons:
        return f"Both thresholds are {first}."
    lines = [f"The thresholds are {first} and {second}. What can explain it:"]
    return "\n".join([*lines, *(f"  - {r.what}: {r.explanation}" for r in found.reasons)])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.6g}"
