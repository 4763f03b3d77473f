"""Which features the model uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cutscore.report.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def feature_importance(
    run: str,
    importance: Mapping[str, float],
    kind: str,
    spread: Mapping[str, float] | None = None,
    top: int = 20,
) -> Figure:
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
    names = [style.shorten(name, 31) for name, _ in ranked]
    values = [value for _, value in ranked]
    height = max(2.6, 1.3 + 0.27 * len(ranked))
    figure = style.new_figure(7.2, height)
    axes = style.plain_axes(figure, (0.36, 0.55 / height, 0.60, 1 - 1.25 / height))
    axes.grid(visible=False, axis="y")
    bars = [0.0 if spread is None else spread.get(name, 0.0) for name, _ in ranked]
    errors = bars if any(bars) else None
    axes.barh(
        range(len(ranked)), values, color=style.BLUE, height=0.68, xerr=errors,
        error_kw={"ecolor": style.ORANGE, "elinewidth": 1.2, "capsize": 2},
    )  # fmt: skip
    # Plain texts cost a third of what tick labels cost.
    axes.set_yticks([])
    beside = axes.get_yaxis_transform()
    for row, name in enumerate(names):
        axes.text(
            -0.012,
            row,
            name,
            transform=beside,
            ha="right",
            va="center",
            fontsize=9,
            color=style.INK,
        )
    axes.set_ylim(len(ranked) - 0.4, -0.6)
    axes.set_xlabel(kind, color=style.INK, fontsize=10)
    left_out = len(importance) - len(ranked)
    more = f", {left_out} more not shown" if left_out else ""
    style.title(figure, f"Feature importance{more}", run)
    return figure
