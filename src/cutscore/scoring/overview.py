"""What each column adds to the scores of a sample of rows: a table and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.report.items import Figure, Item, TableFile
from cutscore.scoring.explaining import Explanation

_CLEAR = 0.3
"""Rank correlations of value and points from here on are called a direction."""


def explained_items(explanation: Explanation, name: str, top: int) -> Iterator[Item]:
    """Yield `reasons.csv`, `beeswarm.png` and `dependence.png` of the explained rows.

    Parameters
    ----------
    explanation : Explanation
        A sample of rows, at least one.
    name : str
        The run or model that the pictures name.
    top : int
        How many columns the swarm shows; the table has all.
    """
    from cutscore.report.figures.explained import ColumnPoints, beeswarm, dependence

    table = summary(explanation)
    yield TableFile("reasons.csv", table)
    points, order = explanation.points, _ranking(explanation)
    columns = [
        ColumnPoints(
            explanation.labels[at],
            points[:, at],
            explanation.values[:, at],
            explanation.columns[at].levels,
        )
        for at in order[:top]
    ]
    yield Figure("beeswarm.png", beeswarm(name, columns, len(order) - len(columns)))
    yield Figure("dependence.png", dependence(name, columns))


def summary(explanation: Explanation) -> dict[str, npt.NDArray[Any]]:
    """Return a table with a row for each column, the weightiest first.

    Its columns: `column`, `label`, `mean_absolute_points`, `mean_points` (against the reference
    group), `largest_points` and `smallest_points`, `rank_correlation` of value and points
    (Spearman; missing for categories and for columns that add the same to every row), and
    `direction` in words.
    """
    order, points = _ranking(explanation), explanation.points
    columns = [explanation.columns[at] for at in order]
    correlation = [
        np.nan
        if raw.levels is not None
        else _rank_correlation(explanation.values[:, at], points[:, at])
        for at, raw in zip(order, columns, strict=True)
    ]
    words = [
        "by category" if raw.levels is not None else _direction(rho)
        for raw, rho in zip(columns, correlation, strict=True)
    ]
    return {
        "column": np.array([raw.name for raw in columns], dtype=object),
        "label": np.array([explanation.labels[at] for at in order], dtype=object),
        "mean_absolute_points": np.abs(points).mean(axis=0)[order],
        "mean_points": points.mean(axis=0)[order],
        "largest_points": points.max(axis=0)[order],
        "smallest_points": points.min(axis=0)[order],
        "rank_correlation": np.array(correlation),
        "direction": np.array(words, dtype=object),
    }


def _ranking(explanation: Explanation) -> list[int]:
    """Return the columns by mean absolute points, the largest first; ties by their order."""
    weight = np.abs(explanation.points).mean(axis=0)
    return [int(at) for at in np.argsort(-weight, kind="stable")]


def _rank_correlation(values: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> float:
    there = ~np.isnan(values)
    one, other = _ranks(values[there]), _ranks(points[there])
    if len(one) < 2 or not (one.std() and other.std()):
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return ranks, equal values sharing the middle of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle: npt.NDArray[np.float64] = np.cumsum(counts) - (counts - 1) / 2
    return middle[inverse]


def _direction(correlation: float) -> str:
    if np.isnan(correlation) or abs(correlation) < _CLEAR:
        return "in no one direction"
    return "higher raises the score" if correlation > 0 else "higher lowers the score"
