"""What each column adds to scores: a swarm of rows by column, and a column's values against it.

Swarms are those of Lundberg et al. (2020), "From local explanations to global understanding".
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import AxisScale, around, linear
from cutscore.report.figures.sheet import POINT, Sheet, text_width

Points = npt.NDArray[np.float64]
POINTS = "points added to the score"
_SHADES = 8
_DOT, _SMALL = 2.6, 2.2
_TURNS = 5
"""Where dots lie on each other, no shade is always above: each is drawn in several turns."""
_SPREAD = 0.40
_LEVELS = 6
_ACROSS, _BINS = 3, 20


@dataclass(frozen=True, eq=False)
class ColumnPoints:
    """What a column adds to each row's score, and what the row has there.

    Attributes
    ----------
    label : what people call it
    points : what it adds, shape (rows,)
    values : what the rows have, shape (rows,); missing is NaN, a category the index of its level
    levels : the categories, None for numbers
    """

    label: str
    points: Points
    values: Points
    levels: tuple[str, ...] | None = None


def beeswarm(run: str, columns: Sequence[ColumnPoints], left_out: int = 0) -> Sheet:
    """Draw a dot for each row and column, coloured by how high the row's value is in it.

    Parameters
    ----------
    columns
        The columns to show, from the top.
    left_out
        How many columns are not shown.
    """
    height = 1.75 + 0.36 * len(columns)
    ends = [float(edge(each.points)) for each in columns for edge in (np.min, np.max)]
    panel = Panel(
        Sheet(7.2, height),
        (0.36, 0.62 / height, 0.61, 1 - 1.5 / height),
        around(np.array([*ends, 0.0])),
        AxisScale(len(columns) - 0.4, -0.6),
    )
    panel.upright(0.0, style.GREY, 1)
    left = panel.edges[0] - 5 * POINT
    for row, column in enumerate(columns):
        offsets = _swarm(panel.x.share(column.points))
        turn = np.arange(len(offsets)) % _TURNS
        for now, (colour, shade) in itertools.product(range(_TURNS), _coloured(column)):
            chosen = shade & (turn == now)
            places = panel.place(column.points[chosen], row + offsets[chosen])
            panel.sheet.marks(places, "o", _DOT, colour, colour)
        middle = panel.place([0.0], [row])[0, 1]
        text = style.shorten(column.label, 31)
        panel.sheet.text(left, middle, text, 9, across="right", along="middle")
    panel.name(POINTS, "")
    more = f", {left_out} more not shown" if left_out else ""
    title(panel.sheet, f"What each column adds to {len(columns[0].points):,} scores{more}", run)
    _key(panel)
    return panel.sheet


def dependence(run: str, columns: Sequence[ColumnPoints]) -> Sheet:
    """Draw the points of up to six columns against their values, with the median along numbers.

    Numbers beyond the first and last percent are left out, since few of them would squeeze all
    others, and so are all but the six most frequent categories; missing values stand aside.
    """
    shown = columns[: 2 * _ACROSS]
    down = -(-len(shown) // _ACROSS)
    height = 0.75 + 2.5 * down
    sheet = Sheet(9.6, height)
    for at, column in enumerate(shown):
        left, row = at % _ACROSS, at // _ACROSS
        bottom = (height - 0.75 - 2.5 * (row + 1) + 0.62) / height
        box = (0.065 + left * 0.325, bottom, 0.255, 1.72 / height)
        _against(sheet, box, column)
    title(sheet, "What values add to scores, in points (middle 98 % of numbers)", run)
    return sheet


def _against(sheet: Sheet, box: tuple[float, float, float, float], column: ColumnPoints) -> None:
    """Draw one column's points against its values."""
    x, scale, line = _along(column)
    panel = Panel(sheet, box, scale, around(np.append(column.points, 0.0)))
    panel.level(0.0, style.GREY, 1)
    inside = (x >= scale.low) & (x <= scale.high)
    missing = np.isnan(column.values)
    for colour, chosen in ((style.SKY, inside & ~missing), (style.GREY, inside & missing)):
        if chosen.any():
            places = panel.place(x[chosen], column.points[chosen])
            sheet.marks(places, "o", _SMALL, colour, colour)
    if line and (inside & ~missing).any():
        panel.curve(*_medians(x, column.points, inside & ~missing), style.ORANGE, 1.6)
    panel.name(style.shorten(column.label, 34), "")


