"""All that an experiment gave, as far as a report tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.records import CrossFit, FoldResult, OutOfFold, Reference


@dataclass(frozen=True, eq=False)
class Result:
    """The folds' results, the out-of-fold scores and what they say of the threshold.

    `oof` holds the scores as the model gave them and `decided` those the threshold was chosen on
    (calibrated); `ids` and `costs` are aligned with both. `rows` is the size of the data set,
    `beta` that of the reported F-beta. `seconds` are wall time per stage.
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

    @property
    def unscored(self) -> int:
        """Rows that no fold validated."""
        return self.rows - len(self.oof.row) // self.oof.repeats
