"""ROC and precision-recall curves, pooled and per fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.legend import Dot
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import linear
from cutscore.report.figures.sheet import Sheet

Points = npt.NDArray[np.float64]
Curve = tuple[Points, Points]


@dataclass(frozen=True, eq=False)
class FoldCurves:
    """A curve of all out-of-fold scores, and one of each fold.

    Attributes
    ----------
    pooled, folds : x and y, shape (points,)
    area : below the pooled curve
    spread : mean and standard deviation of the folds' areas, where every fold has one
    chosen : the point of the decision threshold
    """

    pooled: Curve
    folds: Sequence[Curve]
    area: float
    spread: tuple[float, float] | None = None
    chosen: tuple[float, float] | None = None


def roc_curve(run: str, shown: FoldCurves) -> Sheet:
    """Draw true against false positive rates."""
    panel = _square()
    panel.curve([0, 1], [0, 1], style.GREY, 1, dashes=":", label="no skill")
    _lines(panel, shown, "AUC")
    panel.name("false positive rate", "true positive rate (recall)")
    panel.legend("lower right")
    title(panel.sheet, "ROC curve", run)
    return panel.sheet


def pr_curve(run: str, shown: FoldCurves, base_rate: float) -> Sheet:
    """Draw precision against recall; `base_rate` is the precision of flagging at random."""
    panel = _square()
    panel.level(base_rate, style.GREY, 1, ":", f"base rate {base_rate:.2%}")
    _lines(panel, shown, "average precision")
    panel.name("recall", "precision")
    panel.legend("upper right")
    title(panel.sheet, "Precision-recall curve", run)
    return panel.sheet


def _square() -> Panel:
    """Return a panel of the unit square with a little air."""
    return Panel(Sheet(), (0.11, 0.12, 0.85, 0.73), linear(-0.015, 1.015), linear(-0.015, 1.03))


def _lines(panel: Panel, shown: FoldCurves, what: str) -> None:
    """Draw the folds thin, the pooled curve on top, and mark the decision threshold.

    The folds share an entry in the legend.
    """
    name = "folds"
    if shown.spread is not None:
        name = f"folds, {what} {shown.spread[0]:.4f} ± {shown.spread[1]:.4f}"
    for i, fold in enumerate(shown.folds):
        panel.curve(*fold, style.SKY, 0.8, alpha=0.7, label="" if i else name)
    panel.curve(*shown.pooled, style.BLUE, 2, label=f"out-of-fold, {what} {shown.area:.4f}")
    if shown.chosen is not None:
        panel.point(*shown.chosen, style.ORANGE, Dot("o", 8), "decision threshold")
