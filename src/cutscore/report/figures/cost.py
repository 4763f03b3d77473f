"""Cost against threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Points = npt.NDArray[np.float64]
MarkKind = Literal["chosen", "grid", "bayes", "half"]
_NEAR_ZERO = 0.2
"""Below this optimum the axis is stretched towards 0, where the curve has its shape."""

_SHAPES: dict[MarkKind, tuple[str, str, float]] = {
    "chosen": ("o", style.ORANGE, 10),
    "grid": ("D", style.GREEN, 6),
    "bayes": ("^", style.PINK, 8),
    "half": ("s", style.GREY, 6),
}


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
    crossfit_cost: float | None = None,
) -> Figure:
    """Draw the total cost of every threshold.

    Parameters
    ----------
    thresholds, cost
        Points of the curve, thresholds ascending.
    marks
        Thresholds to mark; the first decides where the axis is stretched.
    no_model
        Cost of flagging nobody and of flagging everybody.
    crossfit_cost
        Cross-fitted cost, shown as a line.
    """
    figure = style.new_figure(7.2, 4.8)
    axes = style.plain_axes(figure, (0.12, 0.12, 0.84, 0.73))
    order = np.argsort(thresholds, kind="stable")
    axes.plot(
        thresholds[order], cost[order], color=style.BLUE, linewidth=1.8, drawstyle="steps-pre"
    )
    _no_model_lines(axes, no_model)
    if crossfit_cost is not None:
        axes.axhline(
            crossfit_cost, color=style.AMBER, linewidth=1.2, linestyle="--",
            label=f"cross-fitted: {style.number(crossfit_cost)}",
        )  # fmt: skip
    for mark in reversed(marks):
        shape, colour, size = _SHAPES[mark.kind]
        axes.plot(
            mark.threshold, mark.cost, shape, color=colour, markersize=size,
            markeredgecolor="white", zorder=4 if mark.kind != "chosen" else 3,
            label=f"{mark.name} at {style.number(mark.threshold)}: {style.number(mark.cost)}",
        )  # fmt: skip
    stretched = _stretch(axes, thresholds, marks)
    _limits(axes, cost, marks, no_model)
    unit = "threshold (score)" + (", stretched towards 0" if stretched else "")
    style.label(axes, unit, "total cost")
    # Stretched, the curve leaves the lower right free: no need to search for room.
    style.legend(axes, "lower right" if stretched else "best")
    style.title(figure, "Cost of every threshold", run)
    return figure


def _no_model_lines(axes: Axes, no_model: tuple[float, float]) -> None:
    """Draw what it costs to have no model."""
    for value, name, dashes in zip(
        no_model, ("flag nobody", "flag everybody"), (":", "-."), strict=True
    ):
        axes.axhline(
            value, color=style.GREY, linewidth=1.1, linestyle=dashes,
            label=f"{name}: {style.number(value)}",
        )  # fmt: skip


def _stretch(axes: Axes, thresholds: Points, marks: Sequence[Mark]) -> bool:
    """Choose the axis: stretched when the optimum is near 0 in a range of probabilities."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    low, high = float(thresholds.min()), float(thresholds.max())
    optimum = marks[0].threshold if marks else float(thresholds[0])
    if low < 0 or high > 1.000001 or not 0 < optimum < _NEAR_ZERO:
        return False
    # A square root keeps 0 on the axis, which a logarithm cannot.
    axes.set_xscale("function", functions=(_root, np.square))
    axes.xaxis.set_major_locator(FixedLocator([0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(_tick))
    axes.set_xlim(0, 1.0)
    return True


def _root(values: Points) -> Points:
    """Return the square root, 0 below 0."""
    return np.sqrt(np.maximum(values, 0))


def _tick(value: float, _position: int) -> str:
    """Return a threshold as a tick label."""
    return f"{value:g}"


def _limits(axes: Axes, cost: Points, marks: Sequence[Mark], no_model: tuple[float, float]) -> None:
    """Leave out what is far above both no-model costs, and separate thousands."""
    from matplotlib.ticker import FuncFormatter

    shown = [float(cost.min()), *(mark.cost for mark in marks), *no_model]
    low, high = min(shown), max(shown)
    air = 0.06 * (high - low) or 1.0
    axes.set_ylim(low - air, high + air)
    axes.yaxis.set_major_formatter(FuncFormatter(style.tick))
