"""k folds that keep groups of rows together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from cutscore.records import Folds
from cutscore.validation import RowsToSplit
from cutscore.validation.assembling import folds_by_label, folds_with_parts
from cutscore.validation.checks import both_classes, enough_of_both, group_labels
from cutscore.validation.shuffled import ShuffledSplitter
from cutscore.validation.stratified_groups import stratified_group_labels


@dataclass(frozen=True)
class Grouped(ShuffledSplitter):
    """Keep rows of one group (`data.group`) on one side, and the classes even over the folds."""

    folds: Annotated[int, Ge(2), Le(1000)] = 5

    @property
    def needs_group(self) -> bool:
        """Whether the data set must declare a group column: always."""
        return True

    def split(self, rows: RowsToSplit) -> Folds:
        """Return the folds; no group is on both sides of any of them."""
        groups = group_labels(rows.groups, self.folds)
        enough_of_both(rows.target, self.folds)
        shares = [1.0 / self.folds] * self.folds
        label = stratified_group_labels(rows.target, groups, shares, self.seed)
        splits = folds_by_label(label, self.folds)
        both_classes(splits, rows.target, "validation.folds")
        return folds_with_parts(splits)
