"""One part of the rows held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Lt

from cutscore.records import Fold, Folds
from cutscore.validation import RowsToSplit
from cutscore.validation.checks import both_classes
from cutscore.validation.shuffled import ShuffledSplitter
from cutscore.validation.stratified_groups import stratified_group_labels

PARTS = 5


@dataclass(frozen=True)
class Holdout(ShuffledSplitter):
    """Hold out a stratified share of the rows; train once, on the others.

    For cross-fitting the threshold, the held-out rows are dealt into five stratified parts.
    """

    fraction: Annotated[float, Gt(0), Lt(1)] = 0.2

    def split(self, rows: RowsToSplit) -> Folds:
        """Return the one fold; rows with one group label stay together."""
        shares = [1.0 - self.fraction, self.fraction]
        side = stratified_group_labels(rows.target, rows.groups, shares, self.seed)
        fold = Fold(0, 0, np.flatnonzero(side == 0), np.flatnonzero(side == 1))
        both_classes([fold], rows.target, "validation.fraction")
        held = rows.take(fold.validation)
        parts = stratified_group_labels(held.target, held.groups, [1.0 / PARTS] * PARTS, self.seed)
        return Folds((fold,), parts)
