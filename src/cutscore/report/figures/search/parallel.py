"""All settings of all trials at once, as one line a trial."""

from __future__ import annotations

import numpy as np

from cutscore.report.figures.search import plot
from cutscore.report.figures.search.searched import Searched, SearchObjective, Setting, shade


def parallel_coordinates(searched: Searched, most: int | None = None) -> plot.Parallel:
    """Show a line through the settings and objectives of each trial; the better, the darker."""
    settings, aims = searched.settings[:most], searched.aims
    drawn: tuple[Setting | SearchObjective, ...] = (*settings, *aims)
    values = np.array([axis.place for axis in settings] + [aim.shown() for aim in aims])
    shown = np.flatnonzero(searched.drawn & np.isfinite(values).all(axis=0))
    good = shade(aims[0])[shown]
    order = np.argsort(good, kind="stable")  # the best are drawn last
    trials = shown[order]
    best = np.flatnonzero(trials == searched.best)
    axes = tuple(axis.axis(*axis.ends(), most=4) for axis in drawn)
    return plot.Parallel(
        f"Every complete trial{plot.left_out(len(settings), len(searched.settings), 'settings')}",
        f"One line a trial, the darker the better its {aims[0].name}; orange: the best.",
        axes,
        len(aims),
        trials,
        values[:, trials],
        good[order],
        int(best[0]) if best.size else None,
    )