def _along(column: ColumnPoints) -> tuple[Points, AxisScale, bool]:
    """Return where values stand along the axis, its scale, and whether they have an order."""
    missing = np.isnan(column.values)
    if column.levels is not None:
        return *_by_level(column, missing), False
    low, high = 0.0, 1.0
    if not missing.all():
        low, high = np.percentile(column.values[~missing], [1, 99])
    wide = (high - low) or max(abs(high), 1.0)
    scale = linear(low - 0.05 * wide, high + 0.05 * wide, style.tick, most=4)
    if not missing.any():
        return column.values, scale, True
    at = low - 0.16 * wide
    ticks = ((at, "none"), *(tick for tick in scale.ticks if tick[0] >= low))
    return (
        np.where(missing, at, column.values),
        AxisScale(at - 0.08 * wide, scale.high, ticks=ticks),
        True,
    )


def _by_level(column: ColumnPoints, missing: npt.NDArray[np.bool_]) -> tuple[Points, AxisScale]:
    """Return the places of the most frequent categories, others out of sight, and their scale."""
    levels = column.levels or ()
    codes = column.values[~missing].astype(np.int64)
    counts = np.bincount(codes, minlength=len(levels))
    order = np.argsort(-counts, kind="stable")[:_LEVELS]
    order = order[counts[order] > 0]
    place = np.full(len(levels) + 1, -9.0)
    place[order] = np.arange(len(order))
    names = [style.shorten(levels[level], 9) for level in order]
    if missing.any():
        place[-1] = len(order)
        names.append("none")
    which = np.where(missing, len(levels), np.nan_to_num(column.values)).astype(np.int64)
    noise = np.random.default_rng(0).uniform(-0.25, 0.25, len(which))
    ticks = tuple((float(at), name) for at, name in enumerate(names))
    return place[which] + noise, AxisScale(-0.6, len(names) - 0.4, ticks=ticks)


def _medians(x: Points, points: Points, chosen: npt.NDArray[np.bool_]) -> tuple[Points, Points]:
    """Return the median points of parts with about as many rows each, at their median value."""
    order = np.flatnonzero(chosen)[np.argsort(x[chosen], kind="stable")]
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    return (
        np.array([np.median(x[part]) for part in parts]),
        np.array([np.median(points[part]) for part in parts]),
    )


def _swarm(shares: Points) -> Points:
    """Return how far each dot stands above or below its line: where many are, they spread."""
    bins = np.floor(shares * 160).astype(np.int64)
    order = np.argsort(bins, kind="stable")
    starts = np.searchsorted(bins[order], bins[order])
    rank = np.empty(len(bins))
    rank[order] = np.arange(len(bins)) - starts
    side = np.where(rank % 2 == 0, 1.0, -1.0) * np.ceil(rank / 2)
    most = max(float(np.abs(side).max(initial=0.0)), 8.0)
    return side / most * _SPREAD


def _coloured(column: ColumnPoints) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Return the rows of each colour: missing values and categories grey, numbers by rank."""
    values = column.values
    grey = np.isnan(values) | (column.levels is not None)
    found = [(style.GREY, grey)] if grey.any() else []
    if grey.all():
        return found
    distinct, inverse = np.unique(values[~grey], return_inverse=True)
    counts = np.cumsum(np.bincount(inverse))
    middle = counts - np.diff(counts, prepend=0) / 2
    shade = np.full(len(values), -1)
    last = _SHADES - 1
    ranks = middle / counts[-1] if len(distinct) > 1 else np.full(1, 0.5)
    shade[~grey] = np.minimum((ranks * _SHADES).astype(np.int64), last)[inverse]
    return found + [
        (_shade(at / last), shade == at) for at in range(_SHADES) if (shade == at).any()
    ]


def _shade(share: float) -> str:
    """Return a colour from blue (low) over a pale violet to orange (high)."""
    stops = (style.BLUE, "#C9B3C9", style.ORANGE)
    at = min(int(share * 2), 1)
    one, other = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in stops[at : at + 2])
    mixed = one + (other - one) * (share * 2 - at)
    return "#" + "".join(f"{round(float(part)):02X}" for part in mixed)


def _key(panel: Panel) -> None:
    """Say above the panel what the colours mean."""
    _, _, right, top = panel.edges
    x, y = right, top + 9 * POINT
    for text, colour in (
        ("missing, or a category", style.GREY),
        ("high", style.ORANGE),
        ("low value", style.BLUE),
    ):
        panel.sheet.text(x, y, text, 8.5, across="right", along="middle")
        x -= text_width(text, 8.5) + 7 * POINT
        panel.sheet.marks(np.array([[x, y]]), "o", 5, colour, colour)
        x -= 12 * POINT
