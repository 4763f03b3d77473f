"""All that an experiment gave, as far as a report tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.records import (
    Certainty,
    CrossFit,
    FoldResult,
    OutOfFold,
    Reference,
    RuleCost,
    Scores,
    Undefined,
)


class FittedMap(Protocol):
    """A fitted calibrator, as far as it is needed after the experiment."""

    def apply(self, scores: Scores) -> Scores:
        """Return calibrated scores, shape (rows,)."""
        ...


@dataclass(frozen=True, eq=False)
class Result:
    """The folds' results, the out-of-fold scores and what they say of the threshold.

    `oof` holds the scores as the model gave them and `decided` those the threshold was chosen on
    (calibrated); `ids` and `costs` are aligned with both, and so are `cross_calibrated`, the
    scores of each part by the calibrator that saw only other parts (NaN where there is none).
    `calibrator` is the one that gave `decided`, after the prior was corrected.
    `raw_threshold` is the chosen threshold as one on scores that are not calibrated.
    `bayes_risk` is the cost of deciding each row by its own costs and its `cross_calibrated`
    score, `no_model_rule` that of deciding it by its costs and the base rate alone. `rows` is the
    size of the data set, `outer_rows` how many of them were held out from all folds, `beta` that of
    the reported F-beta. `seconds` are wall time per stage.
    `certainty` says how sure the threshold is, `notes` what a user should know of the data and
    the costs.
    """

    folds: tuple[FoldResult, ...]
    ids: npt.NDArray[Any]
    oof: OutOfFold
    decided: OutOfFold
    costs: CostMatrix
    crossfit: CrossFit
    reference: Reference
    rows: int
    beta: float
    calibration: str
    seconds: Mapping[str, float]
    cross_calibrated: Scores
    calibrator: FittedMap
    raw_threshold: float
    bayes_risk: RuleCost | Undefined
    no_model_rule: RuleCost | Undefined
    certainty: Certainty
    outer_rows: int = 0
    notes: tuple[str, ...] = ()

    @property
    def unscored(self) -> int:
        """Rows that no fold validated, outer rows not counted."""
        return self.rows - self.outer_rows - len(self.oof.row) // self.oof.repeats
