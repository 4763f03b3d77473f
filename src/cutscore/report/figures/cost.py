"""Cost against threshold."""

from __future__ import annotations

from collections.abc import Sequence
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
MarkKind = Literal["chosen", "grid", "bayes", "asked"]
_NEAR_ZERO = 0.2
"""Below this optimum the axis is stretched towards 0, where the curve has its shape."""

_TICKS = (0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
_SHAPES: dict[MarkKind, tuple[Dot, str]] = {
    "chosen": (Dot("o", 10), style.ORANGE),
    "grid": (Dot("D", 6), style.GREEN),
    "bayes": (Dot("^", 8), style.PINK),
    "asked": (Dot("D", 6), style.GREEN),
}
_NO_MODEL: tuple[tuple[str, Dashes], ...] = (("flag nobody", ":"), ("flag everybody", "-."))


@dataclass(frozen=True)
class Mark:
    """A threshold worth showing, or a rule without one, and what it costs."""

    kind: MarkKind
    name: str
    threshold: float | None
    cost: float
    colour: str = ""
    """Another than that of its kind."""

    @property
    def words(self) -> str:
        """The mark in the legend."""
        where = "" if self.threshold is None else f" at {style.number(self.threshold)}"
        return f"{self.name}{where}: {style.number(self.cost)}".strip()


@dataclass(frozen=True)
class Band:
    """What to shade: bootstrap intervals of threshold and cost at a level, and the plateau."""

    threshold: tuple[float | None, float | None]
    cost: tuple[float, float]
    plateau: tuple[float, float]
    level: float


def cost_curve(
    run: str,
    thresholds: Points,
    cost: Points,
    marks: Sequence[Mark],
    no_model: tuple[float, float],
    crossfit_cost: float | None = None,
    band: Band | None = None,
) -> Sheet:
    """Draw the total cost of every threshold.

    Parameters
    ----------
    thresholds, cost
        Points of the curve, in any order.
    marks
        Thresholds to mark, the chosen one first; the first decides where the axis is stretched.
        A rule without a threshold is a line.
    no_model
        Cost of flagging nobody and of flagging everybody.
    crossfit_cost
        Cross-fitted cost, shown as a line.
    band
        How sure threshold and cost are; with it the axis is not stretched.
    """
    # Intervals are told apart on an even axis, and their legend needs the room.
    across = _across(thresholds, marks) if band is None else around(thresholds)
    stretched = across.kind == "root"
    panel = Panel(Sheet(7.2), (0.12, 0.12, 0.84, 0.73), across, _up(cost, marks, no_model))
    if band is not None:
        _shade(panel, band, marks[0])
    order = np.argsort(thresholds, kind="stable")
    panel.curve(*_steps(thresholds[order], cost[order]), style.BLUE, 1.8)
    for value, (name, dashes) in zip(no_model, _NO_MODEL, strict=True):
        panel.level(value, style.GREY, 1.1, dashes, f"{name}: {style.number(value)}")
    if crossfit_cost is not None:
        text = f"cross-fitted: {style.number(crossfit_cost)}"
        panel.level(crossfit_cost, style.AMBER, 1.2, "--", text)
    _draw_marks(panel, marks)
    unit = "threshold (score)" + (", stretched towards 0" if stretched else "")
    panel.name(unit, "total cost")
    # Stretched, the curve leaves the lower right free: no need to search for room.
    panel.legend("lower right" if stretched else "best")
    title(panel.sheet, "Cost of every threshold", run)
    return panel.sheet


def _shade(panel: Panel, band: Band, chosen: Mark) -> None:
    """Shade the plateau and the resampled optima, and show how the chosen cost may vary."""
    panel.band(band.plateau, style.SKY, 0.22, f"plateau {style.interval(band.plateau)}")
    low, high = band.threshold
    if low is not None and high is not None:
        text = f"{band.level:.0%} of resampled optima {style.interval((low, high))}"
        panel.band((low, high), style.ORANGE, 0.25, text)
    if chosen.threshold is None:
        panel.band(band.cost, style.ORANGE, 0.15, level=True)
    else:
        ends = np.array([[[chosen.threshold, end] for end in band.cost]])
        panel.spans(ends, style.ORANGE, 1.4, cap=3)


def _draw_marks(panel: Panel, marks: Sequence[Mark]) -> None:
    """Draw the marks: the largest first, so that it hides none of the others."""
    largest = [mark for mark in marks if mark.kind == "chosen"]
    for mark in (*largest, *(mark for mark in reversed(marks) if mark.kind != "chosen")):
        dot, colour = _SHAPES[mark.kind]
        colour = mark.colour or colour
        if mark.threshold is None:
            panel.level(mark.cost, colour, 1.4, label=mark.words)
        else:
            panel.point(mark.threshold, mark.cost, colour, dot, mark.words)


def _steps(x: Points, y: Points) -> tuple[Points, Points]:
    """Return a line that rises or falls at each x and is level before the next."""
    return np.repeat(x, 2)[:-1], np.append(y[:1], np.repeat(y[1:], 2))


def _across(thresholds: Points, marks: Sequence[Mark]) -> AxisScale:
    """Return the axis: stretched when the optimum is near 0 in a range of probabilities."""
    low, high = float(thresholds.min()), float(thresholds.max())
    marked = (mark.threshold for mark in marks if mark.threshold is not None)
    optimum = next(marked, float(thresholds[0]))
    if low < 0 or high > 1.000001 or not 0 < optimum < _NEAR_ZERO:
        return around(thresholds)
    return root(0.0, 1.0, _TICKS)


def _up(cost: Points, marks: Sequence[Mark], no_model: tuple[float, float]) -> AxisScale:
    """Return an axis that leaves out what is far above both no-model costs."""
    shown = [float(cost.min()), *(mark.cost for mark in marks), *no_model]
    low, high = min(shown), max(shown)
    air = 0.06 * (high - low) or 1.0
    return linear(low - air, high + air, style.tick)
