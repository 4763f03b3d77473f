"""A white sheet to draw on: paths by Agg, texts by FreeType, kept as PNG.

A run draws seven pictures. Matplotlib's figures would take more time than all the rest of its
record together: every tick is five objects, and every text is laid out three times. Here a text
is set once and remembered.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from cutscore.report.figures.png import Pixels, png_of
from cutscore.report.figures.style import DPI, INK

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

Points = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in dots from the lower left."""

Across = Literal["left", "center", "right"]
Along = Literal["top", "middle", "baseline"]
Dashes = Literal["-", "--", ":", "-."]

POINT = DPI / 72
"""Dots per typographic point."""

_RISE, _DIGIT = 0.76, 0.73
"""Heights of an l and of a digit above the baseline, in sizes of DejaVu Sans."""

_PATTERNS: dict[Dashes, tuple[float, ...]] = {
    "-": (),
    "--": (3.7, 1.6),
    ":": (1.0, 1.65),
    "-.": (6.4, 1.6, 1.0, 1.6),
}


@dataclass(frozen=True)
class Pen:
    """How a line is drawn; `width` is in points, `crisp` fits it to whole dots."""

    colour: str
    width: float
    dashes: Dashes = "-"
    alpha: float = 1.0
    crisp: bool = False


class Sheet:
    """An empty white sheet; sizes in inches at 110 dots each.

    Places are in dots from the lower left corner. `said` are the texts on it, in order.
    """

    def __init__(self, width: float = 6.4, height: float = 4.8) -> None:
        from matplotlib.backends.backend_agg import RendererAgg

        self.width, self.height = round(width * DPI), round(height * DPI)
        self.said: list[str] = []
        self._agg: Any = RendererAgg(self.width, self.height, DPI)  # type: ignore[no-untyped-call]
        self._dots: Pixels = np.asarray(self._agg.buffer_rgba())  # type: ignore[no-untyped-call]
        self._dots[:] = 255

    def line(self, points: Points, pen: Pen, within: Box | None = None) -> None:
        """Draw a line through points, shape (points, 2)."""
        from matplotlib.path import Path

        self._agg.draw_path(self._context(pen, within), Path(points), _unmoved())

    def strokes(self, ends: Points, pen: Pen, within: Box | None = None) -> None:
        """Draw straight strokes from place to place, shape (strokes, 2, 2), at once."""
        from matplotlib.path import Path

        if len(ends):
            codes = np.tile(np.array([Path.MOVETO, Path.LINETO], dtype=Path.code_type), len(ends))
            path = Path(ends.reshape(-1, 2), codes)
            self._agg.draw_path(self._context(pen, within), path, _unmoved())

    def area(
        self, points: Points, fill: str, *, alpha: float = 1.0, within: Box | None = None
    ) -> None:
        """Fill the polygon with these corners, shape (points, 2)."""
        from matplotlib.path import Path

        context = self._context(Pen(fill, 0, alpha=alpha), within)
        self._agg.draw_path(context, Path(points, closed=False), _unmoved(), rgb(fill))

    def marks(self, points: Points, shape: str, size: float, colour: str, edge: str) -> None:
        """Draw a mark of Matplotlib's shapes at each point; `size` in points."""
        from matplotlib.path import Path
        from matplotlib.transforms import Affine2D

        outline, turn = _shape(shape)
        grown = Affine2D(turn.get_matrix()).scale(size * POINT)
        context = self._context(Pen(edge, 1), None)
        self._agg.draw_markers(context, outline, grown, Path(points), _unmoved(), rgb(colour))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str = INK,
        *,
        bold: bool = False,
        across: Across = "left",
        along: Along = "baseline",
        upright: bool = False,
    ) -> None:
        """Write a text at a place; `upright` turns it to be read from the right.

        `across` and `along` say which part of the text lies at the place, `size` is in points.
        """
        self.said.append(text)
        word = _set(text, size, bold)
        start = {"left": 0.0, "center": word.width / 2, "right": word.width}[across]
        drop = {"top": _RISE, "middle": _DIGIT / 2, "baseline": 0.0}[along] * size * POINT
        if upright:  # what was right is up, what was up is left
            row = round(self.height - y + start) - word.left - word.mask.shape[1]
            self._blend(np.rot90(word.mask), row, round(x + drop) + word.top, colour)
        else:
            row = round(self.height - y + drop) + word.top
            self._blend(word.mask, row, round(x - start) + word.left, colour)

    def png(self) -> bytes:
        """Return the sheet as a PNG file."""
        return png_of(self._dots, DPI)

    def _context(self, pen: Pen, within: Box | None) -> Any:
        from matplotlib.transforms import Bbox

        context = self._agg.new_gc()
        context.set_foreground(rgb(pen.colour), isRGBA=True)
        context.set_linewidth(pen.width)  # Agg takes points here
        context.set_alpha(pen.alpha)
        context.set_joinstyle("round")
        context.set_capstyle("butt")
        if pattern := _PATTERNS[pen.dashes]:
            context.set_dashes(0, [part * pen.width for part in pattern])
        if pen.crisp:
            context.set_snap(True)
        if within is not None:
            context.set_clip_rectangle(Bbox.from_extents(*within))
        return context

    def _blend(self, mask: Pixels, row: int, column: int, colour: str) -> None:
        """Lay a colour on the dots of a mask, as far as they are on the sheet."""
        height, width = self._dots.shape[:2]
        top, bottom = (min(max(edge, 0), height) for edge in (row, row + mask.shape[0]))
        left, right = (min(max(edge, 0), width) for edge in (column, column + mask.shape[1]))
        dots = self._dots[top:bottom, left:right, :3]
        shown = mask[top - row : bottom - row, left - column : right - column]
        share = (shown.astype(np.float32) / np.float32(255))[:, :, None]
        ink = np.array(rgb(colour)[:3], dtype=np.float32) * np.float32(255)
        dots[:] = dots + (ink - dots) * share + np.float32(0.5)


