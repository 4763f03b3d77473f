"""Pictures of what has moved, and of how it went over the periods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cutscore.monitoring.figures import Figures
from cutscore.monitoring.monitor import Monitored
from cutscore.report.figures import style
from cutscore.report.figures.legend import Dot
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import AxisScale, linear, named
from cutscore.report.figures.sheet import POINT, Sheet

_TOP = 20


def drift_picture(found: Monitored, name: str) -> Sheet:
    """Draw the indexes of the latest period, the largest first, beside what chance makes."""
    latest = list(found.periods)[-1]
    here = [f for f in found.findings if f.period == latest and f.noise is not None]
    ranked = sorted(here, key=lambda f: (-f.value, f.name))[:_TOP]
    values = np.array([each.value for each in ranked])
    noise = np.array([each.noise or 0.0 for each in ranked])
    top = 1.08 * max(float(np.max(np.append(values, noise[np.isfinite(noise)]))), 0.05)
    height = max(2.6, 1.4 + 0.27 * len(ranked))
    box = (0.33, 0.62 / height, 0.63, 1 - 1.3 / height)
    panel = Panel(Sheet(7.2, height), box, linear(0.0, top), AxisScale(len(ranked) - 0.4, -0.6))
    rows = np.arange(len(ranked), dtype=np.float64)
    for verdict, colour in (("alarm", style.ORANGE), ("", style.BLUE)):
        here_too = np.array([(f.verdict == "alarm") == bool(verdict) for f in ranked])
        at = rows[here_too]
        panel.bars(np.zeros(len(at)), values[here_too], (at - 0.34, at + 0.34), colour)
    ends = [np.column_stack([noise, rows + side * 0.42]) for side in (-1, 1)]
    panel.spans(np.stack(ends, axis=1), style.INK, 1.6)
    left = panel.edges[0] - 5 * POINT
    for row, each in enumerate(ranked):
        middle = panel.place([0.0], [row])[0, 1]
        text = style.shorten(each.name, 31)
        panel.sheet.text(left, middle, text, 9, across="right", along="middle")
    panel.name("stability index (PSI); stroke: what chance alone makes; orange: alarm", "")
    more = f", {len(here) - len(ranked)} smaller ones not shown" if len(here) > len(ranked) else ""
    title(panel.sheet, f"What has moved since training{more}", f"{name}, {latest}")
    return panel.sheet


def history_picture(found: Monitored, figures: Figures, name: str) -> Sheet:
    """Draw shares and costs by period: what was promised, estimated, and came."""
    sheet = Sheet(7.2, 6.6)
    scored, labels = found.scored, list(figures)
    shares = Panel(
        sheet, (0.11, 0.56, 0.85, 0.31), named(labels), _scale(figures, _SHARES, scored.base_rate)
    )
    shares.level(scored.base_rate, style.GREY, 1, ":", "base rate in training")
    _lines(shares, figures, _SHARES)
    shares.name("", "share of rows")
    shares.legend()
    promised = scored.cost_per_row
    costs = Panel(sheet, (0.11, 0.10, 0.85, 0.34), named(labels), _scale(figures, _COSTS, promised))
    if promised is not None:
        costs.level(promised, style.GREY, 1, ":", "cost promised (cross-fitted)")
    _lines(costs, figures, _COSTS)
    costs.name("", "cost per row")
    costs.legend()
    title(sheet, "By period: shares and costs", name)
    return sheet


_SHARES = {
    "flagged_share": ("flagged", style.PINK),
    "estimated_base_rate": ("positives, estimated by prior shift", style.SKY),
    "base_rate": ("positives, labelled", style.ORANGE),
}
_COSTS = {
    "estimated_cost_per_row": ("estimated from probabilities", style.SKY),
    "cost_per_row": ("realised", style.ORANGE),
}
_Lines = Mapping[str, tuple[str, str]]


def _lines(panel: Panel, figures: Figures, lines: _Lines) -> None:
    for key, (label, colour) in lines.items():
        points = [(at, f[key]) for at, f in enumerate(figures.values()) if key in f]
        if points:
            x, y = zip(*points, strict=True)
            panel.curve(x, y, colour, 1.6, dot=Dot("o", 5), label=label)


def _scale(figures: Figures, lines: _Lines, more: float | None) -> AxisScale:
    values = [f[key] for f in figures.values() for key in lines if key in f]
    values += [] if more is None else [more]
    return linear(min(0.0, *values, 0.0), 1.9 * max([*values, 1e-9]))  # room for the legend
