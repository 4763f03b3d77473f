"""k folds with the same share of positives."""

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
class Stratified(DealtOuter):
    """Shuffle rows and deal each class evenly to the folds; every row is validated once.

    The same split as scikit-learn's StratifiedKFold(folds, shuffle=True, random_state=seed),
    unless duplicates are kept together.
    """

    folds: Annotated[int, Ge(2), Le(1000)] = 5
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
        """Return the folds; rows with one group label stay together if `groups` are given."""
        enough_of_both(target, self.folds)
        label = stratified_labels(target, groups, self.folds, self.seed)
        splits = folds_by_label(label, self.folds)
        both_classes(splits, target, "validation.folds")
        return folds_with_parts(splits)


def stratified_labels(
    target: Target, groups: Rows | None, folds: int, seed: int
) -> npt.NDArray[np.int16]:
    """Return the fold that validates each row, shape (rows,)."""
    if groups is not None:
        group_labels(groups, folds)
        return stratified_group_labels(target, groups, [1.0 / folds] * folds, seed)
    from sklearn.model_selection import StratifiedKFold

    label = np.zeros(len(target), dtype=np.int16)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (_, validation) in enumerate(splitter.split(np.zeros((len(target), 1)), target)):
        label[validation] = number
    return label
