"""When each fold trains and validates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cutscore.records import FoldTimes
from cutscore.report.figures import style
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import AxisScale
from cutscore.report.figures.sheet import POINT, Sheet

_APART = 0.13


def fold_times(run: str, folds: Mapping[str, FoldTimes]) -> Sheet:
    """Draw the times that each fold trains on and validates, one below the other.

    Between the two lies the gap; before a sliding window lies nothing.
    """
    times = list(folds.values())
    width = 1.0 if times[0].unit else 0.0  # a period lasts until the next one begins
    low = min(each.train.first for each in times)
    high = max(each.validation.last for each in times) + width
    height = max(1.8, 1.25 + 0.27 * len(times))
    named = {each.validation.first: each.validation.first_name for each in times}
    named |= {each.train.first: each.train.first_name for each in times[:1]}
    places: list[float] = []
    for each in sorted(named):  # no two names over each other
        if not places or each - places[-1] > _APART * (high - low):
            places.append(each)
    panel = Panel(
        Sheet(7.2, height),
        (0.12, 0.60 / height, 0.82, 1 - 1.15 / height),
        AxisScale(low, high, ticks=tuple((each, named[each][:10]) for each in places)),
        AxisScale(len(times) - 0.4, -0.6),
    )
    rows = np.arange(len(times), dtype=np.float64)
    for side, colour in (("train", style.BLUE), ("validation", style.ORANGE)):
        spans = [getattr(each, side) for each in times]
        first = np.array([span.first for span in spans])
        last = np.array([span.last + width for span in spans])
        panel.bars(first, last, (rows - 0.34, rows + 0.34), colour)
    left = panel.edges[0] - 5 * POINT
    for row, label in enumerate(folds):
        name = f"fold {int(label) + 1}" if label.isdigit() else label  # from 1, as on pages
        middle = panel.place([low], [row])[0, 1]
        panel.sheet.text(left, middle, name, 9, across="right", along="middle")
    panel.name("blue: training; orange: validation", "")
    title(panel.sheet, "Folds in time", run)
    return panel.sheet
