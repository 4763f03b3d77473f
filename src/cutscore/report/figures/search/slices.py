"""What came of each value of each setting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.search import plot
from cutscore.report.figures.search.searched import Searched, Setting

_COLUMNS = 4


def slices(searched: Searched, most: int | None = None) -> plot.PanelGrid:
    """Show the first objective against each of the first `most` settings; late trials are dark."""
    settings, aim = searched.settings[:most], searched.aims[0]
    up = aim.axis(*aim.ends(), most=5)
    more = plot.left_out(len(settings), len(searched.settings), "more")
    return plot.PanelGrid(
        f"{aim.name[:1].upper()}{aim.name[1:]} by setting{more}",
        "Every complete trial. Light: early trials, dark: late ones; diamond: the best.",
        tuple(_panel(searched, setting, up) for setting in settings),
        size=(2.2, 1.6),
        gap=(0.25, 0.75),
        columns=min(_COLUMNS, max(2, len(settings))),
        shared="y",
    )


def _panel(searched: Searched, setting: Setting, up: plot.Axis) -> plot.PlotPanel:
    """Show one setting."""
    shown = searched.drawn & np.isfinite(setting.place)
    x, y = setting.spread(), searched.aims[0].shown()
    look = plot.MarkerStyle("circle", style.BLUE, 4.5 if len(x) <= 200 else 3, 0.85)
    late = searched.number[shown] / max(1, int(searched.number.max(initial=1)))
    series = [replace(plot.marks("", shown, x, y, look), shade=late)]
    if searched.best is not None and shown[searched.best]:
        series.append(plot.marks("best", searched.only_best, x, y, plot.BEST))
    return plot.PlotPanel(setting.axis(*setting.ends(), air=0.04, most=4), up, tuple(series))
