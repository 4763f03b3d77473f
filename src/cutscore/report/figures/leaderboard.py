"""A sweep at a glance: features by sampling methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Grid = npt.NDArray[np.float64]
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
_DARK = 0.2
"""Relative luminance below which white text reads better than dark (WCAG 2 contrast)."""


def leaderboard_heatmap(
    run: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cost: Grid,
    auc: Grid,
    names: tuple[str, str] = ("features", "sampling"),
) -> Figure:
    """Draw cross-fitted cost and AUC of each cell, the best framed; darker is better.

    Parameters
    ----------
    rows, columns
        Options along the two axes.
    cost, auc
        Shape (rows, columns), NaN where there is no complete run.
    names
        What the rows and the columns are.
    """
    longest = max(len(name) for name in rows)
    left = 0.55 + 0.085 * min(longest, 24)
    cell = max(1.05, 0.085 * max(len(name) for name in columns) + 0.15)
    panel = cell * len(columns)
    width = left + 2 * panel + 0.45
    height = 1.55 + 0.62 * len(rows)
    width = max(width, 5.2)
    panel = (width - left - 0.45) / 2
    figure = style.new_figure(width, height)
    bottom, tall = 0.62 / height, 0.62 * len(rows) / height
    for i, (grid, what, best) in enumerate(
        ((cost, "cross-fitted cost", "low"), (auc, "AUC", "high"))
    ):
        box = ((left + i * (panel + 0.25)) / width, bottom, panel / width, tall)
        axes = style.plain_axes(figure, box)
        _heatmap(axes, grid, lower_is_better=best == "low")
        axes.set_title(what, fontsize=10, color=style.INK, pad=5)
        axes.set_xticks(range(len(columns)), [style.shorten(name, 24) for name in columns])
        axes.set_yticks(range(len(rows)), [style.shorten(n, 24) for n in rows] if i == 0 else [])
        axes.set_xlabel(names[1], fontsize=10, color=style.INK)
        if i == 0:
            axes.set_ylabel(names[0], fontsize=10, color=style.INK)
    style.title(figure, "Leaderboard", run)
    return figure


def _heatmap(axes: Axes, grid: Grid, *, lower_is_better: bool) -> None:
    """Colour the cells by how good they are and write the values in."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    blues = LinearSegmentedColormap.from_list("good", ["#EAF3F8", style.SKY, "#00507D"])
    colours = blues.with_extremes(bad="#F0F0F0")
    merit = _merit(-grid if lower_is_better else grid)
    axes.imshow(np.ma.masked_invalid(merit), cmap=colours, vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        missing = not np.isfinite(value)
        text = "no run" if missing else _value(float(value), whole=lower_is_better)
        shade = np.array(colours(0.0 if missing else float(merit[row, column])))[:3]
        dark = not missing and float(_LUMINANCE @ shade**2.2) < _DARK
        axes.text(
            column, row, text, ha="center", va="center", fontsize=10 if not missing else 8.5,
            color="white" if dark else (style.GREY if missing else style.INK),
        )  # fmt: skip
    if np.isfinite(merit).any():
        row, column = np.unravel_index(int(np.nanargmax(merit)), grid.shape)
        frame = Rectangle(
            (float(column) - 0.47, float(row) - 0.45), 0.94, 0.9,
            fill=False, edgecolor=style.ORANGE, linewidth=2.2,
        )  # fmt: skip
        axes.add_patch(frame)
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _merit(grid: Grid) -> Grid:
    """Return the values scaled to [0, 1]; all 0.5 where they are equal.

    What lies far below the middle is cut off, so that one hopeless cell (a dummy model) does not
    make all the others look alike.
    """
    finite = grid[np.isfinite(grid)]
    if finite.size == 0:
        return np.full_like(grid, np.nan)
    high, middle = finite.max(), float(np.median(finite))
    low = max(finite.min(), middle - 3 * (high - middle)) if high > middle else finite.min()
    scaled = (grid - low) / (high - low) if high > low else np.full_like(grid, 0.5)
    return np.where(np.isfinite(grid), np.maximum(scaled, 0), np.nan)


def _value(value: float, *, whole: bool) -> str:
    """Return a value as it is written into its cell."""
    return style.number(value) if whole else f"{value:.4f}"
