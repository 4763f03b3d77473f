"""Strategies as a user may write them, of which no kept model knows."""

from dataclasses import dataclass

from cutscore.calibration.none import NoCalibration
from cutscore.calibration.sigmoid import Sigmoid
from cutscore.cost.fixed import FixedCost


@dataclass(frozen=True)
class Own:
    """A calibration that learns nothing."""

    uses_prior = False
    correct, fit, apply = NoCalibration.correct, NoCalibration.fit, NoCalibration.apply


@dataclass(frozen=True)
class OwnCost:
    """A cost that is the same for every row."""

    false_negative: float = 10.0
    false_positive: float = 1.0
    true_positive: float = 0.0
    true_negative: float = 0.0
    where = None
    columns = ()

    def fit(self, dataset, training=None, /):
        return FixedCost(self.false_negative, self.false_positive)


class OwnSigmoid(Sigmoid):
    """A calibration made from one of Cutscore's."""


class OwnFixedCost(FixedCost):
    """A cost made from one of Cutscore's."""
