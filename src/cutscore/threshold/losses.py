"""Objectives as losses over cuts: what a search minimises.

A cut flags all rows with a score from some value up. An objective may depend on nothing but sums
over the flagged rows, held in a float64 array of shape (2 or 4, cuts): the counts of flagged
positives and negatives (`TP`, `FP`), by weight where rows have weights, and with costs per row what
flagging adds to the rows' costs and the negative terms of that sum (`ADDED`, `GAINED`). All these
sums are exact.

A constraint is a loss too: one that is infinite where the constraint does not hold.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Target, class_sizes

Floats = npt.NDArray[np.float64]
ObjectiveName = Literal["cost", "fbeta", "f1", "youden", "balanced_accuracy", "mcc"]
OBJECTIVES: tuple[ObjectiveName, ...] = get_args(ObjectiveName)

TP, FP, ADDED, GAINED = range(4)


class Loss(Protocol):
    """What a search minimises."""

    @property
    def delta(self) -> Floats | None:
        """What flagging adds to each row's cost, where the loss needs it, shape (rows,)."""
        ...

    @property
    def slack(self) -> float:
        """How far rounding may put a bound above the loss that it bounds."""
        ...

    def at(self, sums: Floats) -> Floats:
        """Return the loss of each cut, shape (cuts,)."""
        ...

    def bound(self, above: Floats, below: Floats) -> Floats:
        """Return lower bounds of the loss of any cut between pairs of cuts, shape (cuts,)."""
        ...


@dataclass(frozen=True, eq=False)
class FixedCostLoss:
    """Total cost with the same costs for every row, from whole counts."""

    costs: CostMatrix
    positives: float
    negatives: float
    delta: None = None

    @property
    def slack(self) -> float:
        """Return 1e-12 of the dearest conceivable total."""
        matrix = self.costs
        dearest = max(
            abs(float(matrix.true_negative)),
            abs(float(matrix.false_positive)),
            abs(float(matrix.false_negative)),
            abs(float(matrix.true_positive)),
        )
        return 1e-12 * dearest * (self.positives + self.negatives)

    def at(self, sums: Floats) -> Floats:
        """Return the total cost of each cut."""
        return self._total(sums[TP], sums[FP])

    def bound(self, above: Floats, below: Floats) -> Floats:
        """Return the cost of the best corner: each count where it is cheaper."""
        matrix = self.costs
        tp = below[TP] if matrix.true_positive <= matrix.false_negative else above[TP]
        fp = above[FP] if matrix.false_positive >= matrix.true_negative else below[FP]
        return self._total(tp, fp)

    def _total(self, tp: Floats, fp: Floats) -> Floats:
        total: Floats = self.costs.of_counts(tp, fp, self.negatives - fp, self.positives - tp)
        return total


@dataclass(frozen=True, eq=False)
class RowCostLoss:
    """Total cost with costs per row; `nobody` is the cost of flagging nobody."""

    delta: Floats
    nobody: float
    slack: float = 0.0  # sums of per-row costs are exact, see `CostMatrix`

    def at(self, sums: Floats) -> Floats:
        """Return the total cost of each cut."""
        total: Floats = self.nobody + sums[ADDED]
        return total

    def bound(self, above: Floats, below: Floats) -> Floats:
        """Return the cost above, less all that could be gained below it."""
        least: Floats = self.at(above) + (below[GAINED] - above[GAINED])
        return least


class CountLoss(ABC):
    """A loss of the two counts alone, which falls in `tp` and rises in `fp`."""

    delta: ClassVar[None] = None
    slack: ClassVar[float] = 1e-12

    @abstractmethod
    def of(self, tp: Floats, fp: Floats) -> Floats:
        """Return the loss of each pair of counts, shape (cuts,)."""

    def at(self, sums: Floats) -> Floats:
        """Return the loss of each cut."""
        return self.of(sums[TP], sums[FP])

    def bound(self, above: Floats, below: Floats) -> Floats:
        """Return the loss with all positives below the cut and none of the negatives."""
        return self.of(below[TP], above[FP])


@dataclass(frozen=True, eq=False)
class FbetaLoss(CountLoss):
    """Minus F-beta: (1 + beta²) tp / (beta² (tp + fn) + tp + fp), van Rijsbergen 1979.

    With no positive row F-beta is taken as 0 at every threshold.
    """

    beta: float
    positives: float

    def of(self, tp: Floats, fp: Floats) -> Floats:
        """Return the loss of each pair of counts."""
        if self.positives == 0:
            return np.zeros(len(tp))
        square = self.beta * self.beta
        loss: Floats = -((1.0 + square) * tp) / (square * self.positives + tp + fp)
        return loss


@dataclass(frozen=True, eq=False)
class RateLoss(CountLoss):
    """Minus Youden's J = recall + specificity − 1 (Youden 1950), or minus (J + 1) / 2.

    The second is the balanced accuracy. The rate of a class without rows is taken as 0.
    """

    positives: float
    negatives: float
    balanced: bool

    def of(self, tp: Floats, fp: Floats) -> Floats:
        """Return the loss of each pair of counts."""
        recall = tp / (self.positives or 1.0)
        if self.balanced:
            rates: Floats = (recall + (self.negatives - fp) / (self.negatives or 1.0)) / 2.0
            return -rates
        return fp / (self.negatives or 1.0) - recall


@dataclass(frozen=True, eq=False)
class MccLoss(CountLoss):
    """Minus Matthews' correlation coefficient (Matthews 1975), 0 where a margin is empty.

    With P and N fixed it is (tp N − fp P) / √(P N k (P + N − k)), k = tp + fp, which rises in tp
    and falls in fp.
    """

    positives: float
    negatives: float

    def of(self, tp: Floats, fp: Floats) -> Floats:
        """Return the loss of each pair of counts."""
        positives, negatives = self.positives, self.negatives
        flagged = tp + fp
        # roots one by one: the product of four counts of 10^8 rows would round
        margin = np.sqrt(positives * negatives) * np.sqrt(flagged)
        margin *= np.sqrt(np.maximum(positives + negatives - flagged, 0.0))
        loss: Floats = (fp * positives - tp * negatives) / np.where(margin > 0, margin, 1.0)
        return np.where(margin > 0, loss, 0.0)


def loss_of(objective: ObjectiveName, beta: float, target: Target, costs: CostMatrix) -> Loss:
    """Return the loss of an objective on rows with targets (rows,) and their costs.

    `beta` matters to "fbeta" only ("f1" is F-beta with beta 1).
    """
    if objective == "cost" and not costs.fixed:
        unflagged = costs.unflagged(target)
        return RowCostLoss(costs.flagged(target) - unflagged, float(unflagged.sum()))
    return counted_loss(objective, beta, *class_sizes(target, costs.weights), costs)


def counted_loss(
    objective: ObjectiveName, beta: float, positives: float, negatives: float, costs: CostMatrix
) -> Loss:
    """Return the loss of an objective that depends on counts alone.

    Raises `ValueError` for costs per row, if the objective is cost.
    """
    if objective == "cost":
        if not costs.fixed:
            raise ValueError("Costs per row cannot be computed from counts.")
        return FixedCostLoss(costs, positives, negatives)
    if objective == "mcc":
        return MccLoss(positives, negatives)
    if objective in ("youden", "balanced_accuracy"):
        return RateLoss(positives, negatives, objective == "balanced_accuracy")
    return FbetaLoss(1.0 if objective == "f1" else beta, positives)
