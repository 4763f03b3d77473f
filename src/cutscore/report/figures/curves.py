"""ROC and precision-recall curves, pooled and per fold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.legend import Dot
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import linear
from cutscore.report.figures.sheet import Sheet

Points = npt.NDArray[np.float64]
Curve = tuple[Points, Points]
_BOX = (0.11, 0.12, 0.85, 0.73)


def roc_curve(
    run: str,
    pooled: Curve,
    folds: Sequence[Curve],
    auc: float,
    spread: tuple[float, float] | None = None,
    chosen: tuple[float, float] | None = None,
) -> Sheet:
    """Draw true against false positive rates.

    Parameters
    ----------
    pooled, folds
        (false positive rates, true positive rates) of all out-of-fold scores, and of each fold.
    auc
        Area of the pooled curve.
    spread
        Mean and standard deviation of the folds' areas.
    chosen
        The point of the decision threshold.
    """
    panel = _square()
    panel.curve([0, 1], [0, 1], style.GREY, 1, dashes=":", label="no skill")
    name = f"out-of-fold, AUC {auc:.4f}"
    _lines(panel, pooled, folds, name, _fold_name(spread, "AUC"))
    if chosen is not None:
        _mark(panel, chosen)
    panel.name("false positive rate", "true positive rate (recall)")
    panel.legend("lower right")
    title(panel.sheet, "ROC curve", run)
    return panel.sheet


def pr_curve(
    run: str,
    pooled: Curve,
    folds: Sequence[Curve],
    average_precision: float,
    base_rate: float,
    spread: tuple[float, float] | None = None,
    chosen: tuple[float, float] | None = None,
) -> Sheet:
    """Draw precision against recall.

    Parameters
    ----------
    pooled, folds
        (recalls, precisions) of all out-of-fold scores, and of each fold.
    average_precision
        Average precision of the pooled scores.
    base_rate
        Share of positives: the precision of flagging at random.
    spread
        Mean and standard deviation of the folds' average precisions.
    chosen
        The point of the decision threshold.
    """
    panel = _square()
    panel.level(base_rate, style.GREY, 1, ":", f"base rate {base_rate:.2%}")
    name = f"out-of-fold, average precision {average_precision:.4f}"
    _lines(panel, pooled, folds, name, _fold_name(spread, "average precision"))
    if chosen is not None:
        _mark(panel, chosen)
    panel.name("recall", "precision")
    panel.legend("upper right")
    title(panel.sheet, "Precision-recall curve", run)
    return panel.sheet


def _square() -> Panel:
    """Return a panel of the unit square with a little air."""
    return Panel(Sheet(), _BOX, linear(-0.015, 1.015), linear(-0.015, 1.03))


def _lines(panel: Panel, pooled: Curve, folds: Sequence[Curve], name: str, fold_name: str) -> None:
    """Draw the folds thin and the pooled curve on top; the folds share an entry in the legend."""
    for i, fold in enumerate(folds):
        panel.curve(*fold, style.SKY, 0.8, alpha=0.7, label="" if i else fold_name)
    panel.curve(*pooled, style.BLUE, 2, label=name)


def _fold_name(spread: tuple[float, float] | None, what: str) -> str:
    """Return the legend of the folds."""
    return "folds" if spread is None else f"folds, {what} {spread[0]:.4f} ± {spread[1]:.4f}"


def _mark(panel: Panel, point: tuple[float, float]) -> None:
    """Mark the decision threshold."""
    panel.point(*point, style.ORANGE, Dot("o", 8), "decision threshold")
