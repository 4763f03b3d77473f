"""Whether scores are probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cutscore.records import Scores, Target
from cutscore.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Points = npt.NDArray[np.float64]
HISTOGRAM_BINS = 50
_NEAR_ZERO = 0.6


@dataclass(frozen=True, eq=False)
class Reliability:
    """Mean score, share of positives and number of rows of each bin, shape (bins,).

    `histogram` counts all scores in 50 equal bins of [0, 1].
    """

    score: Points
    share: Points
    count: npt.NDArray[np.int64]
    histogram: npt.NDArray[np.int64]


def reliability(target: Target, scores: Scores, bins: int) -> Reliability:
    """Cut the scores into bins of about equally many rows; equal scores stay together.

    Parameters
    ----------
    target, scores
        Shape (rows,), scores in [0, 1].
    bins
        How many bins to make; ties may leave fewer.
    """
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)[1:-1]))
    which = np.searchsorted(edges, scores, side="left")
    count = np.bincount(which, minlength=len(edges) + 1)
    filled = count > 0
    totals = np.bincount(which, weights=scores, minlength=len(count))[filled]
    positives = np.bincount(which, weights=target, minlength=len(count))[filled]
    histogram, _ = np.histogram(scores, bins=HISTOGRAM_BINS, range=(0.0, 1.0))
    count = count[filled]
    return Reliability(totals / count, positives / count, count, histogram)


def calibration(run: str, shown: Reliability, brier: float | None = None) -> Figure:
    """Draw the reliability diagram, and below it how many rows have which score.

    Bars are 95 % intervals of a share by Wilson's formula.
    """
    figure = style.new_figure(6.4, 5.4)
    upper = style.plain_axes(figure, (0.11, 0.37, 0.85, 0.51))
    lower = style.plain_axes(figure, (0.11, 0.10, 0.85, 0.19))
    top = float(max(shown.score.max(), shown.share.max())) * 1.15
    # Scores of rare events crowd near 0: show the part that holds them.
    limit = min(1.0, top) if top < _NEAR_ZERO else 1.0
    upper.plot([0, 1], [0, 1], color=style.GREY, linestyle=":", linewidth=1, label="perfect")
    low, high = _wilson(shown.share, shown.count)
    # Rounding can put a bound past the share itself by one bit.
    errors = np.maximum(np.vstack((shown.share - low, high - shown.share)), 0)
    rows = style.number(float(np.median(shown.count)))
    upper.errorbar(
        shown.score, shown.share, yerr=errors, fmt="o-", color=style.BLUE, markersize=4.5,
        linewidth=1.3, elinewidth=1, ecolor=style.SKY,
        label=f"{len(shown.count)} bins of about {rows} rows",
    )  # fmt: skip
    upper.set_xlim(-0.015 * limit, 1.015 * limit)
    upper.set_ylim(-0.015 * limit, 1.03 * limit)
    style.label(upper, "mean score", "share of positives")
    style.legend(upper, "upper left")
    _histogram(lower, shown.histogram)
    text = "" if brier is None else f" (Brier score {brier:.4f})"
    style.title(figure, f"Calibration of out-of-fold scores{text}", run)
    return figure


def _histogram(axes: Axes, histogram: npt.NDArray[np.int64]) -> None:
    """Draw how many rows have which score, on a logarithmic scale."""
    edges = np.linspace(0, 1, len(histogram) + 1)
    axes.stairs(histogram, edges, fill=True, color=style.SKY, baseline=0.5)
    axes.set_yscale("log")
    axes.set_ylim(0.5, max(float(histogram.max()), 1.0) * 2)
    axes.set_xlim(-0.015, 1.015)
    style.label(axes, "score", "rows (log)")


def _wilson(share: Points, count: npt.NDArray[np.int64]) -> tuple[Points, Points]:
    """Return the 95 % interval of a share by Wilson (1927)."""
    z = 1.959964
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    spread = np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    half = z * spread / (1 + z**2 / count)
    return centre - half, centre + half
