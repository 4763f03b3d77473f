"""What each column adds to a row's score, in log-odds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from cutscore.records import Scores, Values

Floats = npt.NDArray[np.float64]
Method = Literal["trees", "linear", "replacement"]
_EXTREME = 1e-12
"""Scores closer to 0 or 1 than this are moved away: their log-odds would be infinite."""
_AT_ONCE = 8_192
"""Rows with one column replaced that are scored at once; many classifiers are slow to begin."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """Contributions of prepared columns to rows' scores.

    Attributes
    ----------
    values : array of float64, shape (rows, columns)
        In log-odds of class 1; positive ones raise the score.
    base : float
        The log-odds that the contributions are added to.
    method : str
        `trees`: Shapley values by the paths of the booster's own trees (Lundberg et al. 2020);
        `linear`: coefficient times value; both add up to the log-odds of the score. `replacement`:
        how much the log-odds fall when the one column is set to its typical value; with columns
        that act together these do not add up.
    """

    values: Floats
    base: float
    method: Method


def log_odds(scores: Scores) -> Floats:
    """Return log(p / (1 - p)) of scores, shape (rows,); 0 and 1 are kept finite."""
    kept = np.clip(scores, _EXTREME, 1 - _EXTREME)
    odds: Floats = np.log(kept) - np.log1p(-kept)
    return odds


def of_trees(contributions: npt.NDArray[np.floating]) -> Contributions:
    """Take apart what both boosting libraries give: a column each, and the expected value last.

    There must be a row, as the libraries themselves want it.
    """
    values = np.asarray(contributions, dtype=np.float64)
    base = float(values[0, -1])
    return Contributions(np.ascontiguousarray(values[:, :-1]), base, "trees")


def by_replacement(
    values: Values, typical: Values, scores: Callable[[Values], Scores]
) -> Contributions:
    """Set one column at a time to its typical value and look how far the score falls.

    Parameters
    ----------
    values : array of float32, shape (rows, columns)
        Prepared rows.
    typical : array of float32, shape (columns,)
        The value that stands for "nothing special" in each column.
    scores : callable
        From prepared rows to their scores.
    """
    odds = log_odds(scores(values))
    found = np.zeros(values.shape)
    usual = (values == typical) | (np.isnan(values) & np.isnan(typical))
    special = np.argwhere(~usual)
    for start in range(0, len(special), _AT_ONCE):
        rows, columns = special[start : start + _AT_ONCE].T
        replaced = values[rows]
        replaced[np.arange(len(rows)), columns] = typical[columns]
        found[rows, columns] = odds[rows] - log_odds(scores(replaced))
    base = float(log_odds(scores(typical[None, :]))[0])
    return Contributions(found, base, "replacement")
