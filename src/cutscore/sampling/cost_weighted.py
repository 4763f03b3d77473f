"""Weights by what a mistake on the row would cost (Zadrozny, Langford and Abe 2003)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cutscore.errors import Fault, RequestError
from cutscore.records import Target, TrainingRows
from cutscore.sampling import RowsToSample
from cutscore.sampling.classes import count_classes


@dataclass(frozen=True)
class CostWeighted:
    """Weigh positives by |C_FN − C_TP| and negatives by |C_FP − C_TN|, scaled to a mean of 1.

    With row weights that is their weighted mean.

    A classifier that makes few mistakes by weight makes cheap ones. Scores are no longer
    probabilities: see `calibration`.
    """

    needs_complete: ClassVar[bool] = False
    synthesises: ClassVar[bool] = False

    def check(self, target_train: Target) -> None:
        """Refuse training rows of one class."""
        count_classes(target_train)

    def sample(self, training: RowsToSample) -> TrainingRows:
        """Return the rows given, not copied, with their weights.

        Raises
        ------
        RequestError
            If the rows are of one class, or no mistake on a class costs anything.
        """
        target, costs = training.target, training.costs
        self.check(target)
        if costs is None:
            raise ValueError("weights by cost need the costs of the rows, got None")
        weights = np.abs(costs.delta(target))
        faults = [
            Fault(
                "sampling",
                f"no mistake on any {name} training row costs anything, so these rows would weigh "
                "nothing.",
                "Check the costs, or use another sampling method.",
            )
            for label, name in ((1, "positive"), (0, "negative"))
            if not weights[target == label].any()
        ]
        if faults:
            raise RequestError(faults)
        return TrainingRows(
            training.rows, weights=weights / np.average(weights, weights=training.weights)
        )
