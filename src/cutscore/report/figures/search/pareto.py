"""What can be had of one objective for how much of another."""

from __future__ import annotations

import itertools

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.search import plot
from cutscore.report.figures.search.searched import Searched, SearchObjective, finite_ends

_FEW = 12
"""Up to so many trials of the front are numbered."""

_BEHIND = plot.MarkerStyle("circle", style.BLUE, 4.5, 0.55)
_FRONT = plot.MarkerStyle("circle", style.ORANGE, 7, edge="white")


def pareto_front(searched: Searched, most: int | None = None) -> plot.PanelGrid:
    """Show each pair of objectives, the trials of the Pareto front marked.

    With two objectives the front is a staircase: what lies on its far side nobody has reached.
    """
    pairs = list(itertools.combinations(searched.aims, 2))
    shown, alone = pairs[:most], len(pairs) == 1
    more = plot.left_out(len(shown), len(pairs), "pairs")
    return plot.PanelGrid(
        f"Pareto front: {int(searched.front.sum())} trials{more}",
        f"No trial is better in {'both' if alone else 'all'} than one on the front.",
        tuple(_panel(searched, first, second, alone=alone) for first, second in shown),
        size=(5.85, 3.35) if alone else (3.45, 3.35),
        gap=(0.95, 0.85),
        columns=min(3, len(shown)),
        legend=True,
    )


def _panel(
    searched: Searched, first: SearchObjective, second: SearchObjective, *, alone: bool
) -> plot.PlotPanel:
    """Show two objectives against each other."""
    front = searched.front
    behind = searched.drawn & ~front
    (left, right), (low, high) = (_ends(aim, searched) for aim in (first, second))
    x, y = np.clip(first.value, left, right), np.clip(second.value, low, high)
    order = np.flatnonzero(front)[np.argsort(first.loss[front], kind="stable")]
    few = alone and order.size <= _FEW
    texts = tuple(str(number) for number in searched.number[order]) if few else ()
    reached = plot.Marks("on the front", order, x[order], y[order], _FRONT, texts=texts)
    series: list[plot.Marks | plot.Steps] = [plot.marks("beaten by another", behind, x, y, _BEHIND)]
    if alone and order.size:
        series.append(plot.Steps("", x[order], y[order], style.ORANGE))
    return plot.PlotPanel(first.axis(left, right), second.axis(low, high), (*series, reached))


def _ends(aim: SearchObjective, searched: Searched) -> tuple[float, float]:
    """Return the range worth showing, with all of the front in it."""
    low, high = aim.ends()
    front = aim.value[searched.front]
    least, most = finite_ends(front) if front.size else (low, high)
    air = 0.05 * (high - low)
    return min(low, least - air), max(high, most + air)
