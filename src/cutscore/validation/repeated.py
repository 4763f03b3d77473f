"""Stratified folds, several times over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Le

from cutscore.records import Fold, Folds
from cutscore.validation import RowsToSplit
from cutscore.validation.assembling import folds_by_label, folds_with_parts
from cutscore.validation.checks import both_classes, enough_of_both
from cutscore.validation.shuffled import ShuffledSplitter
from cutscore.validation.stratified import stratified_labels


@dataclass(frozen=True)
class RepeatedStratified(ShuffledSplitter):
    """Split into stratified folds several times, each time with another shuffle.

    Repeat r is the split of `Stratified` with seed + r, so the first one is that of
    `validation=stratified` itself.
    """

    folds: Annotated[int, Ge(2), Le(1000)] = 5
    repeats: Annotated[int, Ge(1), Le(1000)] = 3
    seed: Annotated[int, Ge(0), Le(2**32 - 1001)] = field(default=42, kw_only=True)

    def split(self, rows: RowsToSplit) -> Folds:
        """Return the folds of all repeats; rows with one group label stay together."""
        enough_of_both(rows.target, self.folds)
        splits: list[Fold] = []
        for repeat in range(self.repeats):
            label = stratified_labels(rows, self.folds, self.seed + repeat)
            splits += folds_by_label(label, self.folds, repeat)
        both_classes(splits, rows.target, "validation.folds")
        return folds_with_parts(splits)
