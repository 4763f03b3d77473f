"""All settings of all trials at once, as one line a trial."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.search.searched import (
    Aim,
    Points,
    Searched,
    Setting,
    log_ticks,
    shade,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 11
_FEW = 60
"""Up to so many lines are drawn broadly."""


def parallel_coordinates(study: str, searched: Searched, most: int = MOST) -> Figure:
    """Draw a line through the settings and objectives of each trial; the better, the darker."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LinearSegmentedColormap

    settings = searched.settings[:most]
    drawn: tuple[Setting | Aim, ...] = (*settings, *searched.aims)
    columns = [_scaled(axis) for axis in drawn]
    shown = np.flatnonzero(searched.drawn & np.isfinite(np.array(columns)).all(axis=0))
    width = max(6.4, 1.3 + 1.12 * len(columns))
    figure = style.new_figure(width, 5.0)
    axes = figure.add_axes((0.35 / width, 0.13, 1 - 2.0 / width, 0.63))
    good = shade(searched.aims[0])
    order = shown[np.argsort(good[shown], kind="stable")]  # the best are drawn last
    lines = np.stack(
        [np.tile(np.arange(len(columns)), (len(order), 1)), np.array(columns)[:, order].T], axis=2
    )
    colours = LinearSegmentedColormap.from_list("good", ["#DCE3E8", style.SKY, "#00507D"])
    axes.add_collection(
        LineCollection(
            list(lines), colors=colours(good[order]), linewidths=1.1 if len(order) <= _FEW else 0.5,
            alpha=0.8 if len(order) <= _FEW else 0.35,
        )
    )  # fmt: skip
    if searched.best is not None and searched.best in shown:
        best = [column[searched.best] for column in columns]
        axes.plot(range(len(columns)), best, color=style.ORANGE, linewidth=2.4, zorder=5)
    axes.set_xlim(-0.02, len(columns) - 1 + 0.02)
    axes.set_ylim(-0.03, 1.03)
    axes.axis("off")
    for place, axis in enumerate(drawn):
        _draw_axis(axes, place, axis)
    left_out = len(searched.settings) - len(settings)
    more = f", {left_out} settings not shown" if left_out else ""
    style.title(figure, f"Every complete trial{more}", study)
    words = f"darker: better {searched.aims[0].name}; orange: the best trial"
    figure.text(0.02, 0.03, style.shorten(words, 90), fontsize=8.5, color=style.GREY, va="bottom")
    return figure


def _scaled(axis: Setting | Aim) -> Points:
    """Return places on an axis from 0 to 1; what lies beyond its ends is put on them."""
    if isinstance(axis, Aim):
        low, high = axis.ends()
        return np.asarray(np.clip((axis.value - low) / (high - low), 0, 1))
    low, high = axis.ends()
    if axis.log and low > 0:
        return np.asarray(np.log(axis.place / low) / np.log(high / low))
    return np.asarray((axis.place - low) / (high - low))


def _draw_axis(axes: Axes, place: int, axis: Setting | Aim) -> None:
    """Draw one upright axis with its ticks and its name."""
    axes.plot([place, place], [0, 1], color=style.GREY, linewidth=1, zorder=3)
    for height, text in _ticks(axis):
        axes.text(
            place + 0.04, height, style.shorten(text, 13), fontsize=8, color=style.INK,
            va="center", zorder=6,
            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip
    bold = "bold" if isinstance(axis, Aim) else "normal"
    axes.text(
        place, 1.06, style.shorten(axis.name, 22), fontsize=9, color=style.INK, weight=bold,
        rotation=14, ha="left", va="bottom",
    )  # fmt: skip


def _ticks(axis: Setting | Aim) -> list[tuple[float, str]]:
    """Return the heights of an axis' ticks and their texts."""
    low, high = axis.ends()
    if isinstance(axis, Setting) and axis.labels:
        return [((i - low) / (high - low), text) for i, text in enumerate(axis.labels)]
    if isinstance(axis, Setting) and axis.log and low > 0:
        ticks = log_ticks(low, high)
        return [(float(np.log(t / low) / np.log(high / low)), style.number(t)) for t in ticks]
    if isinstance(axis, Aim):
        from matplotlib.ticker import MaxNLocator

        rounded = MaxNLocator(4).tick_values(low, high)
        values = [float(value) for value in rounded if low <= value <= high]
    else:
        middle = (low + high) / 2
        values = [low, float(round(middle)) if axis.whole else middle, high]
    return [((value - low) / (high - low), style.number(value)) for value in values]
