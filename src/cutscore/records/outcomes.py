"""Values about results: scores of folds, and figures that may not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cutscore.records.folds import CrossfitRule, Fold
from cutscore.records.rows import Rows, Scores, Target
from cutscore.records.weights import Weights


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Out-of-fold scores, one entry per (repeat, row), in the order of the folds.

    Attributes
    ----------
    row : indices of rows in the data set, shape (entries,)
    repeat, fold : the repeat and the fold that scored each entry, from 0, shape (entries,)
    part : the cross-fitting label of each entry, shape (entries,)
    target : 0 or 1, shape (entries,)
    score : shape (entries,)
    rule : which parts may inform which: all others of a repeat, or earlier ones
    base_rate : share of positives among the training rows of the model that gave the score, shape
        (entries,); None where no model is known
    prior : that share by weight, as sampling made it, shape (entries,)
    weights : how many rows each entry counts for, shape (entries,); None where each counts once
    withheld : rows of earlier parts that may not inform a part, by its label
    """

    row: Rows
    repeat: npt.NDArray[np.int16]
    fold: npt.NDArray[np.int16]
    part: npt.NDArray[np.int16]
    target: Target
    score: Scores
    rule: CrossfitRule = "others"
    base_rate: npt.NDArray[np.float64] | None = None
    prior: npt.NDArray[np.float64] | None = None
    weights: Weights | None = None
    withheld: Mapping[int, Rows] = field(default_factory=dict)

    @cached_property
    def repeats(self) -> int:
        """Number of repeats."""
        return len(np.unique(self.repeat))

    def informed_parts(self) -> Iterator[tuple[Rows, Rows]]:
        """Yield each part that other parts may inform, and those: positions of entries.

        Parts inform each other within a repeat only, as `rule` says. What is left of them once rows
        are withheld informs a part only if it has both classes.
        """
        for repeat in np.unique(self.repeat):
            entries = np.flatnonzero(self.repeat == repeat)
            labels = self.part[entries]
            for part in np.unique(labels):
                others = entries[labels < part if self.rule == "earlier" else labels != part]
                withheld = self.withheld.get(int(part), ())
                if len(withheld):
                    others = others[~np.isin(self.row[others], withheld)]
                    others = others if len(np.unique(self.target[others])) == 2 else others[:0]
                if len(others):
                    yield entries[labels == part], others


@dataclass(frozen=True)
class Undefined:
    """A figure that does not exist for a run, and why."""

    reason: str


MetricValue = float | Undefined
"""A metric, or why it does not exist."""

MetricValues = Mapping[str, MetricValue]


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What one fold gave.

    Attributes
    ----------
    fold : which rows trained and which validated
    fitted_rows : how many rows the model saw after sampling
    validation, train : score metrics on validation rows and on the original training rows
    scores : those of the validation rows, shape (validation rows,)
    importance : of each column, None where the classifier has none
    natural : no row was drawn, made up or weighted, so scores may be taken as probabilities
    base_rate : the share of positives among the training rows, by their own weights
    prior : that share as sampling made it
    seconds : wall time per stage
    trees : rounds of boosting, None where there are none
    notes : what a user should know
    """

    fold: Fold
    fitted_rows: int
    validation: MetricValues
    train: MetricValues
    scores: Scores
    importance: Mapping[str, float] | None
    natural: bool
    base_rate: float
    prior: float
    seconds: Mapping[str, float]
    trees: int | None = None
    notes: tuple[str, ...] = ()
