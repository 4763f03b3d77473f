"""k folds that keep groups of rows together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from cutscore.records import Folds, Rows, Target
from cutscore.validation.assembling import folds_by_label, folds_with_parts
from cutscore.validation.checks import both_classes, enough_of_both, group_labels
from cutscore.validation.outer import DealtOuter
from cutscore.validation.stratified_groups import stratified_group_labels


@dataclass(frozen=True)
class Grouped(DealtOuter):
    """Keep rows of one group (`data.group`) on one side, and the classes even over the folds."""

    folds: Annotated[int, Ge(2), Le(1000)] = 5
    seed: Annotated[int, Ge(0), Le(2**32 - 1)] = 42
    keep_duplicates_together: bool = False
    needs_group: ClassVar[bool] = True
    needs_order: ClassVar[bool] = False

    def split(
        self,
        target: Target,
        groups: Rows | None = None,
        order: npt.NDArray[np.float64] | None = None,  # noqa: ARG002  rows have no order here
    ) -> Folds:
        """Return the folds; no group is on both sides of any of them."""
        groups = group_labels(groups, self.folds)
        enough_of_both(target, self.folds)
        label = stratified_group_labels(target, groups, [1.0 / self.folds] * self.folds, self.seed)
        splits = folds_by_label(label, self.folds)
        both_classes(splits, target, "validation.folds")
        return folds_with_parts(splits)
