"""What it costs not to choose a threshold anew: a frozen one beside those of the latest periods."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import RequestError
from cutscore.records import (
    Calibrates,
    Flags,
    Informs,
    OutOfFold,
    Recutting,
    Rows,
    Target,
    Undefined,
)
from cutscore.threshold import ThresholdRule
from cutscore.threshold.evidence import fit_rule


def recutting(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    calibration: Calibrates,
    which: Rows,
    *,
    informs: Informs | None = None,
    chosen_from: int | None = None,
    fewest: int = 20,
) -> Recutting | Undefined:
    """Decide later periods by a threshold of the first ones, and by those of the latest ones.

    Parameters
    ----------
    oof, costs : entries of one pass over the rows, and their costs
    which : array of int64, shape (entries,)
        The period of each entry, from 0 without a gap.
    informs : callable, optional
        Says which earlier entries may inform decisions; None for all.
    chosen_from : int, optional
        From how many periods a threshold comes; None for a third of them.
    fewest : int
        Rows of each class without which none is chosen.
    """
    found = choosing_periods(oof.target, which, informs, chosen_from=chosen_from, fewest=fewest)
    if isinstance(found, Undefined):
        return found
    chooser = _Chooser(oof, costs, rule, calibration, found, fewest)
    first = chooser.decide(found.first, found.later)
    if isinstance(first, Undefined):
        return first
    each = [found.entries(place) for place in range(found.first, found.number)]
    flags = np.split(first.flags, np.cumsum([len(rows) for rows in each[:-1]]))
    cost, anew_cost, error, thresholds = np.full((4, len(each)), np.nan)
    for at, (inside, frozen) in enumerate(zip(each, flags, strict=True)):
        target, here = oof.target[inside], costs.take(inside)
        cost[at] = here.total(target, frozen)
        same = _Decided(frozen, first.threshold)
        anew = chooser.decide(found.first + at, inside) if at else same
        if not isinstance(anew, Undefined):
            moved = here.delta(target) * (frozen.astype(np.float64) - anew.flags)
            anew_cost[at] = here.total(target, anew.flags)
            error[at] = math.sqrt(len(moved)) * float(np.std(moved))
            thresholds[at] = math.nan if anew.threshold is None else anew.threshold
    return Recutting(found.size, cost, anew_cost, error, first.threshold, thresholds)


@dataclass(frozen=True, eq=False)
class ChoosingPeriods:
    """The periods of entries, and which of them choose a threshold.

    Attributes
    ----------
    order, starts : entries by period, and where each period starts there, the end being the last
    which : the period of each entry
    informs : says which earlier entries may inform decisions; None for all
    size, first : how many periods choose, and the first one that so many may inform
    """

    order: Rows
    starts: Rows
    which: Rows
    informs: Informs | None
    size: int
    first: int = 0

    @property
    def number(self) -> int:
        """How many periods there are."""
        return len(self.starts) - 1

    @property
    def later(self) -> Rows:
        """The entries of the first decided period and of all after it."""
        return self.order[self.starts[self.first] :]

    def entries(self, place: int) -> Rows:
        """Return the entries of a period."""
        return self.order[self.starts[place] : self.starts[place + 1]]

    def before(self, place: int, inside: Rows) -> tuple[Rows, int]:
        """Return the entries that choose for some of a period or later ones, and of how many."""
        known = self.order[: self.starts[place]]
        if self.informs is not None:
            known = known[self.informs(known, inside)]
        present = np.unique(self.which[known])[-self.size :]
        return known[np.isin(self.which[known], present)], len(present)


def choosing_periods(
    target: Target,
    which: Rows,
    informs: Informs | None = None,
    *,
    chosen_from: int | None,
    fewest: int,
) -> ChoosingPeriods | Undefined:
    """Return which periods choose, if the first ones can; see `recutting`."""
    order = np.argsort(which, kind="stable")
    starts = np.flatnonzero(np.diff(which[order], prepend=-1, append=which.max() + 1))
    number = len(starts) - 1
    size = chosen_from or max(1, number // 3)
    found = ChoosingPeriods(order, starts, which, informs, size)
    for place in range(size, number):
        if found.before(place, found.entries(place))[1] == size:
            found = replace(found, first=place)
            fit_on, _ = found.before(place, found.later)
            return _too_few(target[fit_on], fewest) or found
    there = f"there are {number}" if number <= size else "none has so many that may inform it"
    return Undefined(f"a threshold comes from {size} period{'s' * (size > 1)}, and {there}")


def _too_few(target: Target, fewest: int) -> Undefined | None:
    positives = int(np.count_nonzero(target))
    if min(positives, len(target) - positives) >= fewest:
        return None
    return Undefined(
        f"{positives} positives of {len(target)} rows choose no threshold: {fewest} of each class "
        "are needed"
    )


@dataclass(frozen=True, eq=False)
class _Decided:
    flags: Flags
    threshold: float | None


@dataclass(frozen=True, eq=False)
class _Chooser:
    """Lets entries that may inform a period choose how it is decided."""

    oof: OutOfFold
    costs: CostMatrix
    rule: ThresholdRule
    calibration: Calibrates
    periods: ChoosingPeriods
    fewest: int

    def decide(self, place: int, inside: Rows) -> _Decided | Undefined:
        """Decide entries of a period, or of later ones too, by what may inform them."""
        fit_on, _ = self.periods.before(place, inside)
        if too_few := _too_few(self.oof.target[fit_on], self.fewest):
            return too_few
        try:
            chosen, calibrator = fit_rule(self.oof, self.costs, self.rule, self.calibration, fit_on)
        except RequestError as error:  # no threshold keeps the limits
            return Undefined(str(error))
        scores = calibrator.apply(self.oof.score[inside])
        return _Decided(chosen.rule.flag(scores, self.costs.take(inside)), chosen.threshold)
