"""Charts of a search as SVG: each point and line knows its trial (`data-trial`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.search import plot

_INCH = 96
"""Dots of a page to the inch, as CSS has it."""

_POINT = _INCH / 72
_LETTER = 6.6
"""Width of a letter of a tick, in dots."""

_LONGEST = 30
"""Characters of a choice."""

_SHAPES: dict[plot.Shape, str] = {
    "diamond": "M0-1L1 0 0 1-1 0z",
    "up": "M0-1L1 1H-1z",
    "down": "M0 1L1-1H-1z",
    "bar": "M0-1V1",
    "cross": "M-.8-.8L.8.8M.8-.8L-.8.8",
}
"""Within one dot of the middle; circles are circles."""


def svg_chart(chart: plot.Chart) -> str:
    """Return a chart as an SVG element; all texts are escaped."""
    return _grid(chart) if isinstance(chart, plot.PanelGrid) else _parallel(chart)


def _tag(name: str, *inside: str, text: str | None = None, **attributes: object) -> str:
    """Return an element; underscores in names of attributes stand for hyphens."""
    given = "".join(
        f' {key.replace("_", "-")}="{_number(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(inside) if text is None else escape(text)
    return f"<{name}{given}>{body}</{name}>" if body else f"<{name}{given}/>"


def _number(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else escape(str(value))


def _whole(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    box = f"0 0 {width:.0f} {height:.0f}"
    style_ = f"max-width: {1.6 * width:.0f}px"
    return _tag("svg", *parts, viewBox=box, role="img", aria_label=title, style=style_)


def _grid(chart: plot.PanelGrid) -> str:
    """Draw panels by rows, with room for the longest tick at the left."""
    ticks = [text for panel in chart.panels for _, text in panel.y.scale.ticks]
    left = 34 + _LETTER * min(_LONGEST, max(map(len, ticks), default=0))
    top, (across, up) = 12.0 + 22 * chart.legend, (side * _INCH for side in chart.whole)
    parts = [_legend(chart.panels[0], left)] if chart.legend else []
    for i, panel in enumerate(chart.panels):
        x, y, wide, tall = chart.box(i)
        place = left + x * across, top + (1 - y - tall) * up
        parts.append(_panel(panel, place, (wide * across, tall * up), chart.written(i)))
    return _whole(left + across + 60, top + up + 62, chart.title, parts)


def _panel(
    panel: plot.PlotPanel,
    place: tuple[float, float],
    size: tuple[float, float],
    written: tuple[bool, bool],
) -> str:
    """Draw one panel at a place; `written` says whether its axes are."""
    wide, tall = size
    parts = [*_across(panel.x, wide, tall, written[0]), *_up(panel.y, wide, tall, written[1])]
    for series in panel.series:
        if isinstance(series, plot.Bars):
            parts += _bars(series, panel, wide, tall)
            continue
        x = wide * panel.x.scale.share(series.x)
        y = tall * (1 - panel.y.scale.share(series.y))
        if isinstance(series, plot.Marks):
            parts += _marks(series, x, y)
        else:
            there = np.isfinite(x) & np.isfinite(y)
            form = "L{:.1f} {:.1f}" if series.straight else "H{:.1f}V{:.1f}"
            d = "".join(map(form.format, x[there][1:], y[there][1:]))
            start = f"M{x[there][0]:.1f} {y[there][0]:.1f}" if there.any() else ""
            parts.append(_tag("path", d=start + d, fill="none", stroke=series.colour))
    return _tag("g", *parts, transform=f"translate({place[0]:.1f} {place[1]:.1f})")


def _marks(marks: plot.Marks, x: plot.Points, y: plot.Points) -> Iterator[str]:
    """Draw points, and what is written beside them."""
    look, shape = marks.look, marks.look.shape
    radius = 0.5 * _POINT * look.size
    ramp = None if marks.shade is None else _ramp(plot.LATE, marks.shade)
    thin = shape in ("bar", "cross")
    edge = look.colour if thin else look.edge or None
    drawn = []
    for i, (trial, a, b) in enumerate(zip(marks.trial.tolist(), x, y, strict=True)):
        colour = {} if ramp is None else {"fill": ramp[i]}
        if shape == "circle":
            drawn.append(_tag("circle", cx=f"{a:.1f}", cy=f"{b:.1f}", data_trial=trial, **colour))
        else:
            turn = f"translate({a:.1f} {b:.1f}) scale({radius:.1f})"
            drawn.append(_tag("path", d=_SHAPES[shape], transform=turn, data_trial=trial, **colour))
    yield _tag(
        "g", *drawn, fill="none" if thin else look.colour, opacity=look.opacity, stroke=edge,
        style=f"--r: {radius:.1f}px",
    )  # fmt: skip
    for text, a, b in zip(marks.texts, x, y, strict=False):
        yield _tag("text", text=text, x=float(a) + 8, y=float(b) - 6)


def _bars(bars: plot.Bars, panel: plot.PlotPanel, wide: float, tall: float) -> Iterator[str]:
    """Draw level bars with their texts behind."""
    lengths = wide * panel.x.scale.share(bars.lengths)
    rows = tall * (1 - panel.y.scale.share(np.arange(len(lengths), dtype=np.float64)))
    for length, row, text in zip(lengths.tolist(), rows.tolist(), bars.texts, strict=True):
        yield _tag("rect", x=0, y=row - 9, width=max(length, 0.5), height=18, fill=bars.colour)
        yield _tag("text", text=text, x=length + 6, y=row + 4)


def _across(axis: plot.Axis, wide: float, tall: float, written: bool) -> Iterator[str]:
    """Draw the lower axis; names that would not fit are turned."""
    yield _tag("line", **{"class": "axis"}, x1=0, x2=wide, y1=tall, y2=tall)
    ticks = axis.scale.ticks
    texts = [style.shorten(text, 16 if len(ticks) < 3 else 11) for _, text in ticks]
    turned = sum(map(len, texts)) * _LETTER + 8 * len(texts) > wide
    for (value, _), text in zip(ticks, texts, strict=True):
        at = wide * float(axis.scale.share(value))
        yield _tag("line", **{"class": "tick"}, x1=at, x2=at, y1=tall, y2=tall + 4)
        if written and turned:
            turn = f"translate({at:.1f} {tall + 13:.1f}) rotate(-30)"
            yield _tag("text", text=text, transform=turn, text_anchor="end")
        elif written:
            yield _tag("text", text=text, x=at, y=tall + 17, text_anchor="middle")
    if written:
        name, low = style.shorten(axis.name, 60), tall + (52 if turned else 35)
        yield _tag("text", **{"class": "name"}, text=name, x=wide / 2, y=low, text_anchor="middle")


def _up(axis: plot.Axis, wide: float, tall: float, written: bool) -> Iterator[str]:
    """Draw the left axis."""
    for value, text in axis.scale.ticks:
        at = tall * (1 - float(axis.scale.share(value)))
        if not axis.choices:
            yield _tag("line", **{"class": "rule"}, x1=0, x2=wide, y1=at, y2=at)
        if written:
            told = style.shorten(text, _LONGEST)
            yield _tag("text", text=told, x=-7, y=at + 4, text_anchor="end")
    if written and axis.name:
        longest = max((len(text) for _, text in axis.scale.ticks), default=0)
        turn = f"translate({-24 - _LETTER * longest:.0f} {tall / 2:.1f}) rotate(-90)"
        name = style.shorten(axis.name, int(tall / _LETTER))
        yield _tag("text", **{"class": "name"}, text=name, transform=turn, text_anchor="middle")


def _legend(panel: plot.PlotPanel, left: float) -> str:
    """Name the series above the first panel."""
    parts, at = [], left
    for series in panel.series:
        if isinstance(series, plot.Bars) or not series.name:
            continue
        name = style.shorten(series.name, 40)
        if isinstance(series, plot.Steps):
            parts.append(_tag("path", d=f"M{at:.0f} 8h22", stroke=series.colour))
        else:
            look = series.look
            d = _SHAPES.get(look.shape, "M-1 0A1 1 0 1 1 1 0 1 1 0 1 1-1 0")
            turn = f"translate({at + 11:.0f} 8) scale(4.5)"
            thin = look.shape in ("bar", "cross")
            parts.append(
                _tag("path", d=d, transform=turn, **{"stroke" if thin else "fill": look.colour})
            )
        parts.append(_tag("text", text=name, x=at + 28, y=12))
        at += 50 + _LETTER * len(name)
    return _tag("g", *parts)


def _parallel(chart: plot.Parallel) -> str:
    """Draw upright axes side by side, and a line through them for each trial."""
    gap, top, tall, left = 118.0, 64.0, 330.0, 60.0
    pairs = zip(chart.axes, chart.values, strict=True)
    heights = top + tall * (1 - np.array([axis.scale.share(row) for axis, row in pairs]))
    across = left + gap * np.arange(len(chart.axes))
    colours = _ramp(plot.GOOD, chart.shade)
    lines = []
    for i in range(heights.shape[1]):
        d = "L".join(f"{x:.0f} {y:.1f}" for x, y in zip(across, heights[:, i], strict=True))
        look = {"stroke": colours[i]} if i != chart.best else {"class": "best"}
        lines.append(_tag("path", d=f"M{d}", data_trial=int(chart.trial[i]), **look))
    parts = [_tag("g", *lines, fill="none", **{"class": "lines"})]
    for place, (axis, x) in enumerate(zip(chart.axes, across.tolist(), strict=True)):
        parts.append(_tag("line", **{"class": "axis"}, x1=x, x2=x, y1=top, y2=top + tall))
        for value, text in axis.scale.ticks:
            y = top + tall * (1 - float(axis.scale.share(value)))
            told = style.shorten(text, 16)
            parts.append(_tag("text", **{"class": "over"}, text=told, x=x + 5, y=y + 4))
        bold = "name aim" if place >= len(chart.axes) - chart.aims else "name"
        turn = f"translate({x:.0f} {top - 12:.0f}) rotate(-14)"
        name = style.shorten(axis.name, 22)
        parts.append(_tag("text", **{"class": bold}, text=name, transform=turn))
    width = left + gap * (len(chart.axes) - 1) + 110
    return _whole(width, top + tall + 14, chart.title, parts)


def _ramp(ramp: plot.Ramp, shade: plot.Points) -> list[str]:
    """Return colours between those of 0, a half and 1."""
    known = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in ramp])
    mixed = [np.interp(shade, (0, 0.5, 1), known[:, band]) for band in range(3)]
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in np.rint(mixed).astype(int).T.tolist()]
