"""The charts of a search as plotly takes them: plain mappings of data and layout."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.search.searched import (
    FAILED,
    PRUNED,
    Aim,
    Searched,
    Setting,
    best_so_far,
    log_ticks,
    shade,
)

Chart = dict[str, Any]
Marks = npt.NDArray[np.bool_]
_BLUES = [[0, "#DCE3E8"], [0.5, style.SKY], [1, "#00507D"]]
_LATE = [[0, "#BFDDEE"], [0.5, style.BLUE], [1, "#00304D"]]
_COLUMNS = 4
_MARGIN = {"l": 80, "r": 30, "t": 20, "b": 55}


def history_chart(searched: Searched, hover: Sequence[str]) -> Chart:
    """Return each objective by trial, with pruned and failed trials along the lower edge."""
    data: list[Chart] = []
    layout = _layout(360 if len(searched.aims) == 1 else 260 * len(searched.aims))
    tall = 1 / len(searched.aims)
    for i, aim in enumerate(searched.aims):
        axis = _nth(i)
        low, high = aim.ends()
        floor = low - 0.07 * (high - low)
        bottom = 1 - (i + 1) * tall
        layout[f"yaxis{axis}"] = _axis(aim.name, range=[floor, high]) | {
            "domain": [bottom + (0.08 if i < len(searched.aims) - 1 else 0), bottom + tall],
        }
        place = {"yaxis": f"y{axis}", "showlegend": i == 0}
        beyond = searched.drawn & ((aim.value < low) | (aim.value > high))
        points = _points(searched.drawn & ~beyond, searched.number, aim.value, hover)
        data.append(_marks(points, "complete", style.BLUE, 7) | place)
        if beyond.any():
            edge = _points(beyond, searched.number, np.clip(aim.value, low, high), hover)
            data.append(_marks(edge, "worse than shown", style.SKY, 9, "triangle-up") | place)
        if len(searched.aims) == 1:
            line = {"color": style.ORANGE, "width": 2, "shape": "hv"}
            data.append(
                {"type": "scatter", "mode": "lines", "name": "best so far", "line": line,
                 "hoverinfo": "skip", "x": searched.number.tolist(), "y": _plain(best_so_far(aim))}
            )  # fmt: skip
        data += [lost | place for lost in _lost(searched, floor + 0.03 * (high - low), hover)]
        if searched.best is not None:
            only = np.arange(len(searched.number)) == searched.best
            best = _points(only, searched.number, aim.value, hover)
            data.append(_marks(best, "best", style.ORANGE, 12, "diamond") | place)
    layout["xaxis"] = _axis("trial", anchor=f"y{_nth(len(searched.aims) - 1)}")
    return {"data": data, "layout": layout}


def importance_chart(shares: Mapping[str, float], words: str) -> Chart:
    """Return the importances as bars, greatest on top."""
    names = [escape(style.shorten(name, 50)) for name in shares]
    bars: Chart = {
        "type": "bar", "orientation": "h", "x": list(shares.values()), "y": list(range(len(names))),
        "marker": {"color": style.BLUE}, "text": [f"{share:.1%}" for share in shares.values()],
        "hovertext": names, "hoverinfo": "text+x", "textposition": "outside", "cliponaxis": False,
    }  # fmt: skip
    layout = _layout(90 + 26 * len(names)) | {
        "xaxis": _axis(words),
        # Numbers as places and names as ticks: two long names may be cut to the same text.
        "yaxis": _axis("", autorange="reversed")
        | {"tickvals": list(range(len(names))), "ticktext": names, "automargin": True},
        "showlegend": False,
    }
    return {"data": [bars], "layout": layout}


def slices_chart(searched: Searched, hover: Sequence[str]) -> Chart:
    """Return the first objective against every setting, late trials dark."""
    aim, settings = searched.aims[0], searched.settings
    columns = min(_COLUMNS, max(1, len(settings)))
    rows = math.ceil(len(settings) / columns)
    height = 25 + 250 * rows
    layout = _layout(height) | {"showlegend": False, "margin": {**_MARGIN, "b": 5}}
    data: list[Chart] = []
    low, high = aim.ends()
    gap = 75 / height
    for i, setting in enumerate(settings):
        row, column = divmod(i, columns)
        top, axis = 1 - row / rows, _nth(i)
        shown = searched.drawn & np.isfinite(setting.place)
        points = _points(shown, setting.spread(), np.clip(aim.value, low, high), hover)
        marker = {
            "size": 7, "color": searched.number[shown].tolist(), "colorscale": _LATE,
            "cmin": 0, "cmax": int(searched.number.max(initial=1)), "opacity": 0.85,
        }  # fmt: skip
        place = {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}
        data.append(_marks(points, setting.name, style.BLUE, 7) | place | {"marker": marker})
        if searched.best is not None and shown[searched.best]:
            only = np.arange(len(shown)) == searched.best
            best = _points(only, setting.spread(), aim.value, hover)
            data.append(_marks(best, "best", style.ORANGE, 11, "diamond") | place)
        layout[f"xaxis{axis}"] = _place_axis(setting) | {
            "domain": [(column + 0.06) / columns, (column + 0.96) / columns],
            "anchor": f"y{axis}",
        }
        layout[f"yaxis{axis}"] = _axis(aim.name if column == 0 else "", range=[low, high]) | {
            "domain": [max(0.0, top - 1 / rows + gap), top],
            "anchor": f"x{axis}",
            "showticklabels": column == 0,
        }
    return {"data": data, "layout": layout}


def parallel_chart(searched: Searched) -> Chart:
    """Return one line a complete trial through settings and objectives, the better the darker."""
    shown = searched.drawn.copy()
    for setting in searched.settings:
        shown &= np.isfinite(setting.place)
    good = shade(searched.aims[0])[shown]
    axes = [_dimension(axis, shown) for axis in searched.axes]
    line = {"color": good.tolist(), "colorscale": _BLUES, "cmin": 0, "cmax": 1, "showscale": False}
    data: Chart = {
        "type": "parcoords", "dimensions": axes, "line": line, "labelangle": -12,
        "labelfont": {"size": 12, "color": style.INK}, "tickfont": {"size": 11},
    }  # fmt: skip
    layout = _layout(440) | {"margin": {"l": 90, "r": 90, "t": 90, "b": 30}}
    if len(axes) > 11:
        layout["width"] = 104 * len(axes)
    return {"data": [data], "layout": layout}


def pareto_charts(searched: Searched, hover: Sequence[str]) -> list[Chart]:
    """Return each pair of objectives with the Pareto front marked."""
    charts = []
    for first, second in itertools.combinations(searched.aims, 2):
        behind = _points(searched.drawn & ~searched.front, first.value, second.value, hover)
        front = _points(searched.front, first.value, second.value, hover)
        layout = _layout(460) | {"xaxis": _axis(first.name), "yaxis": _axis(second.name)}
        data = [
            _marks(behind, "beaten by another", style.BLUE, 7) | {"opacity": 0.6},
            _marks(front, "on the front", style.ORANGE, 11),
        ]
        charts.append({"data": data, "layout": layout})
    return charts


def _lost(searched: Searched, height: float, hover: Sequence[str]) -> list[Chart]:
    """Return the trials without a value as marks along the lower edge."""
    floor = np.full(len(searched.number), height)
    found = []
    for state, name, colour, symbol in (
        (PRUNED, "pruned", style.GREY, "line-ns-open"),
        (FAILED, "failed", style.PINK, "x-thin-open"),
    ):
        points = _points(searched.state == state, searched.number, floor, hover)
        if points["x"]:
            found.append(_marks(points, name, colour, 8, symbol))
    return found


def _dimension(axis: Setting | Aim, shown: Marks) -> Chart:
    """Return one upright axis."""
    low, high = axis.ends()
    name = escape(style.shorten(axis.name, 24))
    if isinstance(axis, Aim):
        values = np.clip(axis.value[shown], low, high)
        look = {"label": f"<b>{name}</b>", "tickformat": ",.5~r"}
        return {**look, "values": values.tolist(), "range": [low, high]}
    places = axis.place[shown]
    if axis.labels:
        texts = [escape(style.shorten(label, 16)) for label in axis.labels]
        ticks = {"tickvals": list(range(len(texts))), "ticktext": texts}
        return {"label": name, "values": places.tolist(), "range": [low, high], **ticks}
    if axis.log and low > 0:
        marks = log_ticks(low, high)
        ticks = {
            "tickvals": [math.log10(mark) for mark in marks],
            "ticktext": [style.number(mark) for mark in marks],
        }
        ends = [math.log10(low), math.log10(high)]
        return {"label": name, "values": np.log10(places).tolist(), "range": ends, **ticks}
    return {"label": name, "values": places.tolist(), "range": [low, high]}


def _place_axis(setting: Setting) -> Chart:
    """Return the level axis of a setting."""
    axis = _axis(style.shorten(setting.name, 26))
    low, high = setting.ends()
    if setting.labels:
        texts = [escape(style.shorten(label, 11)) for label in setting.labels]
        return axis | {
            "tickvals": list(range(len(texts))), "ticktext": texts, "range": [low, high]
        }  # fmt: skip
    if setting.log and low > 0:
        ticks = log_ticks(low, high)
        air = 0.04 * math.log10(high / low)
        return axis | {
            "type": "log", "range": [math.log10(low) - air, math.log10(high) + air],
            "tickvals": ticks, "ticktext": [style.number(tick) for tick in ticks],
        }  # fmt: skip
    air = 0.04 * (high - low)
    form = {"tickformat": ",d"} if setting.whole and high - low >= 4 else {}
    return axis | {"range": [low - air, high + air], "nticks": 5} | form


def _points(
    which: Marks,
    x: npt.NDArray[Any],
    y: npt.NDArray[np.float64],
    hover: Sequence[str],
) -> Chart:
    """Return the chosen trials' places and what is shown under the pointer."""
    rows = np.flatnonzero(which).tolist()
    return {"x": x[rows].tolist(), "y": y[rows].tolist(), "hovertext": [hover[i] for i in rows]}


