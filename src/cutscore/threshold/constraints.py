"""Constraints on top of any objective, and what to say when they cannot be met.

With nobody flagged there is no precision, and no minimum of it is met. Shares are compared as
quotients of exact counts, so that 7 of 10 is a recall of 0.7.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError
from cutscore.threshold.kernels import Cut
from cutscore.threshold.losses import FP, TP, Floats, Loss

WORDS = {
    "min_recall": ("recall", "at least", "highest"),
    "min_precision": ("precision", "at least", "highest"),
    "max_flagged": ("flagged share", "at most", "lowest"),
}


@dataclass(frozen=True)
class Limits:
    """What every threshold must keep to; None does not limit."""

    min_recall: float | None = None
    min_precision: float | None = None
    max_flagged: float | None = None

    @functools.cached_property
    def given(self) -> dict[str, float]:
        """The limits that are set, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, eq=False)
class LimitedLoss:
    """Another loss where the limits are kept, infinity elsewhere."""

    inner: Loss
    limits: Limits
    positives: float
    rows: float

    @property
    def delta(self) -> Floats | None:
        """Return what the inner loss needs of each row."""
        return self.inner.delta

    @property
    def slack(self) -> float:
        """Return the inner loss's."""
        return self.inner.slack

    def at(self, sums: Floats) -> Floats:
        """Return the loss of each cut."""
        kept = self._kept(sums[TP], sums[FP], sums[TP] + sums[FP])
        return np.where(kept, self.inner.at(sums), np.inf)

    def bound(self, above: Floats, below: Floats) -> Floats:
        """Return infinity where no cut in between can keep the limits, else the inner bound."""
        possible = self._kept(below[TP], above[FP], above[TP] + above[FP])
        return np.where(possible, self.inner.bound(above, below), np.inf)

    def _kept(self, tp: Floats, fp: Floats, flagged: Floats) -> npt.NDArray[np.bool_]:
        """Return where the limits are kept; rising `tp` and falling `fp` can only help."""
        kept = np.ones(len(tp), dtype=np.bool_)
        if self.limits.min_recall is not None:
            kept &= tp / (self.positives or 1.0) >= self.limits.min_recall
        if self.limits.min_precision is not None:
            kept &= (tp + fp > 0) & (tp / _or_one(tp + fp) >= self.limits.min_precision)
        if self.limits.max_flagged is not None:
            kept &= flagged / (self.rows or 1.0) <= self.limits.max_flagged
        return kept


@dataclass(frozen=True, eq=False)
class MeasureLoss:
    """A constrained measure as an objective: how near can a constraint come to being met?"""

    name: str
    positives: float
    rows: float
    delta: None = None
    slack: float = 1e-12

    def at(self, sums: Floats) -> Floats:
        """Return minus recall or precision, or the flagged share, of each cut."""
        return self._loss(sums[TP], sums[FP], sums[TP] + sums[FP])

    def bound(self, above: Floats, below: Floats) -> Floats:
        """Return the loss of the better corner."""
        return self._loss(below[TP], above[FP], above[TP] + above[FP])

    def _loss(self, tp: Floats, fp: Floats, flagged: Floats) -> Floats:
        if self.name == "min_recall":
            return -tp / (self.positives or 1.0)
        if self.name == "min_precision":
            return -tp / _or_one(tp + fp)
        return flagged / (self.rows or 1.0)


def limited(loss: Loss, limits: Limits, positives: float, rows: float) -> Loss:
    """Return the loss under limits; itself if there are none."""
    return LimitedLoss(loss, limits, positives, rows) if limits.given else loss


def refuse_unmet(
    limits: Limits, positives: float, rows: float, search: Callable[[Loss], Cut]
) -> RequestError:
    """Return the error for limits that no threshold of a search keeps.

    It says which one, and the nearest value that can be reached: of each limit that is out of
    reach alone, or else of each one while the others are kept.
    """
    alone = [
        _fault(name, limits, Limits(), search(MeasureLoss(name, positives, rows)))
        for name in limits.given
        if not np.isfinite(_least(Limits(**{name: limits.given[name]}), positives, rows, search))
    ]
    if alone:
        return RequestError(alone)
    faults = []
    for name in limits.given:
        others = replace(limits, **{name: None})
        cut = search(limited(MeasureLoss(name, positives, rows), others, positives, rows))
        if np.isfinite(cut.loss):
            faults.append(_fault(name, limits, others, cut))
    names = [f"threshold.{name}" for name in limits.given]
    problem = "no threshold keeps these limits together."
    return RequestError(faults or [Fault(" and ".join(names), problem, "Relax one of them.")])


def _least(limits: Limits, positives: float, rows: float, search: Callable[[Loss], Cut]) -> float:
    name = next(iter(limits.given))
    return search(limited(MeasureLoss(name, positives, rows), limits, positives, rows)).loss


def _or_one(counts: Floats) -> Floats:
    """Return counts to divide by: 1 for 0."""
    return np.where(counts > 0, counts, 1.0)


def _fault(name: str, limits: Limits, others: Limits, cut: Cut) -> Fault:
    what, relation, extreme = WORDS[name]
    asked, reached = limits.given[name], abs(cut.loss)
    kept = " and ".join(
        f"{WORDS[other][0]} {WORDS[other][1]} {value:g}" for other, value in others.given.items()
    )
    condition = f" with a {kept}" if kept else ""
    return Fault(
        f"threshold.{name}",
        f"no threshold has a {what} of {relation} {asked:g}{condition}: the {extreme} is "
        f"{reached:.6g} (at threshold {cut.threshold:.6g}), {abs(asked - reached):.3g} "
        f"{'too little' if relation == 'at least' else 'too much'}.",
        "Relax it" + (", or another limit." if kept else "."),
    )
