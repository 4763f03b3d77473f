"""What came of each value of each setting."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.search.searched import Aim, Searched, Setting, log_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 12
_COLUMNS = 4
_NARROW = 11
"""Characters of a choice that fit under a panel."""


def slices(study: str, searched: Searched, most: int = MOST) -> Figure:
    """Draw the first objective against each of the first `most` settings; late trials are dark."""
    settings = searched.settings[:most]
    columns = min(_COLUMNS, max(2, len(settings)))
    rows = math.ceil(len(settings) / columns)
    width, height = 1.0 + 2.45 * columns, 0.92 + 2.35 * rows
    figure = style.new_figure(width, height)
    aim = searched.aims[0]
    for i, setting in enumerate(settings):
        row, column = divmod(i, columns)
        left, bottom = 0.85 + 2.45 * column, 0.92 + 2.35 * (rows - 1 - row)
        box = (left / width, bottom / height, 2.2 / width, 1.6 / height)
        axes = style.plain_axes(figure, box)
        _draw(axes, searched, aim, setting)
        words = style.shorten(aim.name, 24) if column == 0 else ""
        style.label(axes, style.shorten(setting.name, 26), words)
        if column:
            axes.tick_params(labelleft=False)
    left_out = len(searched.settings) - len(settings)
    more = f", {left_out} more not shown" if left_out else ""
    style.title(figure, f"{aim.name[:1].upper()}{aim.name[1:]} by setting{more}", study)
    figure.text(
        0.02, 0.1 / height, "light: early trials, dark: late; diamond: the best",
        fontsize=8.5, color=style.GREY, va="bottom",
    )  # fmt: skip
    return figure


def _draw(axes: Axes, searched: Searched, aim: Aim, setting: Setting) -> None:
    """Draw one panel."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.ticker import FuncFormatter

    low, high = aim.ends()
    shown = searched.drawn & np.isfinite(setting.place)
    place = setting.spread()
    axes.scatter(
        place[shown], np.clip(aim.value[shown], low, high), c=searched.number[shown],
        cmap=LinearSegmentedColormap.from_list("late", ["#BFDDEE", style.BLUE, "#00304D"]),
        vmin=0, vmax=max(1, int(searched.number.max(initial=1))),
        s=18 if len(place) <= 200 else 9, linewidths=0, alpha=0.85, clip_on=False,
    )  # fmt: skip
    if searched.best is not None and shown[searched.best]:
        axes.plot(
            place[searched.best], aim.value[searched.best], "D", markersize=7.5,
            color=style.ORANGE, markeredgecolor="white", zorder=5,
        )  # fmt: skip
    axes.set_ylim(low, high)
    axes.locator_params(axis="y", nbins=5)
    axes.yaxis.set_major_formatter(FuncFormatter(style.tick))
    _place_ticks(axes, setting)


def _place_ticks(axes: Axes, setting: Setting) -> None:
    """Put few and readable ticks along the setting's axis."""
    low, high = setting.ends()
    if setting.labels:
        few = len(setting.labels) < 3
        labels = [style.shorten(label, 16 if few else _NARROW) for label in setting.labels]
        axes.set_xticks(range(len(labels)), labels, fontsize=8)
        if not few:
            axes.tick_params(axis="x", labelrotation=18 if len(labels) < 5 else 60, pad=1)
        axes.set_xlim(low, high)
        return
    if setting.log and low > 0:
        axes.set_xscale("log")
        ticks = log_ticks(low, high)
        axes.set_xticks(ticks, [style.number(tick) for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlim(low / (high / low) ** 0.04, high * (high / low) ** 0.04)
        return
    air = 0.04 * (high - low)
    axes.set_xlim(low - air, high + air)
    axes.locator_params(axis="x", nbins=4, integer=setting.whole)
