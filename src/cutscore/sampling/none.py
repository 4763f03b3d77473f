"""No sampling: every training row, weighing one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cutscore.records import Target, TrainingRows
from cutscore.sampling import RowsToSample


@dataclass(frozen=True)
class NoSampling:
    """Train on the rows as they are."""

    needs_complete: ClassVar[bool] = False
    synthesises: ClassVar[bool] = False

    def check(self, target_train: Target) -> None:
        """Accept any training rows."""

    def sample(self, training: RowsToSample) -> TrainingRows:
        """Return the rows given, not copied."""
        return TrainingRows(training.rows)
