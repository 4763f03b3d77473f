"""Which features the model uses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cutscore.report.figures import style
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import AxisScale, linear
from cutscore.report.figures.sheet import POINT, Sheet


def feature_importance(
    run: str,
    importance: Mapping[str, float],
    kind: str,
    spread: Mapping[str, float] | None = None,
    top: int = 20,
) -> Sheet:
    """Draw the most important features as bars.

    Parameters
    ----------
    importance
        Importance of each feature (mean over folds).
    kind
        What the numbers are, for the axis, e.g. "gain, share of the total".
    spread
        Standard deviation over folds of each feature.
    top
        How many features to show.
    """
    # Ties by name, so that the picture does not depend on the order of a mapping.
    ranked = sorted(importance.items(), key=lambda entry: (-entry[1], entry[0]))[:top]
    values = np.array([value for _, value in ranked])
    bars = np.array([0.0 if spread is None else spread.get(name, 0.0) for name, _ in ranked])
    height = max(2.6, 1.3 + 0.27 * len(ranked))
    panel = Panel(
        Sheet(7.2, height),
        (0.36, 0.55 / height, 0.60, 1 - 1.25 / height),
        linear(0.0, 1.05 * float((values + bars).max()) or 1.0),
        AxisScale(len(ranked) - 0.4, -0.6),
    )
    rows = np.arange(len(ranked), dtype=np.float64)
    panel.bars(np.zeros(len(rows)), values, (rows - 0.34, rows + 0.34), style.BLUE)
    if bars.any():
        ends = [np.column_stack([values + side * bars, rows]) for side in (-1, 1)]
        panel.spans(np.stack(ends, axis=1), style.ORANGE, 1.2, cap=2)
    left = panel.edges[0] - 5 * POINT
    for row, (name, _) in enumerate(ranked):
        middle = panel.place([0.0], [row])[0, 1]
        text = style.shorten(name, 31)
        panel.sheet.text(left, middle, text, 9, across="right", along="middle")
    panel.name(kind, "")
    left_out = len(importance) - len(ranked)
    more = f", {left_out} more not shown" if left_out else ""
    title(panel.sheet, f"Feature importance{more}", run)
    return panel.sheet
