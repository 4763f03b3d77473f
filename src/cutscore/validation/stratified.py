"""k folds with the same share of positives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from cutscore.records import Folds
from cutscore.validation import RowsToSplit
from cutscore.validation.assembling import folds_by_label, folds_with_parts
from cutscore.validation.checks import both_classes, enough_of_both, group_labels
from cutscore.validation.shuffled import ShuffledSplitter
from cutscore.validation.stratified_groups import stratified_group_labels


@dataclass(frozen=True)
class Stratified(ShuffledSplitter):
    """Shuffle rows and deal each class evenly to the folds; every row is validated once.

    The same split as scikit-learn's StratifiedKFold(folds, shuffle=True, random_state=seed),
    unless duplicates are kept together.
    """

    folds: Annotated[int, Ge(2), Le(1000)] = 5

    def split(self, rows: RowsToSplit) -> Folds:
        """Return the folds; rows with one group label stay together."""
        enough_of_both(rows.target, self.folds)
        label = stratified_labels(rows, self.folds, self.seed)
        splits = folds_by_label(label, self.folds)
        both_classes(splits, rows.target, "validation.folds")
        return folds_with_parts(splits)


def stratified_labels(rows: RowsToSplit, folds: int, seed: int) -> npt.NDArray[np.int16]:
    """Return the fold that validates each row, shape (rows,)."""
    target, groups = rows.target, rows.groups
    if groups is not None:
        group_labels(groups, folds)
        return stratified_group_labels(target, groups, [1.0 / folds] * folds, seed)
    from sklearn.model_selection import StratifiedKFold

    label = np.zeros(len(target), dtype=np.int16)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (_, validation) in enumerate(splitter.split(np.zeros((len(target), 1)), target)):
        label[validation] = number
    return label
