"""Which settings made the difference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cutscore.report.figures import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 20


def importances(study: str, shares: Mapping[str, float], words: str, most: int = MOST) -> Figure:
    """Draw each setting's share as a bar, greatest on top.

    `words` say what the shares are and from how many trials.
    """
    shown = list(shares.items())[:most]
    height = 1.35 + 0.29 * len(shown)
    figure = style.new_figure(7.2, height)
    axes = style.plain_axes(figure, (0.34, 0.55 / height, 0.60, 0.29 * len(shown) / height))
    axes.grid(visible=False, axis="y")
    values = [share for _, share in shown]
    axes.barh(range(len(shown)), values, color=style.BLUE, height=0.66)
    axes.set_yticks(range(len(shown)), [style.shorten(name, 30) for name, _ in shown])
    axes.tick_params(axis="y", length=0)
    for row, share in enumerate(values):
        axes.annotate(
            f"{share:.1%}", (share, row), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=8.5, color=style.GREY,
        )  # fmt: skip
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, 1.1 * max(values))
    axes.set_xlabel(words, color=style.INK, fontsize=9.5, x=0.3)
    left_out = len(shares) - len(shown)
    more = f", {left_out} more not shown" if left_out else ""
    style.title(figure, f"What made the difference{more}", study)
    return figure
