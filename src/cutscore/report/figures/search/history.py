"""How a search went on: the value of each trial and the best so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.search.searched import FAILED, PRUNED, Aim, Searched, best_so_far

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def history(study: str, searched: Searched) -> Figure:
    """Draw each objective by trial, with the best so far where there is only one.

    Pruned and failed trials have no value: they are marks along the lower edge.
    """
    panels = len(searched.aims)
    each = 3.4 if panels == 1 else 2.5
    height = 1.65 + each * panels
    figure = style.new_figure(7.6, height)
    for i, aim in enumerate(searched.aims):
        bottom = 0.55 + (panels - 1 - i) * each
        tall = each - (0.4 if i < panels - 1 else 0)
        axes = style.plain_axes(figure, (0.13, bottom / height, 0.84, tall / height))
        _draw(axes, searched, aim)
        style.label(axes, "trial" if i == panels - 1 else "", style.shorten(aim.name, 34))
        if i == 0:
            # Above the axes, for every corner inside may hold trials.
            axes.legend(
                loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize=8.5,
                frameon=False, labelcolor=style.INK, columnspacing=1.4, handletextpad=0.4,
            )  # fmt: skip
    style.title(figure, "How the search went", study)
    return figure


def _draw(axes: Axes, searched: Searched, aim: Aim) -> None:
    """Draw one objective."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    low, high = aim.ends()
    number, shown = searched.number, searched.drawn
    inside = shown & (aim.value >= low) & (aim.value <= high)
    axes.plot(
        number[inside], aim.value[inside], "o", markersize=_size(len(number)), color=style.BLUE,
        alpha=0.75, markeredgewidth=0, label=f"complete: {int(shown.sum()):,}",
    )  # fmt: skip
    beyond = shown & ~inside
    if beyond.any():
        edge, mark = (high, "^") if aim.lower_is_better else (low, "v")
        axes.plot(
            number[beyond], np.full(int(beyond.sum()), edge), mark, markersize=6, clip_on=False,
            color=style.BLUE, alpha=0.5, label=f"worse than shown: {int(beyond.sum()):,}",
        )  # fmt: skip
    if len(searched.aims) == 1 and shown.any():
        axes.step(
            number, best_so_far(aim), where="post", color=style.ORANGE, linewidth=1.8,
            label="best so far",
        )  # fmt: skip
    _draw_best(axes, searched, aim)
    for state, mark, colour, word in (
        (PRUNED, "|", style.GREY, "pruned"),
        (FAILED, "x", style.PINK, "failed"),
    ):
        which = searched.state == state
        if which.any():
            axes.plot(
                number[which], np.full(int(which.sum()), 0.025), mark, markersize=6.5,
                color=colour, markeredgewidth=1.4, transform=axes.get_xaxis_transform(),
                label=f"{word}: {int(which.sum()):,}",
            )  # fmt: skip
    # Room below for the marks of trials without a value.
    axes.set_ylim(low - 0.07 * (high - low), high)
    first, last = (int(number.min()), int(number.max())) if number.size else (0, 1)
    axes.set_xlim(first - 0.5 - 0.01 * (last - first), last + 0.5 + 0.01 * (last - first))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(style.tick))
    if not shown.any():
        axes.set_yticks([])


def _draw_best(axes: Axes, searched: Searched, aim: Aim) -> None:
    """Mark the best trial."""
    if searched.best is None:
        return
    number, value = int(searched.number[searched.best]), float(aim.value[searched.best])
    # Best in the first of several objectives can be far behind in another.
    axes.plot(
        number, np.clip(value, *aim.ends()), "D", markersize=8,
        color=style.ORANGE, markeredgecolor="white", zorder=5,
        label=f"best, trial {number}: {style.number(value)}",
    )  # fmt: skip


def _size(trials: int) -> float:
    """Return the size of a point in a picture with so many of them."""
    return 5.5 if trials <= 200 else 3.5
