"""What can be had of one objective for how much of another."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.search.searched import Aim, Searched, finite_ends

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST = 6
"""Pairs of objectives that are drawn."""


def pareto_front(study: str, searched: Searched) -> Figure:
    """Draw each pair of objectives, the trials of the Pareto front marked.

    With two objectives the front is a staircase: what lies on its far side nobody has reached.
    """
    pairs = list(itertools.combinations(searched.aims, 2))
    shown = pairs[:_MOST]
    columns = min(3, len(shown))
    rows = math.ceil(len(shown) / columns)
    side = 6.6 if columns == 1 else 4.2
    width, height = 0.4 + side * columns, 0.45 + 4.2 * rows
    figure = style.new_figure(width, height)
    for i, (first, second) in enumerate(shown):
        row, column = divmod(i, columns)
        left, bottom = 0.75 + side * column, 0.6 + 4.2 * (rows - 1 - row)
        box = (left / width, bottom / height, (side - 0.75) / width, 3.35 / height)
        axes = style.plain_axes(figure, box)
        _draw(axes, searched, first, second, stairs=len(pairs) == 1)
        style.label(axes, style.shorten(first.name, 40), style.shorten(second.name, 40))
        if i == 0:
            style.legend(axes, _free_corner(first, second))
    left_out = len(pairs) - len(shown)
    more = f", {left_out} pairs not shown" if left_out else ""
    style.title(figure, f"Pareto front: {int(searched.front.sum())} trials{more}", study)
    return figure


def _draw(axes: Axes, searched: Searched, first: Aim, second: Aim, *, stairs: bool) -> None:
    """Draw two objectives against each other."""
    from matplotlib.ticker import FuncFormatter

    front = searched.front
    behind = searched.drawn & ~front
    (left, right), (low, high) = (_ends(aim, front) for aim in (first, second))
    axes.plot(
        np.clip(first.value[behind], left, right), np.clip(second.value[behind], low, high), "o",
        markersize=4.5, color=style.BLUE, alpha=0.55, markeredgewidth=0, label="beaten by another",
    )  # fmt: skip
    order = np.flatnonzero(front)[np.argsort(first.loss[front], kind="stable")]
    x, y = first.value[order], second.value[order]
    if stairs and order.size:
        axes.step(x, y, where="post", color=style.ORANGE, linewidth=1.4)
    axes.plot(
        x, y, "o", markersize=7, color=style.ORANGE, markeredgecolor="white", zorder=5,
        label="on the front",
    )  # fmt: skip
    if stairs and order.size <= 12:
        for i in order:
            axes.annotate(
                str(searched.number[i]), (first.value[i], second.value[i]),
                xytext=(6, 5), textcoords="offset points", fontsize=8.5, color=style.INK,
            )  # fmt: skip
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    axes.xaxis.set_major_formatter(FuncFormatter(style.tick))
    axes.yaxis.set_major_formatter(FuncFormatter(style.tick))


def _ends(aim: Aim, front: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the range worth drawing, with all of the front in it."""
    low, high = aim.ends()
    least, most = finite_ends(aim.value[front]) if front.any() else (low, high)
    air = 0.05 * (high - low)
    return min(low, least - air), max(high, most + air)


def _free_corner(first: Aim, second: Aim) -> style.Location:
    """Return the corner farthest from the front."""
    if first.lower_is_better:
        return "upper right" if second.lower_is_better else "lower right"
    return "upper left" if second.lower_is_better else "best"
