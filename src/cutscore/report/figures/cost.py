"""Cost against threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.legend import Dot
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import AxisScale, around, linear, root
from cutscore.report.figures.sheet import Dashes, Sheet

Points = npt.NDArray[np.float64]
MarkKind = Literal["chosen", "grid", "bayes", "half"]
_NEAR_ZERO = 0.2
"""Below this optimum the axis is stretched towards 0, where the curve has its shape."""

_TICKS = (0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
_SHAPES: dict[MarkKind, tuple[Dot, str]] = {
    "chosen": (Dot("o", 10), style.ORANGE),
    "grid": (Dot("D", 6), style.GREEN),
    "bayes": (Dot("^", 8), style.PINK),
    "half": (Dot("s", 6), style.GREY),
}
_NO_MODEL: tuple[tuple[str, Dashes], ...] = (("flag nobody", ":"), ("flag everybody", "-."))


@dataclass(frozen=True)
class Mark:
    """A threshold worth showing, and what it costs."""

    kind: MarkKind
    name: str
    threshold: float
    cost: float


def cost_curve(
    run: str,
    thresholds: Points,
    cost: Points,
    marks: Sequence[Mark],
    no_model: tuple[float, float],
    levels: Mapping[str, float] | None = None,
) -> Sheet:
    """Draw the total cost of every threshold.

    Parameters
    ----------
    thresholds, cost
        Points of the curve, thresholds ascending.
    marks
        Thresholds to mark; the first decides where the axis is stretched.
    no_model
        Cost of flagging nobody and of flagging everybody.
    levels
        Costs of rules that have no one threshold, by name, shown as lines.
    """
    across = _across(thresholds, marks)
    stretched = across.kind == "root"
    panel = Panel(Sheet(7.2), (0.12, 0.12, 0.84, 0.73), across, _up(cost, marks, no_model))
    order = np.argsort(thresholds, kind="stable")
    panel.curve(*_steps(thresholds[order], cost[order]), style.BLUE, 1.8)
    for value, (name, dashes) in zip(no_model, _NO_MODEL, strict=True):
        panel.level(value, style.GREY, 1.1, dashes, f"{name}: {style.number(value)}")
    for (text, value), colour in zip(
        (levels or {}).items(), (style.AMBER, style.ORANGE), strict=False
    ):
        panel.level(value, colour, 1.2, "--", f"{text}: {style.number(value)}")
    # Drawn first, the largest hides none of the others.
    largest = [mark for mark in marks if mark.kind == "chosen"]
    for mark in (*largest, *(mark for mark in reversed(marks) if mark.kind != "chosen")):
        dot, colour = _SHAPES[mark.kind]
        text = f"{mark.name} at {style.number(mark.threshold)}: {style.number(mark.cost)}"
        panel.point(mark.threshold, mark.cost, colour, dot, text)
    unit = "threshold (score)" + (", stretched towards 0" if stretched else "")
    panel.name(unit, "total cost")
    # Stretched, the curve leaves the lower right free: no need to search for room.
    panel.legend("lower right" if stretched else "best")
    title(panel.sheet, "Cost of every threshold", run)
    return panel.sheet


def _steps(x: Points, y: Points) -> tuple[Points, Points]:
    """Return a line that rises or falls at each x and is level before the next."""
    return np.repeat(x, 2)[:-1], np.append(y[:1], np.repeat(y[1:], 2))


def _across(thresholds: Points, marks: Sequence[Mark]) -> AxisScale:
    """Return the axis: stretched when the optimum is near 0 in a range of probabilities."""
    low, high = float(thresholds.min()), float(thresholds.max())
    optimum = marks[0].threshold if marks else float(thresholds[0])
    if low < 0 or high > 1.000001 or not 0 < optimum < _NEAR_ZERO:
        return around(thresholds)
    return root(0.0, 1.0, _TICKS)


def _up(cost: Points, marks: Sequence[Mark], no_model: tuple[float, float]) -> AxisScale:
    """Return an axis that leaves out what is far above both no-model costs."""
    shown = [float(cost.min()), *(mark.cost for mark in marks), *no_model]
    low, high = min(shown), max(shown)
    air = 0.06 * (high - low) or 1.0
    return linear(low - air, high + air, style.tick)