@functools.cache
def rgb(colour: str) -> tuple[float, float, float, float]:
    """Return a colour such as "#0072B2" or "white" as shares of red, green, blue and opacity."""
    from matplotlib.colors import to_rgba

    red, green, blue, opacity = to_rgba(colour)
    return float(red), float(green), float(blue), float(opacity)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a text is, in dots."""
    return _set(text, size, bold).width


@dataclass(frozen=True, eq=False)
class _Word:
    """A text that is set: its mask, where that begins right of and below the start, its width."""

    mask: Pixels
    left: int
    top: int
    width: float


@functools.lru_cache(maxsize=512)
def _set(text: str, size: float, bold: bool) -> _Word:
    """Set a text without hinting, which would widen it."""
    from matplotlib.ft2font import LoadFlags

    font = _font(bold)
    font.set_size(size, DPI)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    font.draw_glyphs_to_bitmap(antialiased=True)
    mask = np.asarray(font.get_image()).copy()
    width = font.get_width_height()[0] / 64
    left, below = (offset / 64 for offset in font.get_bitmap_offset())
    bottom = font.get_descent() / 64 + below
    return _Word(mask, round(left), round(bottom) + 1 - mask.shape[0], width)


@functools.cache
def _font(bold: bool) -> FT2Font:
    """Return Matplotlib's font."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return get_font(findfont(FontProperties(weight="bold" if bold else "normal")))


@functools.cache
def _shape(shape: str) -> tuple[Any, Any]:
    """Return outline and transform of a mark of size 1."""
    from matplotlib.markers import MarkerStyle

    style = MarkerStyle(shape)
    return style.get_path(), style.get_transform()


@functools.cache
def _unmoved() -> Any:
    from matplotlib.transforms import IdentityTransform

    return IdentityTransform()
