"""What splits that shuffle rows have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from cutscore.validation import OuterSplitRows, RowsToSplit, Splitter
from cutscore.validation.checks import enough_of_both
from cutscore.validation.stratified_groups import stratified_group_labels

_STREAM = 1  # tells the outer split's random numbers from all others of the same seed


@dataclass(frozen=True, kw_only=True)
class ShuffledSplitter(Splitter):
    """The seed of the shuffle, and an outer split by it.

    The outer split is stratified, and keeps groups and duplicates whole.
    """

    seed: Annotated[int, Ge(0), Le(2**32 - 1)] = 42
    keep_duplicates_together: bool = False

    def hold_out(self, rows: RowsToSplit) -> OuterSplitRows:
        """Return the outer rows and the others.

        The order of rows is drawn from (`seed`, 1), so that it is not that of the folds.
        """
        seed = outer_seed(self.seed)
        if self.outer == "holdout":
            shares, part = [1.0 - self.outer_fraction, self.outer_fraction], 1
        else:
            enough_of_both(rows.target, self.outer_folds, "validation.outer_folds")
            shares, part = [1.0 / self.outer_folds] * self.outer_folds, self.outer_part or 0
        label = stratified_group_labels(rows.target, rows.groups, shares, seed)
        return OuterSplitRows(np.flatnonzero(label != part), np.flatnonzero(label == part))


def outer_seed(seed: int) -> int:
    """Return the seed of the outer split: numpy's SeedSequence of (seed, 1)."""
    return int(np.random.SeedSequence((seed, _STREAM)).generate_state(1)[0])
