"""One part of the rows held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le, Lt

from cutscore.records import Fold, Folds, Rows, Target
from cutscore.validation.checks import both_classes
from cutscore.validation.outer import DealtOuter
from cutscore.validation.stratified_groups import stratified_group_labels

PARTS = 5


@dataclass(frozen=True)
class Holdout(DealtOuter):
    """Hold out a stratified share of the rows; train once, on the others.

    For cross-fitting the threshold, the held-out rows are dealt into five stratified parts.
    """

    fraction: Annotated[float, Gt(0), Lt(1)] = 0.2
    seed: Annotated[int, Ge(0), Le(2**32 - 1)] = 42
    keep_duplicates_together: bool = False
    needs_group: ClassVar[bool] = False
    needs_order: ClassVar[bool] = False

    def split(
        self,
        target: Target,
        groups: Rows | None = None,
        order: npt.NDArray[np.float64] | None = None,  # noqa: ARG002  rows have no order here
    ) -> Folds:
        """Return the one fold; rows with one group label stay together if `groups` are given."""
        side = stratified_group_labels(
            target, groups, [1.0 - self.fraction, self.fraction], self.seed
        )
        fold = Fold(0, 0, np.flatnonzero(side == 0), np.flatnonzero(side == 1))
        both_classes([fold], target, "validation.fraction")
        held = fold.validation
        held_groups = None if groups is None else groups[held]
        parts = stratified_group_labels(target[held], held_groups, [1.0 / PARTS] * PARTS, self.seed)
        return Folds((fold,), parts)
