"""How the best threshold and its cost depend on the ratio of the costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import around, ratios
from cutscore.report.figures.sheet import Sheet

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RatioCurve:
    """The optimum by FN:FP cost ratio, shape (ratios,)."""

    ratio: Points
    threshold: Points
    cost: Points


def threshold_by_ratio(
    run: str, curve: RatioCurve, asked: float | None, marks: Mapping[str, float]
) -> Sheet:
    """Draw the best threshold, and below it the least cost, by FN:FP cost ratio.

    `marks` are thresholds: where one crosses the curve is the ratio that it fits.
    """
    sheet = Sheet(7.2, 5.6)
    across = ratios(float(curve.ratio[0]), float(curve.ratio[-1]))
    heights = around(np.append(curve.threshold, list(marks.values())))
    upper = Panel(sheet, (0.12, 0.50, 0.84, 0.37), across, heights)
    lower = Panel(sheet, (0.12, 0.10, 0.84, 0.32), across, around(curve.cost, style.tick))
    upper.curve(*_steps(curve.ratio, curve.threshold), style.BLUE, 1.8)
    for i, (name, threshold) in enumerate(marks.items()):
        upper.level(threshold, style.MARKS[i % len(style.MARKS)], 1.2, "--", name)
    lower.curve(curve.ratio, curve.cost, style.BLUE, 1.8)
    if asked is not None and across.low <= asked <= across.high:
        for panel in (upper, lower):
            text = f"asked for, {style.number(asked)}:1"
            panel.upright(asked, style.ORANGE, 1.3, label=text)
    upper.name("", "best threshold")
    lower.name("cost of a false negative : cost of a false positive", "least cost, in FP")
    upper.legend("upper right")
    title(sheet, "What the costs do to the threshold", run)
    return sheet


def _steps(x: Points, y: Points) -> tuple[Points, Points]:
    """Return a line with its steps midway between the points."""
    middle = (x[1:] + x[:-1]) / 2
    return np.concatenate([x[:1], np.repeat(middle, 2), x[-1:]]), np.repeat(y, 2)
