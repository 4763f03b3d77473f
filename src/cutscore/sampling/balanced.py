"""Class weights: both classes weigh the same in sum, and no row is copied or dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cutscore.records import Target, TrainingRows, class_sizes
from cutscore.sampling import RowsToSample
from cutscore.sampling.classes import count_classes


@dataclass(frozen=True)
class Balanced:
    """Weigh each row by n / (2 n_class), scikit-learn's `class_weight="balanced"`.

    With row weights n and n_class are sums of them, so that both classes weigh the same.
    """

    needs_complete: ClassVar[bool] = False
    synthesises: ClassVar[bool] = False

    def check(self, target_train: Target) -> None:
        """Refuse training rows of one class."""
        count_classes(target_train)

    def sample(self, training: RowsToSample) -> TrainingRows:
        """Return the rows given, not copied, with their weights."""
        target = training.target
        self.check(target)
        positives, negatives = class_sizes(target, training.weights)
        size = positives + negatives
        weight_of_class = np.array([size / (2 * negatives), size / (2 * positives)])
        return TrainingRows(training.rows, weights=weight_of_class[target])
