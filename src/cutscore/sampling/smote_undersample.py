"""SMOTE part of the way, then random undersampling of the commoner class the rest of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le

from cutscore.records import Target, TrainingRows
from cutscore.sampling import RowsToSample
from cutscore.sampling.classes import Classes, evened
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
        self._classes(target_train)

    def sample(self, training: RowsToSample) -> TrainingRows:
        """Return the rows kept, as sorted indices, and the rows made up."""
        classes = self._classes(training.target)
        wanted = int(self.smote_ratio * classes.majority)
        made_up = synthesise(training, classes, wanted, self.neighbours)
        kept = keep_positions(training.target, classes, int(wanted / self.ratio), training.seed)
        return TrainingRows(training.rows[kept], synthetic=made_up)

    def _classes(self, target: Target) -> Classes:
        return evened(target, self.smote_ratio, self.neighbours, "sampling.smote_ratio")
