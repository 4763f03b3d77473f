"""What a chart of a search shows, said without any library: pictures and page draw the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.scales import AxisScale

Points = npt.NDArray[np.float64]
Shape = Literal["circle", "diamond", "up", "down", "bar", "cross"]
Ramp = tuple[str, str, str]
"""Colours of 0, a half and 1."""

LATE: Ramp = ("#BFDDEE", style.BLUE, "#00304D")
GOOD: Ramp = ("#DCE3E8", style.SKY, "#00507D")


@dataclass(frozen=True)
class Axis:
    """A scale and what it measures; `choices` says that its ticks are names and not numbers."""

    name: str
    scale: AxisScale
    choices: bool = False


@dataclass(frozen=True)
class MarkerStyle:
    """How points are drawn; `size` in points, no edge if it has no colour."""

    shape: Shape
    colour: str
    size: float
    opacity: float = 1.0
    edge: str = ""


BEST = MarkerStyle("diamond", style.ORANGE, 8, edge="white")


@dataclass(frozen=True, eq=False)
class Marks:
    """Points of the trials at the places `trial` in `Searched`, all of shape (points,).

    `shade` makes them darker from 0 to 1, by `LATE`; `texts` are written beside them.
    """

    name: str
    trial: npt.NDArray[np.int64]
    x: Points
    y: Points
    look: MarkerStyle
    shade: Points | None = None
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Steps:
    """A line that keeps each value until the next or goes `straight` to it, shape (points,)."""

    name: str
    x: Points
    y: Points
    colour: str
    straight: bool = False


@dataclass(frozen=True, eq=False)
class Bars:
    """Level bars from 0, at 0, 1, 2 ..., shape (bars,), each with its text behind it."""

    lengths: Points
    texts: tuple[str, ...]
    colour: str


@dataclass(frozen=True, eq=False)
class PlotPanel:
    """Two axes and what is drawn between them, the last on top."""

    x: Axis
    y: Axis
    series: tuple[Marks | Steps | Bars, ...]


@dataclass(frozen=True, eq=False)
class PanelGrid:
    """Panels by rows, each `size` inches large and `gap` apart (across, down).

    What is `shared` along a row (y) or a column (x) is written once. The legend is that of the
    first panel.
    """

    title: str
    note: str
    panels: tuple[PlotPanel, ...]
    size: tuple[float, float]
    gap: tuple[float, float] = (0.0, 0.0)
    columns: int = 1
    shared: Literal["x", "y", ""] = ""
    legend: bool = False

    @property
    def whole(self) -> tuple[float, float]:
        """Width and height of all panels together, in inches."""
        rows = -(-len(self.panels) // self.columns)
        (width, height), (across, down) = self.size, self.gap
        return self.columns * (width + across) - across, rows * (height + down) - down

    def box(self, panel: int) -> tuple[float, float, float, float]:
        """Return left, bottom, width and height of a panel, as shares of all panels."""
        row, column = divmod(panel, self.columns)
        (width, height), (across, down), whole = self.size, self.gap, self.whole
        bottom = 1 - (row * (height + down) + height) / whole[1]
        left = column * (width + across) / whole[0]
        return left, max(bottom, 0.0), width / whole[0], height / whole[1]

    def written(self, panel: int) -> tuple[bool, bool]:
        """Return whether a panel's x and y axes are written."""
        below = panel + self.columns < len(self.panels)
        return not (self.shared == "x" and below), not (self.shared == "y" and panel % self.columns)


@dataclass(frozen=True, eq=False)
class Parallel:
    """Upright axes side by side, `aims` of them last, and a line through them for each trial.

    `values` has shape (axes, trials); `trial` are the trials' places in `Searched`. `shade`
    (trials,) makes lines darker from 0 to 1, by `GOOD`.
    `best` is the place of the best trial, if it is drawn.
    """

    title: str
    note: str
    axes: tuple[Axis, ...]
    aims: int
    trial: npt.NDArray[np.int64]
    values: Points
    shade: Points
    best: int | None


Chart = PanelGrid | Parallel


def marks(
    name: str,
    which: npt.NDArray[np.bool_],
    x: npt.NDArray[np.int64] | Points,
    y: Points,
    look: MarkerStyle,
) -> Marks:
    """Return the trials that `which` says as points; all have shape (trials,)."""
    return Marks(name, np.flatnonzero(which), x[which].astype(np.float64), y[which], look)


def left_out(shown: int, of: int, what: str) -> str:
    """Return how much of something a title has to own up to leaving out."""
    return f", {of - shown} {what} not shown" if of > shown else ""
