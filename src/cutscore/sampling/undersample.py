"""Random undersampling: drop rows of the commoner class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Le

from cutscore.records import Rows, Target, TrainingRows
from cutscore.sampling import RowsToSample
from cutscore.sampling.classes import Classes, evened


@dataclass(frozen=True)
class Undersample:
    """Keep the rarer class whole and draw from the other, without replacement.

    `ratio` is rows of the rarer class per row of the other, afterwards; every row of a class is
    as likely to be kept as any other, whatever it weighs.
    """

    ratio: Annotated[float, Gt(0), Le(1)] = 1.0

    needs_complete: ClassVar[bool] = False
    synthesises: ClassVar[bool] = False

    def check(self, target_train: Target) -> None:
        """Refuse one class, and a ratio below the present one."""
        evened(target_train, self.ratio)

    def sample(self, training: RowsToSample) -> TrainingRows:
        """Return the rows kept, as sorted indices."""
        classes = evened(training.target, self.ratio)
        majority = min(classes.majority, int(classes.minority / self.ratio))
        kept = keep_positions(training.target, classes, majority, training.seed)
        return TrainingRows(training.rows[kept])


def keep_positions(target: Target, classes: Classes, majority: int, seed: int) -> Rows:
    """Return the sorted positions of the rarer class and of `majority` rows of the other.

    The draw is that of imbalanced-learn's RandomUnderSampler (numpy's legacy generator), so that
    published figures can be repeated.
    """
    candidates = classes.majority_positions(target)
    # imbalanced-learn draws from `range(n)`, which is the same as drawing from n.
    drawn = np.random.RandomState(seed).choice(len(candidates), size=majority, replace=False)
    kept = np.concatenate((classes.minority_positions(target), candidates[drawn]))
    kept.sort()
    return kept
