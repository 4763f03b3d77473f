"""The four counts at the threshold, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cutscore.records import Confusion
from cutscore.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def confusion_matrix(
    run: str, counts: Confusion, costs: Confusion | None, threshold: float
) -> Figure:
    """Draw the confusion matrix at a threshold.

    `costs` holds what the rows of each cell cost together, or None to leave costs out.
    """
    from matplotlib.colors import LinearSegmentedColormap

    figure = style.new_figure(6.4, 4.8)
    axes = style.plain_axes(figure, (0.17, 0.10, 0.78, 0.68))
    axes.grid(visible=False)
    colours = LinearSegmentedColormap.from_list("blue", ["#F1F6FA", style.BLUE])
    # Shares of each true class, so that the rare one is not all pale.
    actual = ((counts.tn, counts.fp), (counts.fn, counts.tp))
    shares = [[count / max(sum(row), 1e-12) for count in row] for row in actual]
    axes.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="auto")
    cells = (("TN", 0, 0), ("FP", 0, 1), ("FN", 1, 0), ("TP", 1, 1))
    for name, row, column in cells:
        cost = None if costs is None else getattr(costs, name.lower())
        _cell(axes, name, (row, column), actual[row][column], shares[row][column], cost)
    axes.set_xticks([0, 1], ["not flagged", "flagged"])
    axes.set_yticks([0, 1], ["negative", "positive"])
    axes.set_xticks([0.5], minor=True)
    axes.set_yticks([0.5], minor=True)
    axes.grid(visible=True, which="minor", color="white", linewidth=3)
    axes.tick_params(which="both", length=0)
    axes.tick_params(which="major", labelsize=10)
    axes.xaxis.tick_top()
    axes.set_ylabel("true class", color=style.INK, fontsize=10)
    for side in axes.spines.values():
        side.set_visible(False)
    style.title(figure, f"Confusion matrix at threshold {style.number(threshold)}", run)
    total = "" if costs is None else f"   Total cost {style.number(_total(costs))}."
    figure.text(0.17, 0.035, f"Flagged: score ≥ threshold.{total}", fontsize=9, color=style.GREY)
    return figure


def _cell(
    axes: Axes,
    name: str,
    place: tuple[int, int],
    count: float,
    share: float,
    cost: float | None,
) -> None:
    """Write one cell: its count large, below it name, share and cost."""
    colour = "white" if share > 0.55 else style.INK
    row, column = place
    axes.text(
        column, row - 0.08, style.number(count), ha="center", va="center",
        fontsize=19, weight="bold", color=colour,
    )  # fmt: skip
    below = f"{name}   {share:.1%} of the class"
    if cost is not None:
        below += f"\ncost {style.number(cost)}"
    axes.text(column, row + 0.14, below, ha="center", va="top", fontsize=9, color=colour)


def _total(costs: Confusion) -> float:
    """Return the cost of all four cells."""
    return costs.tp + costs.fp + costs.tn + costs.fn
