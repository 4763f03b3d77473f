"""Rows as a validator counts them: true class, score, decision and costs, each once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Rows, Scores, Target, Weights
from cutscore.records.decision import Flags


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """Rows that were scored by models which had not seen them, each of shape (rows,).

    Attributes
    ----------
    ids : the rows' ids
    target : 0 or 1
    score : what rows are ranked by
    probability : by calibrators that had not seen the rows either; NaN where there is none
    flagged : by the chosen rule
    part : which fold validated the row, counted from 0
    costs : aligned with the rows; its `weights` are the rows'
    """

    ids: npt.NDArray[Any]
    target: Target
    score: Scores
    probability: Scores
    flagged: Flags
    part: npt.NDArray[np.int64]
    costs: CostMatrix

    @property
    def weights(self) -> Weights | None:
        """How many rows each row counts for, None where each counts once."""
        return self.costs.weights

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.target)

    def take(self, chosen: npt.NDArray[np.bool_] | Rows) -> JudgedRows:
        """Return the rows of a mask (rows,), or those at some places in their order."""
        at: Rows = np.arange(len(self))[chosen]
        return JudgedRows(
            ids=self.ids[at],
            target=self.target[at],
            score=self.score[at],
            probability=self.probability[at],
            flagged=self.flagged[at],
            part=self.part[at],
            costs=self.costs.take(at),
        )

    def with_probability(self) -> JudgedRows:
        """Return the rows that have a probability."""
        known = np.isfinite(self.probability)
        return self if known.all() else self.take(known)
