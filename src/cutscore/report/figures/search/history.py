"""How a search went on: the value of each trial and the best so far."""

from __future__ import annotations

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.scales import linear
from cutscore.report.figures.search import plot
from cutscore.report.figures.search.searched import (
    FAILED,
    PRUNED,
    Points,
    Searched,
    SearchObjective,
    best_so_far,
)

_LOST = (
    (PRUNED, "pruned", plot.MarkerStyle("bar", style.GREY, 6.5)),
    (FAILED, "failed", plot.MarkerStyle("cross", style.PINK, 6.5)),
)


def history(searched: Searched) -> plot.PanelGrid:
    """Show each objective by trial, with the best so far where there is only one.

    Pruned trials are marks where they ended. Failed ones, and those of which no such place is
    known, are marks along the lower edge.
    """
    number, several = searched.number, len(searched.aims) > 1
    first, last = (int(number.min()), int(number.max())) if number.size else (0, 1)
    air = 0.5 + 0.01 * (last - first)
    across = plot.Axis("trial", linear(first - air, last + air, whole=True, most=8))
    return plot.PanelGrid(
        "How the search went",
        "Bars: what pruned trials' folds foretold when they ended. Without a value: at the edge.",
        tuple(_panel(searched, aim, across) for aim in searched.aims),
        size=(6.4, 2.1 if several else 3.4),
        gap=(0, 0.4),
        shared="x",
        legend=True,
    )


def _panel(searched: Searched, aim: SearchObjective, across: plot.Axis) -> plot.PlotPanel:
    """Show one objective."""
    low, high = aim.with_ended.ends()
    room = 0.07 * (high - low)  # for the marks of trials without a value
    number, value, shown = searched.number, aim.value, searched.drawn
    inside = shown & (value >= low) & (value <= high)
    look = plot.MarkerStyle("circle", style.BLUE, 5.5 if len(number) <= 200 else 3.5, 0.75)
    series: list[plot.Marks | plot.Steps] = [
        plot.marks(f"complete: {int(shown.sum()):,}", inside, number, value, look)
    ]
    beyond = shown & ~inside
    if beyond.any():
        name = f"worse than shown: {int(beyond.sum()):,}"
        edge = plot.MarkerStyle("up" if aim.lower_is_better else "down", style.BLUE, 6, 0.5)
        series.append(plot.marks(name, beyond, number, np.clip(value, low, high), edge))
    if len(searched.aims) == 1 and shown.any():
        line = number.astype(np.float64), best_so_far(aim)
        series.append(plot.Steps("best so far", *line, style.ORANGE))
    if searched.best is not None:
        # Best in the first of several objectives can be far behind in another.
        best = searched.only_best
        name = f"best, trial {number[best][0]}: {style.number(float(value[best][0]))}"
        series.append(plot.marks(name, best, number, np.clip(value, low, high), plot.BEST))
    place = np.clip(aim.with_ended.value, low, high)
    series += _lost(searched, np.where(np.isnan(place), low - 0.6 * room, place))
    return plot.PlotPanel(across, aim.axis(low - room, high), tuple(series))


def _lost(searched: Searched, place: Points) -> list[plot.Marks]:
    """Return the trials without a value as marks at their places."""
    found = []
    for state, word, look in _LOST:
        which = searched.state == state
        if which.any():
            name = f"{word}: {int(which.sum()):,}"
            found.append(plot.marks(name, which, searched.number, place, look))
    return found
