"""Charts of a search as pictures, by Matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.scales import AxisScale
from cutscore.report.figures.search import plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHAPES: dict[plot.Shape, str] = {
    "circle": "o", "diamond": "D", "up": "^", "down": "v", "bar": "|", "cross": "x",
}  # fmt: skip
_FEW = 60
"""Up to so many lines are drawn broadly."""

_LONGEST = 30
"""Characters of a choice beside a panel."""

_NARROW = 11
"""Characters of a choice that fit under a panel."""


def picture(chart: plot.Chart, study: str) -> Figure:
    """Draw a chart, with its title, the name of the study and below it what there is to know."""
    figure = _grid(chart) if isinstance(chart, plot.PanelGrid) else _parallel(chart)
    style.title(figure, chart.title, study)
    bottom = 0.1 / figure.get_figheight()
    note = style.shorten(chart.note, int(14 * figure.get_figwidth()))
    figure.text(0.02, bottom, note, fontsize=8.5, color=style.GREY, va="bottom")
    return figure


def _grid(chart: plot.PanelGrid) -> Figure:
    """Draw panels by rows, with room for the longest tick at the left."""
    names = [text for panel in chart.panels for _, text in panel.y.scale.ticks]
    left = 0.5 + 0.075 * min(_LONGEST, max(map(len, names), default=0))
    across, up = chart.whole
    width, height = across + left + 0.3, up + 0.9 + (1.05 if chart.legend else 0.75)
    figure = style.new_figure(width, height)
    for i, panel in enumerate(chart.panels):
        x, y, wide, tall = chart.box(i)
        box = (left + x * across) / width, (0.9 + y * up) / height
        axes = style.plain_axes(figure, (*box, wide * across / width, tall * up / height))
        _panel(axes, panel, chart.written(i))
        if i == 0 and chart.legend:
            # Above the axes, for every corner inside may hold trials.
            axes.legend(
                loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize=8.5,
                frameon=False, labelcolor=style.INK, columnspacing=1.4, handletextpad=0.4,
            )  # fmt: skip
    return figure


def _panel(axes: Axes, panel: plot.PlotPanel, written: tuple[bool, bool]) -> None:
    """Draw one panel; `written` says whether its axes are."""
    for order, series in enumerate(panel.series, start=3):
        match series:
            case plot.Marks():
                _marks(axes, series, order)
            case plot.Steps():
                axes.plot(
                    series.x, series.y, drawstyle="default" if series.straight else "steps-post",
                    color=series.colour, linewidth=1.6, label=series.name or None, zorder=order,
                )  # fmt: skip
            case plot.Bars():
                _bars(axes, series)
    _scale(axes, "x", panel.x.scale)
    _scale(axes, "y", panel.y.scale)
    if panel.x.choices:
        _choices(axes, panel.x)
    axes.tick_params(labelbottom=written[0], labelleft=written[1])
    x, y = (style.shorten(axis.name, 60) for axis in (panel.x, panel.y))
    style.label(axes, x if written[0] else "", y if written[1] else "")


def _marks(axes: Axes, marks: plot.Marks, order: int) -> None:
    """Draw points, on the edges too, and what is written beside them."""
    look, thin = marks.look, marks.look.shape in ("bar", "cross")
    if marks.shade is None:
        axes.plot(
            marks.x, marks.y, _SHAPES[look.shape], markersize=look.size, color=look.colour,
            alpha=look.opacity, markeredgecolor=look.edge or look.colour, zorder=order,
            markeredgewidth=1.4 if thin else float(bool(look.edge)), clip_on=False,
            label=marks.name or None,
        )  # fmt: skip
    else:
        from matplotlib.colors import LinearSegmentedColormap

        late = LinearSegmentedColormap.from_list("late", plot.LATE)
        axes.scatter(
            marks.x, marks.y, c=marks.shade, cmap=late, vmin=0, vmax=1, s=look.size**2,
            linewidths=0, alpha=look.opacity, clip_on=False, zorder=order,
        )  # fmt: skip
    for text, x, y in zip(marks.texts, marks.x, marks.y, strict=False):
        axes.annotate(
            text, (x, y), xytext=(6, 5), textcoords="offset points", fontsize=8.5, color=style.INK
        )


def _bars(axes: Axes, bars: plot.Bars) -> None:
    """Draw level bars with their texts behind."""
    rows = range(len(bars.lengths))
    axes.barh(rows, bars.lengths, color=bars.colour, height=0.66)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    for row, length, text in zip(rows, bars.lengths, bars.texts, strict=True):
        axes.annotate(
            text, (length, row), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=8.5, color=style.GREY,
        )  # fmt: skip


def _scale(axes: Axes, side: str, scale: AxisScale) -> None:
    """Give an axis its ends, its ticks and their texts."""
    axis = axes.xaxis if side == "x" else axes.yaxis
    if scale.kind == "log":
        (axes.set_xscale if side == "x" else axes.set_yscale)("log")
    axis.set_ticks(
        [value for value, _ in scale.ticks],
        [style.shorten(text, _LONGEST) for _, text in scale.ticks],
    )
    axis.set_ticks([], minor=True)
    (axes.set_xlim if side == "x" else axes.set_ylim)(scale.low, scale.high)


def _choices(axes: Axes, axis: plot.Axis) -> None:
    """Write the names of choices under a panel: turned where they would not fit."""
    few = len(axis.scale.ticks) < 3
    texts = [style.shorten(text, 16 if few else _NARROW) for _, text in axis.scale.ticks]
    axes.set_xticks([value for value, _ in axis.scale.ticks], texts, fontsize=8)
    if not few:
        axes.tick_params(axis="x", labelrotation=18 if len(texts) < 5 else 60, pad=1)


def _parallel(chart: plot.Parallel) -> Figure:
    """Draw upright axes side by side, and a line through them for each trial."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    columns = np.arange(len(chart.axes))
    width = max(6.4, 1.3 + 1.12 * len(columns))
    figure = style.new_figure(width, 5.0)
    axes = figure.add_axes((0.35 / width, 0.13, 1 - 2.0 / width, 0.63))
    pairs = zip(chart.axes, chart.values, strict=True)
    heights = np.array([axis.scale.share(row) for axis, row in pairs])
    lines = [np.column_stack([columns, trial]) for trial in heights.T]
    colours = LinearSegmentedColormap.from_list("good", plot.GOOD)(chart.shade)
    width, opacity = (1.1, 0.8) if len(lines) <= _FEW else (0.5, 0.35)
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=width, alpha=opacity))
    if chart.best is not None:
        axes.plot(columns, heights[:, chart.best], color=style.ORANGE, linewidth=2.4, zorder=5)
    axes.set_xlim(-0.02, len(columns) - 0.98)
    axes.set_ylim(-0.03, 1.03)
    axes.axis("off")
    for place, axis in enumerate(chart.axes):
        _upright(axes, place, axis, bold=place >= len(columns) - chart.aims)
    return figure


def _upright(axes: Axes, place: int, axis: plot.Axis, *, bold: bool) -> None:
    """Draw one upright axis with its ticks and its name."""
    axes.plot([place, place], [0, 1], color=style.GREY, linewidth=1, zorder=3)
    for value, text in axis.scale.ticks:
        axes.text(
            place + 0.04, float(axis.scale.share(value)), style.shorten(text, 13), fontsize=8,
            color=style.INK, va="center", zorder=6,
            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    axes.text(
        place, 1.06, style.shorten(axis.name, 22), fontsize=9, color=style.INK,
        weight="bold" if bold else "normal", rotation=14, ha="left", va="bottom",
    )  # fmt: skip
