"""What each number of trees would have cost in the best trials."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.scales import around, logarithmic
from cutscore.report.figures.search import plot
from cutscore.report.figures.search.searched import Points, Searched

COLOURS = (style.ORANGE, style.BLUE, style.GREEN, style.PINK, style.AMBER)
"""So many trials are shown, the best first."""


def tree_counts(searched: Searched, costs: Mapping[int, tuple[Points, Points]]) -> plot.PanelGrid:
    """Show a line a trial: `costs` are numbers of trees and their costs by the trial's number."""
    place = {int(number): i for i, number in enumerate(searched.number)}
    series: list[plot.Steps | plot.Marks] = []
    for colour, (number, (trees, cost)) in zip(COLOURS, costs.items(), strict=False):
        look = plot.MarkerStyle("circle", colour, 4.5)
        trials = np.full(len(trees), place[number])
        series.append(plot.Steps("", trees, cost, colour, straight=True))
        series.append(plot.Marks(f"trial {number}", trials, trees, cost, look))
    trees, cost = (np.concatenate(column) for column in zip(*costs.values(), strict=True))
    x = logarithmic(float(trees.min()), 1.01 * float(trees.max()), style.number, air=0.02)
    y = around(cost, style.tick)
    return plot.PanelGrid(
        "Cost by number of trees of the best trials",
        "At one threshold, chosen on these very folds: trials are ranked by the cross-fitted cost.",
        (plot.PlotPanel(plot.Axis("trees", x), plot.Axis("cost", y), tuple(series)),),
        size=(6.4, 3.0),
        legend=True,
    )
