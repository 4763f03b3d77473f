"""No sampling: every training row, weighing one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Rows, Target, TrainingRows, Values


@dataclass(frozen=True)
class NoSampling:
    """Train on the rows as they are."""

    needs_complete: ClassVar[bool] = False
    synthesises: ClassVar[bool] = False

    def check(self, target_train: Target) -> None:
        """Accept any training rows."""

    def sample(
        self,
        rows: Rows,
        target: Target,  # noqa: ARG002
        values: Values | None,  # noqa: ARG002
        seed: int,  # noqa: ARG002
        costs: CostMatrix | None = None,  # noqa: ARG002
    ) -> TrainingRows:
        """Return the rows given, not copied."""
        return TrainingRows(rows)
