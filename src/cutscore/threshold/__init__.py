"""How the decision threshold is chosen: an objective, a search, and the evidence for the choice."""

from __future__ import annotations

from typing import Protocol

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Scores, Target, ThresholdChoice


class ThresholdRule(Protocol):
    """A way to choose a threshold; a row is flagged when `score >= threshold`."""

    @property
    def objective(self) -> str:
        """What is optimised: cost, fbeta, f1, youden, balanced_accuracy or mcc."""
        ...

    @property
    def beta(self) -> float:
        """The beta of the F-beta that is reported (and optimised, if that is the objective)."""
        ...

    def choose(self, target: Target, scores: Scores, costs: CostMatrix) -> ThresholdChoice:
        """Return the best threshold for rows of shape (rows,) with their costs and weights.

        Raises `RequestError` for scores that are NaN or infinite, if there is no row, or if no
        threshold keeps the constraints.
        """
        ...
