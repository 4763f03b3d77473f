"""A part of a sheet with two axes, and what is drawn in it by value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.legend import Dot, LegendEntry, write_legend
from cutscore.report.figures.scales import AxisScale
from cutscore.report.figures.sheet import POINT, Box, Dashes, Pen, Sheet, text_width

Points = npt.NDArray[np.float64]
Grid = tuple[bool, bool]
_TICK, _GAP = 3 * POINT, 3.5 * POINT
_LABEL, _NAME = 9.0, 10.0
_THIN = Pen(style.PALE, 0.8, crisp=True)
_LINES = Pen(style.PALE, 0.6, alpha=0.6, crisp=True)
_TICKS = Pen(style.GREY, 0.8, crisp=True)


@dataclass(eq=False)
class Panel:
    """A part of a sheet at `box` (left, bottom, width, height in shares of it) with two scales.

    Whatever has a label comes into the legend, in the order it was drawn.
    """

    sheet: Sheet
    box: tuple[float, float, float, float]
    x: AxisScale
    y: AxisScale
    grid: Grid = (True, True)
    entries: list[LegendEntry] = field(default_factory=list)
    drawn: list[Points] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Draw grid, axes and ticks: they lie below everything else."""
        left, bottom, right, top = self.edges
        columns = self.place([value for value, _ in self.x.ticks], [self.y.low])[:, 0]
        rows = self.place([self.x.low], [value for value, _ in self.y.ticks])[:, 1]
        small = self.place([self.x.low], self.y.small)[:, 1]
        if self.grid[0]:
            self.sheet.strokes(_upright(columns, bottom, top), _LINES)
        if self.grid[1]:
            self.sheet.strokes(_level(rows, left, right), _LINES)
        self.sheet.line(np.array([[left, top], [left, bottom], [right, bottom]]), _THIN)
        self.sheet.strokes(_upright(columns, bottom - _TICK, bottom), _TICKS)
        self.sheet.strokes(_level(rows, left - _TICK, left), _TICKS)
        self.sheet.strokes(_level(small, left - 0.7 * _TICK, left), _TICKS)
        below, beside = bottom - _TICK - _GAP, left - _TICK - _GAP
        for x, (_, text) in zip(columns, self.x.ticks, strict=True):
            self.sheet.text(x, below, text, _LABEL, across="center", along="top")
        for y, (_, text) in zip(rows, self.y.ticks, strict=True):
            self.sheet.text(beside, y, text, _LABEL, across="right", along="middle")

    @property
    def edges(self) -> Box:
        """Left, bottom, right and top in dots."""
        left, bottom, width, height = self.box
        across, up = self.sheet.width, self.sheet.height
        return left * across, bottom * up, (left + width) * across, (bottom + height) * up

    def place(self, x: Points | Sequence[float], y: Points | Sequence[float]) -> Points:
        """Return where values lie on the sheet, shape (points, 2), in dots."""
        left, bottom, right, top = self.edges
        across = left + self.x.share(np.asarray(x)) * (right - left)
        up = bottom + self.y.share(np.asarray(y)) * (top - bottom)
        return np.column_stack(np.broadcast_arrays(across, up))

    def name(self, x: str, y: str) -> None:
        """Name both axes."""
        left, bottom, right, top = self.edges
        below = bottom - _TICK - _GAP - (_LABEL + 4) * POINT
        middle = (left + right) / 2, (bottom + top) / 2
        if x:
            self.sheet.text(middle[0], below, x, _NAME, across="center", along="top")
        widest = max((text_width(text, _LABEL) for _, text in self.y.ticks), default=0.0)
        beside = left - _TICK - _GAP - widest - (_NAME * 0.24 + 4) * POINT
        self.sheet.text(beside, middle[1], y, _NAME, across="center", upright=True)

    def curve(
        self,
        x: Points | Sequence[float],
        y: Points | Sequence[float],
        colour: str,
        width: float,
        *,
        dashes: Dashes = "-",
        alpha: float = 1.0,
        dot: Dot | None = None,
        label: str = "",
    ) -> None:
        """Draw a line through points, with a dot on each if one is given."""
        points, pen = self.place(x, y), Pen(colour, width, dashes, alpha)
        self.sheet.line(points, pen, self.edges)
        if dot is not None:
            self.sheet.marks(points, dot.shape, dot.size, colour, dot.edge)
        self._note(points, LegendEntry(label, colour, pen, dot))

    def point(self, x: float, y: float, colour: str, dot: Dot, label: str = "") -> None:
        """Draw a single point."""
        points = self.place([x], [y])
        self.sheet.marks(points, dot.shape, dot.size, colour, dot.edge)
        self._note(points, LegendEntry(label, colour, None, dot))

    def level(
        self, value: float, colour: str, width: float, dashes: Dashes = "-", label: str = ""
    ) -> None:
        """Draw a line at a value of y from side to side."""
        self.curve(
            [self.x.low, self.x.high], [value] * 2, colour, width, dashes=dashes, label=label
        )

    def upright(
        self, value: float, colour: str, width: float, dashes: Dashes = "-", label: str = ""
    ) -> None:
        """Draw a line at a value of x from the bottom to the top."""
        self.curve(
            [value] * 2, [self.y.low, self.y.high], colour, width, dashes=dashes, label=label
        )

    def spans(self, ends: Points, colour: str, width: float, cap: float = 0.0) -> None:
        """Draw straight pieces, shape (pieces, 2, 2) in values, with end strokes of size `cap`."""
        places = self.place(ends[..., 0].ravel(), ends[..., 1].ravel())
        self.sheet.strokes(places.reshape(-1, 2, 2), Pen(colour, width), self.edges)
        if cap:
            upright = bool((ends[:, 0, 0] == ends[:, 1, 0]).all())
            self.sheet.marks(places, "_" if upright else "|", 2 * cap, colour, colour)

    def bars(self, low: Points, high: Points, ends: tuple[Points, Points], colour: str) -> None:
        """Fill bars from `low` to `high` along x, between y values `ends`."""
        for left, right, start, end in zip(low, high, *ends, strict=True):
            corners = self.place([left, right, right, left], [start, start, end, end])
            self.sheet.area(corners, colour, within=self.edges)

    def band(
        self,
        ends: tuple[float, float],
        colour: str,
        alpha: float,
        label: str = "",
        *,
        level: bool = False,
    ) -> None:
        """Shade what lies between two values of x, or of y for a `level` band."""
        along, over = (self.y, self.x) if level else (self.x, self.y)
        start, end = np.clip(ends, min(along.low, along.high), max(along.low, along.high))
        sides, bounds = [start, end, end, start], [over.low, over.low, over.high, over.high]
        corners = self.place(bounds, sides) if level else self.place(sides, bounds)
        self.sheet.area(corners, colour, alpha=alpha, within=self.edges)
        self._note(np.empty((0, 2)), LegendEntry(label, colour, alpha=alpha))

    def outline(
        self,
        edges: Points,
        values: Points,
        colour: str,
        *,
        width: float = 0,
        base: float = 0,
        alpha: float = 1.0,
        label: str = "",
    ) -> None:
        """Draw a histogram's outline from a base up, filled if it has no width."""
        x = np.repeat(edges, 2)
        y = np.concatenate([[base], np.repeat(values, 2), [base]])
        points = self.place(x, np.maximum(y, base / 2))  # what is lower is out of sight
        if width:
            self.sheet.line(points, Pen(colour, width, crisp=True), self.edges)
        else:
            self.sheet.area(points, colour, alpha=alpha, within=self.edges)
        self._note(points, LegendEntry(label, colour, alpha=alpha))

    def legend(self, where: str = "best") -> None:
        """Write the legend; "best" is the corner that hides least of what was drawn."""
        write_legend(self.sheet, self.edges, self.entries, where, self.drawn)

    def _note(self, points: Points, entry: LegendEntry) -> None:
        self.drawn.append(points)
        if entry.label:
            self.entries.append(entry)


def _upright(columns: Points, low: float, high: float) -> Points:
    """Return upright strokes at columns, shape (columns, 2, 2)."""
    ends = [np.column_stack([columns, np.full(len(columns), end)]) for end in (low, high)]
    return np.stack(ends, axis=1)


def _level(rows: Points, left: float, right: float) -> Points:
    """Return level strokes at rows, shape (rows, 2, 2)."""
    ends = [np.column_stack([np.full(len(rows), end), rows]) for end in (left, right)]
    return np.stack(ends, axis=1)


def title(sheet: Sheet, what: str, run: str) -> None:
    """Say what is shown, and below in grey of which run."""
    left, top = 0.02 * sheet.width, float(sheet.height)
    sheet.text(left, top - 0.12 * style.DPI, what, 12.5, bold=True, along="top")
    below = top - 0.38 * style.DPI
    sheet.text(left, below, style.shorten(run, 90), 9, style.GREY, along="top")
