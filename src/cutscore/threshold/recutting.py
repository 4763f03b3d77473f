"""What it costs not to choose a threshold anew: a frozen one beside those of the latest periods."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.errors import RequestError
from cutscore.records import Calibrates, Flags, OutOfFold, Recutting, Rows, Target, Undefined
from cutscore.threshold import ThresholdRule
from cutscore.threshold.evidence import fit_rule


def recutting(
    oof: OutOfFold,
    costs: CostMatrix,
    rule: ThresholdRule,
    calibration: Calibrates,
    which: Rows,
    *,
    chosen_from: int | None = None,
    fewest: int = 20,
) -> Recutting | Undefined:
    """Decide later periods by a threshold of the first ones, and by those of the latest ones.

    Parameters
    ----------
    oof, costs : entries of one pass over the rows, and their costs
    which : array of int64, shape (entries,)
        The period of each entry, from 0 without a gap.
    chosen_from : int, optional
        From how many periods a threshold comes; None for a third of them.
    fewest : int
        Rows of each class without which none is chosen.
    """
    found = choosing_periods(oof.target, which, chosen_from=chosen_from, fewest=fewest)
    if isinstance(found, Undefined):
        return found
    periods, size = found
    chooser = _Chooser(oof, costs, rule, calibration, periods, size, fewest)
    first = chooser.decide(size, np.concatenate(periods[size:]))
    if isinstance(first, Undefined):
        return first
    each = np.split(first.flags, np.cumsum([len(rows) for rows in periods[size:-1]]))
    cost, anew_cost, error, thresholds = np.full((4, len(each)), np.nan)
    for at, (inside, frozen) in enumerate(zip(periods[size:], each, strict=True)):
        target, here = oof.target[inside], costs.take(inside)
        cost[at] = here.total(target, frozen)
        anew = _Decided(frozen, first.threshold) if at == 0 else chooser.decide(size + at, inside)
        if not isinstance(anew, Undefined):
            moved = here.delta(target) * (frozen.astype(np.float64) - anew.flags)
            anew_cost[at] = here.total(target, anew.flags)
            error[at] = math.sqrt(len(moved)) * float(np.std(moved))
            thresholds[at] = math.nan if anew.threshold is None else anew.threshold
    return Recutting(size, cost, anew_cost, error, first.threshold, thresholds)


def choosing_periods(
    target: Target, which: Rows, *, chosen_from: int | None, fewest: int
) -> tuple[list[Rows], int] | Undefined:
    """Return the entries of each period and how many periods choose, if the first ones can."""
    order = np.argsort(which, kind="stable")
    periods = np.split(order, np.flatnonzero(np.diff(which[order])) + 1)
    size = chosen_from or max(1, len(periods) // 3)
    if len(periods) <= size:
        return Undefined(
            f"a threshold comes from {size} period{'s' * (size > 1)}, and there are {len(periods)}"
        )
    too_few = _too_few(target[np.concatenate(periods[:size])], fewest)
    return too_few or (periods, size)


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
    """Lets the `size` periods before a place choose; `periods` are positions of entries."""

    oof: OutOfFold
    costs: CostMatrix
    rule: ThresholdRule
    calibration: Calibrates
    periods: Sequence[Rows]
    size: int
    fewest: int

    def decide(self, place: int, inside: Rows) -> _Decided | Undefined:
        """Decide rows by what the periods before a place choose."""
        fit_on = np.concatenate(self.periods[place - self.size : place])
        parts = np.unique(self.oof.part[inside]).tolist()
        kept_out = [self.oof.withheld[part] for part in parts if part in self.oof.withheld]
        if kept_out:  # rows of groups that are judged, or of the gap before a fold
            fit_on = fit_on[~np.isin(self.oof.row[fit_on], np.concatenate(kept_out))]
        if too_few := _too_few(self.oof.target[fit_on], self.fewest):
            return too_few
        try:
            chosen, calibrator = fit_rule(self.oof, self.costs, self.rule, self.calibration, fit_on)
        except RequestError as error:  # no threshold keeps the limits
            return Undefined(str(error))
        scores = calibrator.apply(self.oof.score[inside])
        return _Decided(chosen.rule.flag(scores, self.costs.take(inside)), chosen.threshold)
