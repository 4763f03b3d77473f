"""Which settings made the difference."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.scales import AxisScale, linear
from cutscore.report.figures.search import plot


def importances(shares: Mapping[str, float], note: str, most: int | None = None) -> plot.PanelGrid:
    """Show each setting's share as a bar, greatest on top.

    `note` says what they are shares of, and from how many trials.
    """
    shown = list(shares.items())[:most]
    lengths = np.array([share for _, share in shown])
    names = tuple((float(row), name) for row, (name, _) in enumerate(shown))
    panel = plot.PlotPanel(
        plot.Axis("share (PED-ANOVA)", linear(0, 1.1 * (float(lengths.max()) or 1.0))),
        plot.Axis("", AxisScale(len(shown) - 0.4, -0.6, ticks=names), choices=True),
        (plot.Bars(lengths, tuple(f"{share:.1%}" for _, share in shown), style.BLUE),),
    )
    return plot.PanelGrid(
        f"What made the difference{plot.left_out(len(shown), len(shares), 'more')}",
        note,
        (panel,),
        size=(5.6, 0.29 * len(shown)),
    )
