"""ROC and precision-recall curves, pooled and per fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
) -> Figure:
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
    figure = style.new_figure()
    axes = style.plain_axes(figure, _BOX)
    axes.plot([0, 1], [0, 1], color=style.GREY, linewidth=1, linestyle=":", label="no skill")
    name = f"out-of-fold, AUC {auc:.4f}"
    _lines(axes, pooled, folds, name, _fold_name(spread, "AUC"))
    if chosen is not None:
        _mark(axes, chosen)
    _square(axes)
    style.label(axes, "false positive rate", "true positive rate (recall)")
    style.legend(axes, "lower right")
    style.title(figure, "ROC curve", run)
    return figure


def pr_curve(
    run: str,
    pooled: Curve,
    folds: Sequence[Curve],
    average_precision: float,
    base_rate: float,
    spread: tuple[float, float] | None = None,
    chosen: tuple[float, float] | None = None,
) -> Figure:
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
    figure = style.new_figure()
    axes = style.plain_axes(figure, _BOX)
    axes.axhline(
        base_rate, color=style.GREY, linewidth=1, linestyle=":", label=f"base rate {base_rate:.2%}"
    )
    name = f"out-of-fold, average precision {average_precision:.4f}"
    _lines(axes, pooled, folds, name, _fold_name(spread, "average precision"))
    if chosen is not None:
        _mark(axes, chosen)
    _square(axes)
    style.label(axes, "recall", "precision")
    style.legend(axes, "upper right")
    style.title(figure, "Precision-recall curve", run)
    return figure


def _lines(axes: Axes, pooled: Curve, folds: Sequence[Curve], name: str, fold_name: str) -> None:
    """Draw the folds thin and the pooled curve on top; the folds are one line collection."""
    from matplotlib.collections import LineCollection

    if folds:
        paths = [np.column_stack(fold) for fold in folds]
        axes.add_collection(
            LineCollection(paths, colors=style.SKY, linewidths=0.8, alpha=0.7, label=fold_name)
        )
    axes.plot(*pooled, color=style.BLUE, linewidth=2, label=name, solid_joinstyle="round")


def _fold_name(spread: tuple[float, float] | None, what: str) -> str:
    """Return the legend of the folds."""
    return "folds" if spread is None else f"folds, {what} {spread[0]:.4f} ± {spread[1]:.4f}"


def _mark(axes: Axes, point: tuple[float, float]) -> None:
    """Mark the decision threshold."""
    axes.plot(
        *point, "o", markersize=8, color=style.ORANGE, markeredgecolor="white",
        label="decision threshold", zorder=5,
    )  # fmt: skip


def _square(axes: Axes) -> None:
    """Show the unit square with a little air."""
    axes.set_xlim(-0.015, 1.015)
    axes.set_ylim(-0.015, 1.03)
