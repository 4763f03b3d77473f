"""From labels per row to `Folds`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutscore.records import CrossfitRule, Fold, Folds


def folds_by_label(label: npt.NDArray[np.int16], folds: int, repeat: int = 0) -> list[Fold]:
    """Return folds that validate the rows with label 0, 1, ... and train on all others."""
    return [
        Fold(repeat, k, np.flatnonzero(label != k), np.flatnonzero(label == k))
        for k in range(folds)
    ]


def folds_with_parts(splits: list[Fold], crossfit: CrossfitRule = "others") -> Folds:
    """Return folds of which each is one part for cross-fitting."""
    numbers = np.array([fold.number for fold in splits], dtype=np.int16)
    sizes = [len(fold.validation) for fold in splits]
    return Folds(tuple(splits), np.repeat(numbers, sizes), crossfit)
