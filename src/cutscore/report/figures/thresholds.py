"""What a threshold catches, and how its cost depends on the costs of mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.panel import Panel, title
from cutscore.report.figures.scales import AxisScale, around, linear
from cutscore.report.figures.sheet import Sheet

Points = npt.NDArray[np.float64]


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


def rates_by_threshold(
    run: str, rates: Rates, chosen: float | None, marks: Mapping[str, float]
) -> Sheet:
    """Draw precision, recall and F-beta against the threshold."""
    panel = _panel(around(rates.threshold), linear(-0.015, 1.03))
    for values, name, colour in (
        (rates.recall, "recall", style.BLUE),
        (rates.precision, "precision", style.AMBER),
        (rates.fbeta, f"F-beta, beta {rates.beta:g}", style.INK),
    ):
        panel.curve(rates.threshold, values, colour, 1.8, label=name)
    _verticals(panel, chosen, marks)
    return _finished(panel, run, "What every threshold catches", ("threshold (score)", "share"))


def score_distributions(
    run: str,
    edges: Points,
    counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
    chosen: float | None,
    marks: Mapping[str, float],
) -> Sheet:
    """Draw how the scores of negatives and positives lie, each as shares of its class.

    `counts` holds the rows of each class in bins with `edges`, negatives first.
    """
    totals = [int(values.sum()) for values in counts]
    shares = [values / max(total, 1) for values, total in zip(counts, totals, strict=True)]
    top = 1.05 * max(float(share.max()) for share in shares)
    panel = _panel(around(edges), linear(0.0, top or 1.0, lambda share: f"{100 * share:.4g}%"))
    for share, total, name, colour in zip(
        shares, totals, ("negative", "positive"), (style.BLUE, style.ORANGE), strict=True
    ):
        panel.outline(edges, share, colour, alpha=0.45, label=f"{name}: {total:,} rows")
    _verticals(panel, chosen, marks)
    return _finished(panel, run, "Scores by true class", ("score", "share of the class"))


def cost_lines(run: str, drawn: CostLines, asked: float | None) -> Sheet:
    """Draw the cost curve of Drummond and Holte (2006); `asked` is the probability cost in use."""
    pc = drawn.probability_cost
    panel = _panel(linear(0, 1), linear(0, min(1.0, 1.6 * float(drawn.trivial.max()))))
    panel.curve(pc, drawn.trivial, style.GREY, 1.2, dashes=":", label="no model")
    colours = (style.ORANGE, *style.MARKS)
    for i, (name, line) in enumerate(drawn.lines.items()):
        panel.curve(pc, line, colours[i % len(colours)], 1.2, label=f"threshold {name}")
    panel.curve(pc, drawn.best, style.BLUE, 2.4, label="best threshold throughout")
    if asked is not None:
        panel.upright(asked, style.INK, 1, "--", "these costs")
    names = "probability cost: p(+) FN / (p(+) FN + p(−) FP)", "normalised expected cost"
    return _finished(panel, run, "Cost curve", names)


def _panel(x: AxisScale, y: AxisScale) -> Panel:
    return Panel(Sheet(7.2), (0.11, 0.12, 0.85, 0.73), x, y)


def _verticals(panel: Panel, chosen: float | None, marks: Mapping[str, float]) -> None:
    """Draw the chosen threshold, if there is one for all rows, and those beside it as lines."""
    if chosen is not None:
        panel.upright(chosen, style.ORANGE, 1.5, label=f"chosen, {style.number(chosen)}")
    for i, (name, threshold) in enumerate(marks.items()):
        panel.upright(threshold, style.MARKS[i % len(style.MARKS)], 1.2, "--", name)


def _finished(panel: Panel, run: str, what: str, names: tuple[str, str]) -> Sheet:
    """Name axes, lines and picture."""
    panel.name(*names)
    panel.legend()
    title(panel.sheet, what, run)
    return panel.sheet
