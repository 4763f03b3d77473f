"""All that an experiment gave, as far as a report tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.records import (
    Calibrator,
    Certainty,
    CrossFit,
    CutTable,
    FoldResult,
    OutOfFold,
    Reference,
    RuleCost,
    Scores,
    Undefined,
)
from cutscore.report.over_time import OverTime


@dataclass(frozen=True, eq=False)
class Result:
    """The folds' results, the out-of-fold scores and what they say of the threshold.

    Entries are those of the folds' validation rows, one per (repeat, row).

    Attributes
    ----------
    folds : each fold's result
    ids : the rows' ids, shape (entries,)
    oof : scores as the model gave them
    decided : the scores that the threshold was chosen on (calibrated)
    costs : aligned with the entries
    crossfit : the cross-fitted cost
    reference : the chosen rule and what to compare it with
    rows : the size of the data set
    beta : that of the reported F-beta
    calibration : the calibration's name
    seconds : wall time per stage
    cross_calibrated : scores of each part by the calibrator that saw only other parts, shape
        (entries,), NaN where there is none
    calibrator : the one that gave `decided`, after the prior was corrected
    raw_threshold : the chosen threshold as one on scores that are not calibrated
    bayes_risk : cost of deciding each row by its own costs and its `cross_calibrated` score
    no_model_rule : cost of deciding each row by its costs and the base rate alone
    certainty : how sure the threshold is
    cut_table : all cuts of `decided`
    vertices : the thresholds that are optimal for some costs of mistakes, shape (vertices,)
    outer_rows : how many rows were held out from all folds
    notes : what a user should know of the data and the costs
    over_time : what it comes to in each period, or why that is not known; None without a time
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
    calibrator: Calibrator
    raw_threshold: float | Undefined
    bayes_risk: RuleCost | Undefined
    no_model_rule: RuleCost | Undefined
    certainty: Certainty
    cut_table: CutTable
    vertices: npt.NDArray[np.float64]
    outer_rows: int = 0
    notes: tuple[str, ...] = ()
    over_time: OverTime | Undefined | None = None

    @property
    def unscored(self) -> int:
        """Rows that no fold validated, outer rows not counted."""
        return self.rows - self.outer_rows - len(self.oof.row) // self.oof.repeats
