"""Columns that know too much: one that alone ranks the target, or that counts the rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.data.texts import plainly
from cutscore.errors import listed
from cutscore.metrics.ranking import ranking, roc_auc
from cutscore.records import Table, Target, Undefined, Values

ALMOST_PERFECT = 0.99
LEAST = 10  # rows of a class; among fewer, a perfect order is often chance
_FIRST_LOOK = 4_000  # rows of each class that a column is looked at with, before all are


def notes(table: Table, target: Target) -> list[str]:
    """Return what is told of columns that rank the target almost perfectly or count the rows."""
    told = []
    ranking = _ranking(table, target)
    if ranking:
        shown = listed([f"{plainly(name)} (AUC {auc:.4f})" for name, auc in ranking])
        told.append(
            f"Known too well: {shown} ranks the target almost perfectly on its own. If it is known "
            "only afterwards, leave it out with data.drop."
        )
    counting = [plainly(table.names[at]) for at in _counting(table)]
    if counting:
        told.append(
            f"Counts the rows: {listed(counting)} holds consecutive whole numbers, one for each "
            "row. If it names the rows, set data.id, or leave it out with data.drop."
        )
    return told


def _ranking(table: Table, target: Target) -> list[tuple[str, float]]:
    """Return the columns that rank almost perfectly, each with its area under the ROC curve."""
    classes = [np.flatnonzero(target == each) for each in (0, 1)]
    if min(map(len, classes)) < LEAST:
        return []
    some = np.sort(np.concatenate([rows[:: 1 + len(rows) // _FIRST_LOOK] for rows in classes]))
    sample, found = table.values[some], []
    for at, column in enumerate(table.columns):
        levels = None if column.levels is None else len(column.levels)
        if alone(sample[:, at], target[some], levels) < ALMOST_PERFECT - 0.01:
            continue
        auc = alone(table.values[:, at], target, levels)
        if auc >= ALMOST_PERFECT:
            found.append((column.name, auc))
    return found


def alone(values: Values, target: Target, levels: int | None) -> float:
    """Return how well one column ranks a target: the larger area under the ROC curve of two ways.

    Missing values are below or above all others. Levels of a category are ranked by their share
    of positives among every second row, and the area is that of the other rows.
    """
    if levels is not None:
        return _by_share(values, target, levels)
    areas = [_area(np.nan_to_num(values, nan=end), target) for end in (-np.inf, np.inf)]
    return max(max(area, 1 - area) for area in areas)


def _by_share(values: Values, target: Target, levels: int) -> float:
    codes = np.where(np.isnan(values), levels, values).astype(np.int64)
    known, judged = slice(0, None, 2), slice(1, None, 2)
    rows = np.bincount(codes[known], minlength=levels + 1)
    positives = np.bincount(codes[known], weights=target[known], minlength=levels + 1)
    mean = target[known].mean(dtype=np.float64)
    share = (positives + mean) / (rows + 1)
    return _area(share[codes[judged]], target[judged])


def _area(values: npt.NDArray[np.floating], target: Target) -> float:
    """Return the area under the ROC curve; 0.5 for one class."""
    area = roc_auc(ranking(target, values.astype(np.float64)))
    return 0.5 if isinstance(area, Undefined) else area


def _counting(table: Table) -> list[int]:
    """Return the columns that hold n consecutive whole numbers in n rows, in any order."""
    rows = table.rows
    if rows < LEAST:
        return []
    low, high = table.values.min(axis=0), table.values.max(axis=0)  # NaN if one is missing
    found = []
    for at in np.flatnonzero(high - low == rows - 1).tolist():
        values = table.values[:, at]
        places = (values - low[at]).astype(np.int64)
        once = (np.bincount(places, minlength=rows) == 1).all() and (values % 1 == 0).all()
        if once and table.columns[at].levels is None:
            found.append(at)
    return found
