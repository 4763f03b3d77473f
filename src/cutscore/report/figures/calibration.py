"""Whether scores are probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.metrics import equal_count_bins
from cutscore.records import Scores, Target, Weights
from cutscore.report.figures import style
from cutscore.report.figures.legend import Dot
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import decades, linear
from cutscore.report.figures.sheet import Sheet

Points = npt.NDArray[np.float64]
HISTOGRAM_BINS = 50
_NEAR_ZERO = 0.6
_LEAST_ROWS = 0.5


@dataclass(frozen=True, eq=False)
class Reliability:
    """Mean score, share of positives and number of rows of each bin, shape (bins,).

    `histogram` counts all scores in 50 equal bins of [0, 1].
    """

    score: Points
    share: Points
    count: npt.NDArray[np.int64]
    histogram: npt.NDArray[np.int64]


def reliability(
    target: Target, scores: Scores, bins: int, weights: Weights | None = None
) -> Reliability:
    """Cut the scores into bins of about equally many rows; equal scores stay together.

    Means and shares are by weight; rows are counted as they are.

    Parameters
    ----------
    target, scores
        Shape (rows,), scores in [0, 1].
    bins
        How many bins to make; ties may leave fewer.
    """
    which = equal_count_bins(scores, bins)
    count = np.bincount(which)
    each = np.ones(len(scores)) if weights is None else weights
    sizes = np.bincount(which, weights=each)
    totals = np.bincount(which, weights=scores * each)
    positives = np.bincount(which, weights=target * each)
    histogram, _ = np.histogram(scores, bins=HISTOGRAM_BINS, range=(0.0, 1.0))
    return Reliability(totals / sizes, positives / sizes, count, histogram)


def calibration(
    run: str,
    shown: Reliability,
    brier: float | None = None,
    after: Reliability | None = None,
    errors: tuple[float, float] | None = None,
) -> Sheet:
    """Draw the reliability diagram, and below it how many rows have which score.

    Bars are 95 % intervals of a share by Wilson's formula.

    Parameters
    ----------
    shown
        The scores as the model gave them.
    brier
        Their Brier score.
    after
        The calibrated scores, if scores were calibrated.
    errors
        The calibration error before and after.
    """
    both = [shown] if after is None else [shown, after]
    top = 1.15 * max(float(max(one.score.max(), one.share.max())) for one in both)
    # Scores of rare events crowd near 0: show the part that holds them.
    limit = min(1.0, top) if 0 < top < _NEAR_ZERO else 1.0
    sheet = Sheet(6.4, 5.4)
    across, up = (linear(-0.015 * limit, end * limit) for end in (1.015, 1.03))
    upper = Panel(sheet, (0.11, 0.37, 0.85, 0.51), across, up)
    upper.curve([0, 1], [0, 1], style.GREY, 1, dashes=":", label="perfect")
    if after is None:
        rows = style.number(float(np.median(shown.count)))
        label = f"{len(shown.count)} bins of about {rows} rows"
        _series(upper, shown, label, style.BLUE, style.SKY, "o")
    else:
        before_error, after_error = errors or (float("nan"), float("nan"))
        before = f"before (calibration error {style.number(before_error)})"
        _series(upper, shown, before, style.AMBER, style.AMBER, "s")
        label = f"after, cross-fitted (calibration error {style.number(after_error)})"
        _series(upper, after, label, style.BLUE, style.SKY, "o")
    upper.name("mean score", "share of positives")
    upper.legend("upper left")
    _histogram(sheet, both)
    text = "" if brier is None else f" (Brier score {brier:.4f})"
    title(sheet, f"Calibration of out-of-fold scores{text}", run)
    return sheet


def _series(
    panel: Panel, shown: Reliability, label: str, colour: str, pale: str, shape: str
) -> None:
    """Draw the share of positives of each bin, with its interval."""
    low, high = _wilson(shown.share, shown.count)
    ends = np.stack(
        [np.column_stack([shown.score, low]), np.column_stack([shown.score, high])], axis=1
    )
    panel.spans(ends, pale, 1)
    panel.curve(shown.score, shown.share, colour, 1.3, dot=Dot(shape, 4.5, colour), label=label)


def _histogram(sheet: Sheet, shown: list[Reliability]) -> None:
    """Draw how many rows have which score, on a logarithmic scale; the last one is filled."""
    last = shown[-1].histogram
    edges = np.linspace(0, 1, len(last) + 1)
    most = max(*(float(one.histogram.max()) for one in shown), 1.0) * 2
    panel = Panel(
        sheet, (0.11, 0.10, 0.85, 0.19), linear(-0.015, 1.015), decades(_LEAST_ROWS, most)
    )
    panel.outline(edges, last.astype(np.float64), style.SKY, base=_LEAST_ROWS)
    for before in shown[:-1]:
        rows = before.histogram.astype(np.float64)
        panel.outline(edges, rows, style.AMBER, width=1.3, base=_LEAST_ROWS)
    panel.name("score", "rows (log)")


def _wilson(share: Points, count: npt.NDArray[np.int64]) -> tuple[Points, Points]:
    """Return the 95 % interval of a share by Wilson (1927)."""
    z = 1.959964
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    spread = np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    half = z * spread / (1 + z**2 / count)
    return centre - half, centre + half
