"""SMOTE part of the way, then random undersampling of the commoner class the rest of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le

from cutscore.errors import RequestError
from cutscore.records import Target, TrainingRows
from cutscore.sampling import RowsToSample
from cutscore.sampling.classes import check_neighbours, check_ratio, count_classes
from cutscore.sampling.smote import synthesise
from cutscore.sampling.undersample import keep_positions


@dataclass(frozen=True)
class SmoteUndersample:
    """Add rows of the rarer class up to `smote_ratio`, then drop others up to `ratio`.

    Both ratios are rows of the rarer class per row of the other after the step.
    """

    smote_ratio: Annotated[float, Gt(0), Le(1)] = 0.5
    ratio: Annotated[float, Gt(0), Le(1)] = 1.0
    neighbours: Annotated[int, Ge(1)] = 5

    needs_complete: ClassVar[bool] = True
    synthesises: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse a second step that would have to undo the first."""
        if self.ratio < self.smote_ratio:
            raise ValueError(
                f"ratio must be at least smote_ratio ({self.smote_ratio:g}), got {self.ratio:g}: "
                "dropping rows of the commoner class can only raise the ratio"
            )

    def check(self, target_train: Target) -> None:
        """Refuse one class, a first ratio below the present one, and too few neighbours."""
        classes = count_classes(target_train)
        faults = check_ratio(classes, self.smote_ratio, setting="sampling.smote_ratio")
        faults += check_neighbours(classes, self.neighbours)
        if faults:
            raise RequestError(faults)

    def sample(self, training: RowsToSample) -> TrainingRows:
        """Return the rows kept, as sorted indices, and the rows made up."""
        target = training.target
        self.check(target)
        classes = count_classes(target)
        wanted = int(self.smote_ratio * classes.majority)
        made_up = synthesise(training, classes, wanted, self.neighbours)
        kept = keep_positions(target, classes, int(wanted / self.ratio), training.seed)
        return TrainingRows(training.rows[kept], synthetic=made_up)
