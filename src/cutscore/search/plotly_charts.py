"""Charts of a search as plotly takes them: plain mappings of data and layout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.search import plot

PlotlyChart = dict[str, Any]
_INCH = 96
"""Dots of a page to the inch, as CSS has it."""

_POINT = _INCH / 72
_SHAPES: dict[plot.Shape, str] = {
    "circle": "circle", "diamond": "diamond", "up": "triangle-up", "down": "triangle-down",
    "bar": "line-ns-open", "cross": "x-thin-open",
}  # fmt: skip


def plotly_chart(chart: plot.Chart, hover: Sequence[str]) -> PlotlyChart:
    """Return data and layout of a chart; `hover` is what is told of each trial."""
    return _grid(chart, hover) if isinstance(chart, plot.PanelGrid) else _parallel(chart)


def _grid(chart: plot.PanelGrid, hover: Sequence[str]) -> PlotlyChart:
    """Return panels by rows, as wide as the page."""
    layout = _layout(round(_INCH * chart.whole[1]) + 75) | {"showlegend": chart.legend}
    data: list[PlotlyChart] = []
    for i, panel in enumerate(chart.panels):
        number = "" if i == 0 else str(i + 1)  # as plotly appends it
        left, bottom, width, height = chart.box(i)
        for side, other, axis, start, size, written in zip(
            "xy", "yx", (panel.x, panel.y), (left, bottom), (width, height), chart.written(i),
            strict=True,
        ):  # fmt: skip
            place = {"domain": [start, min(1.0, start + size)], "anchor": f"{other}{number}"}
            if i and chart.shared == side:
                place["matches"] = side
            layout[f"{side}axis{number}"] = _axis(axis, written=written) | place
        for series in panel.series:
            listed = i == 0 and not isinstance(series, plot.Bars) and series.name != ""
            here = {"xaxis": f"x{number}", "yaxis": f"y{number}", "showlegend": listed}
            data.append(_series(series, hover) | here)
    return {"data": data, "layout": layout}


def _series(series: plot.Marks | plot.Steps | plot.Bars, hover: Sequence[str]) -> PlotlyChart:
    """Return what is drawn in a panel."""
    match series:
        case plot.Marks():
            return _marks(series, hover)
        case plot.Steps():
            line = {"color": series.colour, "width": 2, "shape": "hv"}
            return {
                "type": "scatter", "mode": "lines", "name": series.name, "line": line,
                "hoverinfo": "skip", "x": _plain(series.x), "y": _plain(series.y),
            }  # fmt: skip
        case plot.Bars():
            return {
                "type": "bar", "orientation": "h", "x": _plain(series.lengths),
                "y": list(range(len(series.lengths))), "marker": {"color": series.colour},
                "text": list(series.texts), "hoverinfo": "text", "textposition": "outside",
                "cliponaxis": False,
            }  # fmt: skip


def _marks(marks: plot.Marks, hover: Sequence[str]) -> PlotlyChart:
    """Return points, each telling its trial."""
    look = marks.look
    width = 1.6 if look.shape in ("bar", "cross") else float(bool(look.edge))
    marker: PlotlyChart = {
        "color": look.colour, "size": _POINT * look.size, "symbol": _SHAPES[look.shape],
        "opacity": look.opacity,
        "line": {"color": look.edge or look.colour, "width": width},
    }  # fmt: skip
    if marks.shade is not None:
        marker |= {
            "color": _plain(marks.shade),
            "colorscale": _colours(plot.LATE),
            "cmin": 0,
            "cmax": 1,
        }
    return {
        "type": "scatter", "mode": "markers+text" if marks.texts else "markers",
        "name": escape(style.shorten(marks.name, 40)), "marker": marker, "cliponaxis": False,
        "x": _plain(marks.x), "y": _plain(marks.y), "text": list(marks.texts),
        "textposition": "top right", "hoverinfo": "text",
        "hovertext": [hover[trial] for trial in marks.trial],
    }  # fmt: skip


def _parallel(chart: plot.Parallel) -> PlotlyChart:
    """Return one line a trial through all axes; the best is beyond the shades, and orange."""
    shade = chart.shade.copy()
    if chart.best is not None:
        shade[chart.best] = 2
    first = len(chart.axes) - chart.aims
    pairs = enumerate(zip(chart.axes, chart.values, strict=True))
    axes = [_dimension(axis, row, bold=place >= first) for place, (axis, row) in pairs]
    shades = [[at / 2, colour] for at, colour in _colours(plot.GOOD)]
    scale = [*shades, [0.5, style.ORANGE], [1, style.ORANGE]]
    line = {"color": _plain(shade), "colorscale": scale, "cmin": 0, "cmax": 2, "showscale": False}
    data: PlotlyChart = {
        "type": "parcoords", "dimensions": axes, "line": line, "labelangle": -12,
        "labelfont": {"size": 12, "color": style.INK}, "tickfont": {"size": 11},
    }  # fmt: skip
    layout = _layout(440) | {"margin": {"l": 90, "r": 90, "t": 90, "b": 30}}
    if len(axes) > 11:
        layout["width"] = 104 * len(axes)
    return {"data": [data], "layout": layout}


def _dimension(axis: plot.Axis, values: npt.NDArray[np.float64], *, bold: bool) -> PlotlyChart:
    """Return one upright axis, which knows no logarithms."""
    name, look = escape(style.shorten(axis.name, 24)), _ticks(axis, 16)
    ends = np.array([axis.scale.low, axis.scale.high])
    if axis.scale.kind == "log":
        ends, values = np.log10(ends), np.log10(values)
        look["tickvals"] = np.log10(look["tickvals"]).tolist()
    label = f"<b>{name}</b>" if bold else name
    return look | {"label": label, "values": _plain(values), "range": ends.tolist()}


def _axis(axis: plot.Axis, *, written: bool) -> PlotlyChart:
    """Return an axis in the look of the pictures."""
    ends = np.array([axis.scale.low, axis.scale.high])
    name = escape(style.shorten(axis.name, 60)) if written else ""
    look: PlotlyChart = {
        "title": {"text": name, "font": {"size": 12}}, "gridcolor": style.PALE, "zeroline": False,
        "linecolor": style.PALE, "showline": True, "range": ends.tolist(),
        "showticklabels": written, "automargin": axis.choices,
        "nticks": max(len(axis.scale.ticks) + 1, 3),
    }  # fmt: skip
    if axis.scale.kind == "log":
        look |= {"type": "log", "range": np.log10(ends).tolist()}
    return look | _ticks(axis, 50)


def _ticks(axis: plot.Axis, longest: int) -> PlotlyChart:
    """Return choices and decades as they are; round numbers are found anew at a closer look."""
    if not axis.choices and axis.scale.kind == "linear":
        return {"tickformat": ",.6~r"}
    texts = [escape(style.shorten(text, longest)) for _, text in axis.scale.ticks]
    return {"tickvals": [value for value, _ in axis.scale.ticks], "ticktext": texts}


def _layout(height: int) -> PlotlyChart:
    """Return what all charts share."""
    font = {"family": "system-ui, sans-serif", "size": 12, "color": style.INK}
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"}
    return {
        "height": height, "font": font, "plot_bgcolor": "white", "paper_bgcolor": "white",
        "margin": {"l": 80, "r": 30, "t": 20, "b": 55}, "legend": legend, "hovermode": "closest",
    }  # fmt: skip


def _colours(ramp: plot.Ramp) -> list[list[Any]]:
    """Return colours of 0, a half and 1 as plotly takes them."""
    return [[at, colour] for at, colour in zip((0, 0.5, 1), ramp, strict=True)]


def _plain(values: npt.NDArray[np.float64]) -> list[float | None]:
    """Return numbers with None for NaN, which JSON does not know."""
    return [value if math.isfinite(value) else None for value in values.tolist()]
