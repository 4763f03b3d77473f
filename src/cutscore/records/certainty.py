"""Values about how sure a threshold is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.records.decision import OWN_COSTS
from cutscore.records.outcomes import MetricValue, Undefined

Floats = npt.NDArray[np.float64]

INTERVALS = ("threshold_low", "threshold_high", "bootstrap_cost_low", "bootstrap_cost_high")


@dataclass(frozen=True, eq=False)
class CutTable:
    """Cuts from the highest threshold down; the first flags nobody.

    Attributes
    ----------
    threshold : shape (cuts,)
    tp, fp : flagged rows of each class, by weight, shape (cuts,)
    cost : total cost, shape (cuts,)
    thinned : not every distinct score is a cut
    roc_auc : that of all rows, thinned or not
    """

    threshold: Floats
    tp: Floats
    fp: Floats
    cost: Floats
    thinned: bool
    roc_auc: MetricValue

    @property
    def positives(self) -> float:
        """Number of rows with target 1, by weight."""
        return float(self.tp[-1])

    @property
    def negatives(self) -> float:
        """Number of rows with target 0, by weight."""
        return float(self.fp[-1])

    @property
    def fn(self) -> Floats:
        """Positives not flagged at each cut."""
        missed: Floats = self.tp[-1] - self.tp
        return missed

    def place(self, threshold: float | Floats) -> npt.NDArray[np.intp]:
        """Return which cut flags the rows from a threshold up, as far as the table knows."""
        return np.searchsorted(-self.threshold[1:], -np.asarray(threshold), side="right")


@dataclass(frozen=True)
class Interval:
    """Bootstrap intervals at a level, such as 0.95.

    Attributes
    ----------
    threshold_low, threshold_high : of the optimum of each resample, None where there is none
    cost_low, cost_high : of the cost of the chosen rule in each resample
    level : the share of resamples inside
    resamples : how many were drawn
    unmet : in how many of them no threshold kept the constraints
    cuts : over how many cuts of many rows they were counted (None: every score)
    """

    threshold_low: float | None
    threshold_high: float | None
    cost_low: float
    cost_high: float
    level: float
    resamples: int
    unmet: int = 0
    cuts: int | None = None


@dataclass(frozen=True)
class Plateau:
    """Thresholds around the cost optimum, `low` to `high`, that cost hardly more than it.

    `pieces` counts all such intervals, wherever they are; `excess` is what counts as hardly more.
    """

    low: float
    high: float
    pieces: int
    excess: float


@dataclass(frozen=True, eq=False)
class Certainty:
    """How sure a threshold is.

    Attributes
    ----------
    interval : bootstrap intervals
    plateau : thresholds that cost hardly more
    by_ratio : the arrays `ratio`, `threshold` and `cost` (in units of a false positive) as the
        FN:FP cost ratio runs from 1 to 100
    asked_ratio : the ratio of the costs in use
    """

    interval: Interval | Undefined
    plateau: Plateau
    by_ratio: Mapping[str, npt.NDArray[np.float64]] | Undefined
    asked_ratio: float | None = None

    @property
    def figures(self) -> dict[str, MetricValue]:
        """Intervals and plateau by the names under which they are recorded."""
        return {
            "plateau_low": self.plateau.low,
            "plateau_high": self.plateau.high,
            "plateau_pieces": self.plateau.pieces,
            **_interval_figures(self.interval),
        }


def _interval_figures(interval: Interval | Undefined) -> dict[str, MetricValue]:
    if isinstance(interval, Undefined):
        return dict.fromkeys(INTERVALS, interval)
    none = "no threshold keeps the constraints in enough resamples" if interval.unmet else OWN_COSTS
    low, high = (
        Undefined(none) if end is None else end
        for end in (interval.threshold_low, interval.threshold_high)
    )
    return {
        **dict(zip(INTERVALS, (low, high, interval.cost_low, interval.cost_high), strict=True)),
        "bootstrap_level": interval.level,
        "bootstrap_resamples": interval.resamples,
    }
