"""All numbers of trees of one boosting: each fold is boosted once and scored as it grows.

A boosting of many trees holds all smaller ones, so that one fit per fold tells what every count
would have cost. The count of the run is chosen on all folds; what choosing is worth is told
without optimism by `TreeCounts.cross_fitted`, where each part's count comes from other parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import join_costs
from cutscore.errors import RequestError
from cutscore.experiment.deciding import corrected
from cutscore.experiment.folds import (
    SampledFold,
    base_rate,
    out_of_fold,
    sample_fold,
    score_fold,
    shares_bins,
)
from cutscore.experiment.partial import CommonDecision, decide_together
from cutscore.experiment.parts import Experiment, ExperimentCache, Prepared
from cutscore.experiment.timing import timed
from cutscore.model import Boosting, BoostsOn
from cutscore.records import CrossFit, Fold, FoldResult, OutOfFold, Scores
from cutscore.threshold.evidence import cross_fit_best

PATIENCE = 2
"""Boosting ends when so many counts in a row cost more than an earlier one.

The log loss, which is smoother, says so much later and chooses no better (see CONTRIBUTING.md).
"""


def spread_counts(low: int, high: int, number: int) -> tuple[int, ...]:
    """Return at most so many whole numbers from `low` to `high`, in equal ratios."""
    if number < 2 or low == high:
        return (high,)
    return tuple(sorted({round(count) for count in np.geomspace(low, high, number)}))


@dataclass(frozen=True, eq=False)
class FoldScores:
    """A fold's scores at one count: what it takes to decide its validation rows."""

    fold: Fold
    scores: Scores
    base_rate: float
    prior: float


@dataclass(eq=False)
class _GrownFold:
    """A fold that was boosted: its scores at each count that it has reached."""

    sampled: SampledFold
    boosting: Boosting
    base_rate: float
    scores: list[Scores] = field(default_factory=list)

    def at(self, place: int) -> FoldScores:
        fold, prior = self.sampled.fold, self.sampled.prior.share
        return FoldScores(fold, self.scores[place], self.base_rate, prior)


@dataclass(eq=False)
class TreeCounts:
    """The folds of an experiment, boosted to counts of trees; `reached` have all of them.

    `experiment` is one whose model would boost on to the greatest count. `costs` are what the
    boosted folds cost at each count, infinite where no threshold is allowed.
    """

    experiment: Experiment
    prepared: Prepared
    counts: tuple[int, ...]
    reached: int = 0
    _folds: list[_GrownFold] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reached = len(self.counts)

    @property
    def done(self) -> int:
        """The number of boosted folds."""
        return len(self._folds)

    @property
    def trees(self) -> int:
        """The number of trees grown so far, of all folds."""
        return sum(self.counts[len(grown.scores) - 1] for grown in self._folds)

    def decision(self, place: int) -> CommonDecision:
        """Return what the boosted folds cost at a count, by its place."""
        return decide_together(self.experiment, self.prepared, self.scored(place))

    def _cost(self, place: int) -> float:
        try:
            return self.decision(place).choice.total_cost
        except RequestError:  # of all folds some threshold may be allowed
            return np.inf

    def scored(self, place: int) -> list[FoldScores]:
        """Return the boosted folds as they are at a count, by its place."""
        return [grown.at(place) for grown in self._folds]

    def best(self) -> int:
        """Return the place of the count at which the boosted folds cost least, the first of ties.

        Costs are those at the folds' common threshold.
        """
        return int(np.argmin(self.costs))

    def boost_all(self, cache: ExperimentCache, on_fold: Callable[[TreeCounts], None]) -> None:
        """Boost every fold once.

        `on_fold` is called before the first and after each; what it raises ends it all.
        """
        experiment, prepared = self.experiment, self.prepared
        shared = shares_bins(experiment, prepared.table)
        session = cache.session(experiment, prepared, shared=shared)
        if not isinstance(session, BoostsOn):
            raise TypeError(f"{type(session).__name__} cannot boost on")
        on_fold(self)
        for fold in prepared.folds.splits:
            self.boost(session, fold)
            on_fold(self)

    def boost(self, session: BoostsOn, fold: Fold) -> None:
        """Boost one more fold, as far as it and those before have anything to gain."""
        grown = self._begin(session, fold)
        self._folds.append(grown)
        self.costs = []
        with timed(grown.sampled.seconds, "fit"):
            for place in range(self.reached):
                grown.scores.append(grown.boosting.grow(self.counts[place]))
                self.costs.append(self._cost(place))
                if place - self.best() >= PATIENCE:
                    break
        self.reached = len(grown.scores)

    def _begin(self, session: BoostsOn, fold: Fold) -> _GrownFold:
        sampled = sample_fold(self.experiment, self.prepared, fold)
        boosting = session.boost(sampled.training, sampled.table, fold.validation)
        return _GrownFold(sampled, boosting, base_rate(self.prepared, fold.train))

    def results(self, place: int) -> Iterator[FoldResult]:
        """Yield the boosted folds' results at a count: those of a fit of so many trees."""
        for grown in self._folds:
            fitted = grown.boosting.first(self.counts[place])
            yield score_fold(self.experiment, self.prepared, grown.sampled, fitted)

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return what the boosted folds cost at each count that all have reached, as a table."""
        counts = np.array(self.counts[: self.reached], dtype=np.int64)
        return {"trees": counts, "cost": np.array(self.costs[: self.reached])}

    def cross_fitted(self) -> CrossFit:
        """Decide each part by count and threshold of other parts."""
        lengths = [len(grown.scores[0]) for grown in self._folds]
        return cross_fit_best(
            [self._out_of_fold(place) for place in range(self.reached)],
            join_costs(self.prepared.costs, lengths),
            self.experiment.threshold,
            self.experiment.calibration,
        )

    def _out_of_fold(self, place: int) -> OutOfFold:
        oof = out_of_fold(self.prepared, self.scored(place))
        return corrected(oof, self.experiment.calibration)
