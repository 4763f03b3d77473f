"""The look that all pictures share.

The colours are Okabe and Ito's, which colour-blind eyes tell apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"
AMBER = "#E69F00"
PINK = "#CC79A7"
SKY = "#56B4E9"
INK = "#24292F"
GREY = "#6E7781"
PALE = "#D0D7DE"
MARKS = (GREEN, PINK, AMBER, SKY)
"""Thresholds beside the chosen one, in turn."""

DPI = 110


def new_figure(width: float = 6.4, height: float = 4.8) -> Figure:
    """Return an empty figure; sizes in inches at 110 dots each."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def plain_axes(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Return axes at (left, bottom, width, height) in fractions, without a frame's upper half.

    Fixed boxes instead of a layout engine: measuring all texts doubles the cost of a picture.
    """
    axes = figure.add_axes(box)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(PALE)
    axes.tick_params(colors=GREY, labelcolor=INK, labelsize=9, length=3)
    axes.grid(visible=True, color=PALE, linewidth=0.6, alpha=0.6)
    axes.set_axisbelow(True)
    # Ticks are most of what a picture costs.
    axes.locator_params(nbins=6)
    return axes


def label(axes: Axes, x: str, y: str) -> None:
    """Name both axes."""
    axes.set_xlabel(x, color=INK, fontsize=10)
    axes.set_ylabel(y, color=INK, fontsize=10)


def title(figure: Figure, what: str, run: str) -> None:
    """Say what is shown, and below in grey of which run."""
    height = figure.get_figheight()
    figure.text(0.02, 1 - 0.12 / height, what, fontsize=12.5, weight="bold", color=INK, va="top")
    figure.text(0.02, 1 - 0.38 / height, shorten(run, 90), fontsize=9, color=GREY, va="top")


def number(value: float) -> str:
    """Return a number as people read it: thousands separated, about four digits that matter."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100 and float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.4g}"


def interval(ends: tuple[float, float]) -> str:
    """Return an interval in words."""
    return f"{number(ends[0])} to {number(ends[1])}"


def shorten(text: str, limit: int) -> str:
    """Cut the middle out of a long text."""
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def tick(value: float, _position: int = 0) -> str:
    """Return a cost or a count as a tick label that fits beside an axis."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:,g} M"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,g}"
