"""The picture of a run's periods: how scores rank in each, and what a frozen threshold costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.legend import Dot
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import around, named
from cutscore.report.figures.sheet import Dashes, Sheet

_WIDE = 1.959963984540054
_COSTS: tuple[tuple[str, str, str, Dashes], ...] = (
    ("cost_per_row", "the run's threshold", style.GREY, ":"),
    ("frozen_cost_per_row", "frozen threshold", style.ORANGE, "-"),
    ("refitted_cost_per_row", "threshold chosen anew", style.BLUE, "--"),
)


def periods_picture(document: Mapping[str, Any], name: str) -> Sheet:
    """Draw what `periods.json` holds."""
    periods = document["periods"]
    sheet, labels = Sheet(7.2, 5.4), [each["period"] for each in periods]
    _ginis(sheet, periods, labels, document["figures"].get("gini_mean"))
    values = np.array(
        [each[key] for key, *_ in _COSTS for each in periods if each[key] is not None]
    )
    panel = Panel(sheet, (0.12, 0.10, 0.85, 0.34), named(labels), around(values))
    for key, label, colour, dashes in _COSTS:
        points = [(at, each[key]) for at, each in enumerate(periods) if each[key] is not None]
        if points:
            x, y = zip(*points, strict=True)
            panel.curve(x, y, colour, 1.6, dashes=dashes, dot=Dot("o", 4), label=label)
    panel.name("", "cost per row")
    panel.legend()
    title(sheet, "By period, out of fold: ranking and cost", name)
    return sheet


def _ginis(
    sheet: Sheet, periods: Sequence[Mapping[str, Any]], labels: Sequence[str], mean: float | None
) -> None:
    """Draw the Gini of each period that has one, with its interval."""
    at = np.array([i for i, each in enumerate(periods) if each["gini"] is not None], dtype=float)
    known = [each for each in periods if each["gini"] is not None]
    gini = np.array([each["gini"] for each in known])
    wide = _WIDE * np.array([each["gini_error"] for each in known])
    ends = np.concatenate([gini - wide, gini + wide, [] if known else [0.0, 1.0]])
    ends = np.append(ends, ends.max() + 0.35 * np.ptp(ends))  # room for the legend
    panel = Panel(sheet, (0.12, 0.54, 0.85, 0.33), named(labels), around(ends))
    if mean is not None:
        panel.level(mean, style.GREY, 1, ":", "mean")
    low, high = (np.column_stack([at, gini + side * wide]) for side in (-1, 1))
    panel.spans(np.stack([low, high], axis=1), style.BLUE, 1.2, cap=3)
    panel.curve(at, gini, style.BLUE, 1.0, dot=Dot("o", 5), label="Gini, 95 % interval")
    panel.name("", "Gini")
    panel.legend()
