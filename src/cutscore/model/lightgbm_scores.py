"""Scores that LightGBM's boosting leaves behind: those that predicting would give, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cutscore.records import Rows, Scores, Table, Values

if TYPE_CHECKING:
    import lightgbm as lgb

_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class SeenScores:
    """Scores of rows that a fit saw, left behind by it, and the table they belong to."""

    table: Table
    rows: Rows
    scores: Scores

    @classmethod
    def of(cls, booster: lgb.Booster, table: Table, trained: Rows, others: Rows) -> SeenScores:
        """Take them from a booster: of training rows, and of `others` if it watched any."""
        scores = _left_behind(booster.eval_train)[: len(trained)]  # made-up rows come last
        if len(others):
            scores = np.concatenate((scores, _left_behind(booster.eval_valid)))
        return cls(table, np.concatenate((trained, others)), scores)

    def completed(self, predict: Callable[[Values], Scores]) -> Scores:
        """Return scores of all rows: what is left is gathered and predicted block by block."""
        scores = np.empty(self.table.rows)
        scores[self.rows] = self.scores
        rest = all_but(self.rows, self.table.rows)
        for start in range(0, len(rest), _ROWS_AT_ONCE):
            block = rest[start : start + _ROWS_AT_ONCE]
            scores[block] = predict(self.table.values[block])
        return scores


def all_but(rows: Rows, count: int) -> Rows:
    """Return the rows of a table of `count` that are not among `rows`, sorted."""
    others = np.ones(count, dtype=np.bool_)
    others[rows] = False
    return np.flatnonzero(others)


def _left_behind(evaluate: Callable[[Any], Any]) -> Scores:
    """Return probabilities as boosting computed them; `eval_train` or `eval_valid` has them."""
    kept: list[Scores] = []

    def keep(scores: Scores, _: lgb.Dataset) -> tuple[str, float, bool]:
        kept.append(scores.copy())
        return "kept", 0.0, True

    evaluate(keep)
    return kept[0]