def _marks(points: Chart, name: str, colour: str, size: int, symbol: str = "circle") -> Chart:
    """Return points as markers."""
    edge = {"color": "white" if symbol == "diamond" else colour, "width": 1}
    marker = {"color": colour, "size": size, "symbol": symbol, "line": edge}
    kind = {"type": "scatter", "mode": "markers", "hoverinfo": "text", "cliponaxis": False}
    return {**kind, **points, "name": escape(style.shorten(name, 40)), "marker": marker}


def _axis(words: str, **settings: Any) -> Chart:
    """Return an axis in the look of the pictures."""
    text = escape(style.shorten(words, 40))
    look = {
        "gridcolor": style.PALE, "zeroline": False, "linecolor": style.PALE, "showline": True,
        "tickformat": ",.6~r",
    }  # fmt: skip
    return {"title": {"text": text, "font": {"size": 12}}, **look, **settings}


def _layout(height: int) -> Chart:
    """Return what all charts share."""
    font = {"family": "system-ui, sans-serif", "size": 12, "color": style.INK}
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"}
    return {
        "height": height, "font": font, "plot_bgcolor": "white", "paper_bgcolor": "white",
        "margin": dict(_MARGIN), "legend": legend, "hovermode": "closest",
    }  # fmt: skip


def _nth(i: int) -> str:
    """Return the number that plotly appends to the name of the i-th axis."""
    return "" if i == 0 else str(i + 1)


def _plain(values: npt.NDArray[np.float64]) -> list[float | None]:
    """Return numbers with None for NaN, which JSON does not know."""
    return [value if math.isfinite(value) else None for value in values.tolist()]
