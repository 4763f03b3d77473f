"""Stratified folds, several times over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from cutscore.records import Fold, Folds, Rows, Target
from cutscore.validation.assembling import folds_by_label, folds_with_parts
from cutscore.validation.checks import both_classes, enough_of_both
from cutscore.validation.outer import DealtOuter
from cutscore.validation.stratified import stratified_labels


@dataclass(frozen=True)
class RepeatedStratified(DealtOuter):
    """Split into stratified folds several times, each time with another shuffle.

    Repeat r is the split of `Stratified` with seed + r, so the first one is that of
    `validation=stratified` itself.
    """

    folds: Annotated[int, Ge(2), Le(1000)] = 5
    repeats: Annotated[int, Ge(1), Le(1000)] = 3
    seed: Annotated[int, Ge(0), Le(2**32 - 1001)] = 42
    keep_duplicates_together: bool = False
    needs_group: ClassVar[bool] = False
    needs_order: ClassVar[bool] = False

    def split(
        self,
        target: Target,
        groups: Rows | None = None,
        order: npt.NDArray[np.float64] | None = None,  # noqa: ARG002  rows have no order here
    ) -> Folds:
        """Return the folds of all repeats; rows with one group label stay together if given."""
        enough_of_both(target, self.folds)
        splits: list[Fold] = []
        for repeat in range(self.repeats):
            label = stratified_labels(target, groups, self.folds, self.seed + repeat)
            splits += folds_by_label(label, self.folds, repeat)
        both_classes(splits, target, "validation.folds")
        return folds_with_parts(splits)
