"""What a threshold costs, what it catches, and how it depends on the costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Points = npt.NDArray[np.float64]
_BOX = (0.11, 0.12, 0.85, 0.73)
_MARKS = (style.GREEN, style.PINK, style.AMBER, style.SKY)


@dataclass(frozen=True)
class Band:
    """Intervals to shade: bootstrap of threshold and cost at a level, and the plateau."""

    threshold: tuple[float | None, float | None]
    cost: tuple[float, float]
    plateau: tuple[float, float]
    level: float


@dataclass(frozen=True, eq=False)
class Rates:
    """Precision, recall and F-beta by threshold, shape (points,)."""

    threshold: Points
    precision: Points
    recall: Points
    fbeta: Points
    beta: float


@dataclass(frozen=True, eq=False)
class CostLines:
    """Normalised expected cost by probability cost, shape (points,); `lines` by threshold."""

    probability_cost: Points
    best: Points
    trivial: Points
    lines: Mapping[str, Points]


def cost_and_band(
    run: str,
    curve: tuple[Points, Points],
    band: Band,
    chosen: tuple[float | None, float],
    marks: Mapping[str, tuple[float, float]],
    no_model: tuple[float, float],
) -> Figure:
    """Draw total cost by threshold with its plateau and bootstrap intervals.

    `curve` holds thresholds and costs, `chosen` threshold and cost (no threshold where each row is
    decided by its own costs), `marks` others by name, `no_model` the cost of flagging nobody and
    everybody.
    """
    figure = style.new_figure(7.2, 4.8)
    axes = style.plain_axes(figure, (0.12, 0.12, 0.84, 0.73))
    order = np.argsort(curve[0], kind="stable")
    axes.axvspan(
        *band.plateau, color=style.SKY, alpha=0.22, linewidth=0,
        label=f"plateau {_interval(band.plateau)}",
    )  # fmt: skip
    low, high = band.threshold
    if low is not None and high is not None:
        axes.axvspan(
            low, high, color=style.ORANGE, alpha=0.25, linewidth=0,
            label=f"{band.level:.0%} of resampled optima {_interval((low, high))}",
        )  # fmt: skip
    axes.plot(curve[0][order], curve[1][order], color=style.BLUE, linewidth=1.8)
    for value, name, dashes in zip(
        no_model, ("flag nobody", "flag everybody"), (":", "-."), strict=True
    ):
        axes.axhline(
            value, color=style.GREY, linewidth=1.1, linestyle=dashes,
            label=f"{name}: {style.number(value)}",
        )  # fmt: skip
    _chosen(axes, *chosen, band.cost)
    for i, (name, (threshold, cost)) in enumerate(marks.items(), start=1):
        axes.plot(
            threshold, cost, "D", markersize=6.5, color=_colour(i), markeredgecolor="white",
            zorder=5, label=f"{name}: {style.number(cost)}",
        )  # fmt: skip
    shown = [float(curve[1].min()), chosen[1], *(cost for _, cost in marks.values()), *no_model]
    air = 0.06 * (max(shown) - min(shown)) or 1.0
    axes.set_ylim(min(shown) - air, max(shown) + air)
    _thousands(axes)
    style.label(axes, "threshold (score)", "total cost")
    style.legend(axes)
    style.title(figure, "Cost of every threshold", run)
    return figure


def _chosen(
    axes: Axes, threshold: float | None, cost: float, interval: tuple[float, float]
) -> None:
    """Mark what was chosen and how its cost may vary: a point, or a level without a threshold."""
    if threshold is None:
        axes.axhspan(*interval, color=style.ORANGE, alpha=0.15, linewidth=0)
        axes.axhline(
            cost, color=style.ORANGE, linewidth=1.4,
            label=f"each row by its own costs: {style.number(cost)}",
        )  # fmt: skip
        return
    axes.plot(
        threshold, cost, "o", markersize=12, color=style.ORANGE, markeredgecolor="white", zorder=5,
        label=f"chosen, {style.number(threshold)}: {style.number(cost)}",
    )  # fmt: skip
    reach = [[max(cost - interval[0], 0)], [max(interval[1] - cost, 0)]]
    axes.errorbar(
        threshold, cost, yerr=reach, color=style.ORANGE, elinewidth=1.4, capsize=3, zorder=4
    )


def rates_by_threshold(
    run: str, rates: Rates, chosen: float | None, marks: Mapping[str, float]
) -> Figure:
    """Draw precision, recall and F-beta against the threshold."""
    figure = style.new_figure(7.2, 4.8)
    axes = style.plain_axes(figure, _BOX)
    for values, name, colour in (
        (rates.recall, "recall", style.BLUE),
        (rates.precision, "precision", style.AMBER),
        (rates.fbeta, f"F-beta, beta {rates.beta:g}", style.INK),
    ):
        axes.plot(rates.threshold, values, color=colour, linewidth=1.8, label=name)
    _verticals(axes, chosen, marks)
    axes.set_ylim(-0.015, 1.03)
    style.label(axes, "threshold (score)", "share")
    style.legend(axes)
    style.title(figure, "What every threshold catches", run)
    return figure


def score_distributions(
    run: str,
    edges: Points,
    counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    chosen: float | None,
    marks: Mapping[str, float],
) -> Figure:
    """Draw how the scores of negatives and positives lie, each as shares of its class.

    `counts` holds the rows of each class in bins with `edges`, negatives first.
    """
    figure = style.new_figure(7.2, 4.8)
    axes = style.plain_axes(figure, _BOX)
    for values, name, colour in zip(
        counts, ("negative", "positive"), (style.BLUE, style.ORANGE), strict=True
    ):
        total = int(values.sum())
        axes.stairs(
            values / max(total, 1), edges, fill=True, color=colour, alpha=0.45,
            label=f"{name}: {total:,} rows",
        )  # fmt: skip
    _verticals(axes, chosen, marks)
    axes.set_ylim(0, None)
    from matplotlib.ticker import PercentFormatter

    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    style.label(axes, "score", "share of the class")
    style.legend(axes)
    style.title(figure, "Scores by true class", run)
    return figure


def cost_lines(run: str, drawn: CostLines, asked: float | None) -> Figure:
    """Draw the cost curve of Drummond and Holte (2006); `asked` is the probability cost in use."""
    figure = style.new_figure(7.2, 4.8)
    axes = style.plain_axes(figure, _BOX)
    pc = drawn.probability_cost
    axes.plot(pc, drawn.trivial, color=style.GREY, linewidth=1.2, linestyle=":", label="no model")
    for i, (name, line) in enumerate(drawn.lines.items()):
        axes.plot(pc, line, color=_colour(i), linewidth=1.2, label=f"threshold {name}")
    axes.plot(pc, drawn.best, color=style.BLUE, linewidth=2.4, label="best threshold throughout")
    if asked is not None:
        axes.axvline(asked, color=style.INK, linewidth=1, linestyle="--", label="these costs")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, min(1.0, 1.6 * float(drawn.trivial.max())))
    style.label(axes, "probability cost: p(+) FN / (p(+) FN + p(−) FP)", "normalised expected cost")
    style.legend(axes)
    style.title(figure, "Cost curve", run)
    return figure


def _verticals(axes: Axes, chosen: float | None, marks: Mapping[str, float]) -> None:
    """Draw the chosen threshold, if there is one for all rows, and those beside it as lines."""
    if chosen is not None:
        text = f"chosen, {style.number(chosen)}"
        axes.axvline(chosen, color=style.ORANGE, linewidth=1.5, label=text)
    for i, (name, threshold) in enumerate(marks.items(), start=1):
        axes.axvline(threshold, color=_colour(i), linewidth=1.2, linestyle="--", label=name)


def _colour(i: int) -> str:
    """Return the colour of the chosen threshold (0) or of one beside it."""
    return style.ORANGE if i == 0 else _MARKS[(i - 1) % len(_MARKS)]


def _interval(ends: tuple[float, float]) -> str:
    return f"{style.number(ends[0])} to {style.number(ends[1])}"


def _thousands(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter

    axes.yaxis.set_major_formatter(FuncFormatter(style.tick))
