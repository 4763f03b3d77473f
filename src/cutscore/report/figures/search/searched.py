"""The trials of a search as arrays, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cutscore.report.figures import style
from cutscore.report.figures.scales import AxisScale, linear, logarithmic
from cutscore.report.figures.search import plot

Points = npt.NDArray[np.float64]
COMPLETE, PRUNED, FAILED = "COMPLETE", "PRUNED", "FAIL"


@dataclass(frozen=True, eq=False)
class Setting:
    """What the trials had for one searched setting.

    `place` has shape (trials,), NaN where a trial has no value; for choices it is the index in
    `labels`. `low` and `high` are the ends of the space, None where unknown. `whole` says that
    all values are whole numbers.
    """

    name: str
    place: Points
    log: bool = False
    labels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    whole: bool = False

    def ends(self) -> tuple[float, float]:
        """Return the least and the greatest value of the space and the trials, never equal."""
        if self.labels:
            return -0.5, len(self.labels) - 0.5
        known = [end for end in (self.low, self.high) if end is not None]
        low, high = finite_ends(np.append(self.place, known))
        if low < high:
            return low, high
        return (low / 2, low * 2) if self.log and low > 0 else (low - 0.5, low + 0.5)

    def axis(self, low: float, high: float, *, air: float = 0.0, most: int = 6) -> plot.Axis:
        """Return the axis from `low` to `high`, with a share of `air` on both sides."""
        if self.labels:
            names = tuple((float(i), label) for i, label in enumerate(self.labels))
            return plot.Axis(self.name, AxisScale(low, high, ticks=names), choices=True)
        if self.log and low > 0:
            return plot.Axis(self.name, logarithmic(low, high, style.number, air=air))
        wide = air * (high - low)
        whole = self.whole
        return plot.Axis(
            self.name, linear(low - wide, high + wide, style.number, most=most, whole=whole)
        )

    def spread(self) -> Points:
        """Return the places, those of choices moved apart a little so that all are seen."""
        if not self.labels:
            return self.place
        # The golden ratio spreads any number of points evenly, and always in the same way.
        turns = np.arange(len(self.place)) * 0.6180339887498949 % 1.0
        return np.asarray(self.place + 0.5 * (turns - 0.5))


@dataclass(frozen=True, eq=False)
class SearchObjective:
    """What the trials reached in one objective, shape (trials,), NaN where they have no value.

    `ended` is where pruned trials were when they ended, NaN for others; None if it is unknown of
    all.
    """

    name: str
    value: Points
    lower_is_better: bool
    ended: Points | None = None

    @property
    def loss(self) -> Points:
        """The values, signed so that less is better."""
        return self.value if self.lower_is_better else -self.value

    def ends(self) -> tuple[float, float]:
        """Return the range worth drawing: what lies far behind the middle is cut off.

        One hopeless trial would otherwise make all the others look alike.
        """
        losses = self.loss[np.isfinite(self.loss)]
        if losses.size == 0:
            return 0.0, 1.0
        best, middle, worst = losses.min(), float(np.median(losses)), losses.max()
        if middle > best:
            worst = min(worst, middle + 4 * (middle - best))
        air = 0.05 * (worst - best) or 0.5 * abs(best) or 0.5
        ends = sorted((best - air, worst + air))
        low, high = ends if self.lower_is_better else (-ends[1], -ends[0])
        return float(low), float(high)

    @property
    def with_ended(self) -> SearchObjective:
        """The same objective, with the values of pruned trials where they ended."""
        if self.ended is None:
            return self
        value = np.where(np.isnan(self.value), self.ended, self.value)
        return replace(self, value=value)

    def shown(self) -> Points:
        """Return the values with those beyond the ends put on them."""
        return np.clip(self.value, *self.ends())

    def axis(self, low: float, high: float, *, most: int = 6) -> plot.Axis:
        """Return the axis from `low` to `high`, without ticks where there is no value."""
        if not np.isfinite(self.value).any():
            return plot.Axis(self.name, AxisScale(low, high))
        return plot.Axis(self.name, linear(low, high, style.tick, most=most))


@dataclass(frozen=True, eq=False)
class Searched:
    """All trials by number: their states, what they reached and what they had.

    `best` is the index of the best trial, None while there is none. `front` marks the trials that
    no other one beats.
    """

    number: npt.NDArray[np.int64]
    state: npt.NDArray[np.str_]
    aims: tuple[SearchObjective, ...]
    settings: tuple[Setting, ...]
    best: int | None
    front: npt.NDArray[np.bool_]

    @property
    def drawn(self) -> npt.NDArray[np.bool_]:
        """Which trials have a value in every objective."""
        return np.asarray(np.isfinite([aim.value for aim in self.aims]).all(axis=0))

    @property
    def only_best(self) -> npt.NDArray[np.bool_]:
        """Which trial is the best, none while there is none."""
        best = -1 if self.best is None else self.best
        return np.asarray(np.arange(len(self.number)) == best)


def best_so_far(aim: SearchObjective) -> Points:
    """Return the best value up to each trial, NaN before the first."""
    losses = np.fmin.accumulate(aim.loss)
    return losses if aim.lower_is_better else -losses


def shade(aim: SearchObjective) -> Points:
    """Return how dark to draw each trial, from 0 (the worst) to 1 (the best), NaN where no value.

    It goes by rank, and steeply, so that among a thousand good trials the best still stand out.
    """
    losses = aim.loss
    ranks = np.searchsorted(np.sort(losses[np.isfinite(losses)]), losses)
    share = 1 - ranks / max(1, int(np.isfinite(losses).sum()) - 1)
    return np.where(np.isfinite(losses), np.clip(share, 0, 1) ** 2, np.nan)


def finite_ends(values: Points) -> tuple[float, float]:
    """Return the least and the greatest finite value, (0, 1) if there is none."""
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
