"""What the lines and marks of a picture mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.report.figures.sheet import POINT, Box, Pen, Sheet, text_width

Points = npt.NDArray[np.float64]
_SIZE = 8.5
_EM = _SIZE * POINT
_HANDLE, _SPACE, _PAD, _ROW, _AIR = 2.0 * _EM, 0.8 * _EM, 0.4 * _EM, 1.53 * _EM, 0.5 * _EM
_SAMPLES = 300

# Shares of the free room to the left and below, in the order in which they are tried.
_PLACES = {
    "upper right": (1.0, 1.0),
    "upper left": (0.0, 1.0),
    "lower left": (0.0, 0.0),
    "lower right": (1.0, 0.0),
    "center right": (1.0, 0.5),
    "center left": (0.0, 0.5),
    "lower center": (0.5, 0.0),
    "upper center": (0.5, 1.0),
    "center": (0.5, 0.5),
}


@dataclass(frozen=True)
class Dot:
    """How single points are drawn: a shape of Matplotlib's, its size in points, its edge."""

    shape: str
    size: float
    edge: str = "white"


@dataclass(frozen=True)
class LegendEntry:
    """A label and how what it means is drawn: by a line, a dot or both; an area by neither."""

    label: str
    colour: str
    pen: Pen | None = None
    dot: Dot | None = None
    alpha: float = 1.0


def write_legend(
    sheet: Sheet, edges: Box, entries: Sequence[LegendEntry], where: str, drawn: Sequence[Points]
) -> None:
    """Write a legend inside `edges`: at a corner, or where it hides least of what was drawn."""
    if not entries:
        return
    widest = max(text_width(entry.label, _SIZE) for entry in entries)
    width = 2 * _PAD + _HANDLE + _SPACE + widest
    height = 2 * _PAD + _ROW * len(entries) - 0.35 * _EM
    left, bottom = _corner(edges, (width, height), where, drawn)
    right, top = left + width, bottom + height
    box = np.array([[left, bottom], [right, bottom], [right, top], [left, top]])
    sheet.area(box, "white", alpha=0.85)
    for i, entry in enumerate(entries):
        middle = top - _PAD - _ROW * i - 0.58 * _EM
        start = left + _PAD
        ends = np.array([[start, middle], [start + _HANDLE, middle]])
        if entry.pen is None and entry.dot is None:
            half = np.array([0, 0.3 * _EM])
            corners = np.concatenate([ends - half, ends[::-1] + half])
            sheet.area(corners, entry.colour, alpha=entry.alpha)
        if entry.pen is not None:
            sheet.line(ends, entry.pen)
        if entry.dot is not None:
            centre, dot = ends.mean(axis=0, keepdims=True), entry.dot
            sheet.marks(centre, dot.shape, dot.size, entry.colour, dot.edge)
        sheet.text(start + _HANDLE + _SPACE, middle - 0.31 * _EM, entry.label, _SIZE)


def _corner(
    edges: Box, size: tuple[float, float], where: str, drawn: Sequence[Points]
) -> tuple[float, float]:
    """Return the lower left corner of a legend of this size."""
    free = edges[2] - edges[0] - size[0] - 2 * _AIR, edges[3] - edges[1] - size[1] - 2 * _AIR
    corners = {
        name: (edges[0] + _AIR + free[0] * across, edges[1] + _AIR + free[1] * up)
        for name, (across, up) in _PLACES.items()
    }
    if where in corners:
        return corners[where]
    dots = np.concatenate([_even(points) for points in drawn])
    hidden = {}
    for name, corner in corners.items():
        inside = np.all((dots >= corner) & (dots <= np.add(corner, size)), axis=1)
        hidden[name] = int(np.count_nonzero(inside))
    return corners[min(corners, key=hidden.__getitem__)]


def _even(points: Points) -> Points:
    """Return places along a line at equal distances; a single point as it is."""
    finite = points[np.isfinite(points).all(axis=1)]
    if len(finite) < 2:
        return finite
    walked = np.append(0.0, np.cumsum(np.hypot(*np.diff(finite, axis=0).T)))
    at = np.linspace(0, walked[-1], _SAMPLES)
    return np.column_stack([np.interp(at, walked, finite[:, i]) for i in (0, 1)])
