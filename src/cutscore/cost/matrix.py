"""The cost of a decision, by what was decided and what was true.

A cost matrix has four entries, each a number for all rows or one number per row (Elkan 2001, "The
foundations of cost-sensitive learning"; Bahnsen, Aouada and Ottersten 2014 for costs per row).
Costs may be negative (a gain).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.records import (
    MetricValue,
    Rows,
    Scores,
    Target,
    Undefined,
    Weights,
    class_sizes,
    counted,
    weights_of,
)

Costs = npt.NDArray[np.float64]
Entry = float | Costs
Flags = npt.NDArray[np.bool_]
Counts = Any  # a number or an array of numbers

ENTRIES = ("true_negative", "false_positive", "false_negative", "true_positive")
LARGEST = 1e30
"""The largest cost of a row: sums of them, and of their squares, stay finite."""
COLUMNS = ("C_TN", "C_FP", "C_FN", "C_TP")
"""What columns that hold the entries are called."""


@dataclass(frozen=True, eq=False)
class CostMatrix:
    """Costs of the four outcomes, each a float or a float64 array of shape (rows,).

    If any entry is an array, all entries are rounded to a common power of two, at most 2^-49 of
    the sum over rows of the dearest entry. Any sum of them is then exact in float64 and the same
    in whatever order it is formed, so that two searches can never disagree about a total by
    rounding. Whole numbers are kept as they are. `given` holds the entries as they were before
    that: by them a row is decided, so that its decision depends on no other row.

    `weights` say how many rows each row counts for (None: one). Costs per row are multiplied with
    them before they are rounded, so that all sums stay exact; costs that are the same for every
    row stay numbers, and the counts are weighed.

    Raises `ValueError` for entries that are not finite or exceed `LARGEST`, or of several lengths.
    """

    true_negative: Entry
    false_positive: Entry
    false_negative: Entry
    true_positive: Entry
    given: tuple[Entry, ...] = field(default=(), kw_only=True, repr=False)
    weights: Weights | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        entries = [np.asarray(entry, dtype=np.float64) for entry in self.entries]
        for name, entry in zip(ENTRIES, entries, strict=True):
            if not (np.abs(entry) <= LARGEST).all():
                raise ValueError(f"{name} must hold finite costs of at most {LARGEST:g}.")
        shapes = {entry.shape for entry in entries if entry.ndim}
        if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
            raise ValueError(f"Costs per row must have one length, got shapes {sorted(shapes)}.")
        if not self.given:
            object.__setattr__(self, "given", tuple(e if e.ndim else float(e) for e in entries))
        unit = _exact_unit(entries) if shapes else 0.0
        for name, entry in zip(ENTRIES, entries, strict=True):
            rounded = np.rint(entry / unit) * unit if unit else entry
            object.__setattr__(self, name, rounded if entry.ndim else float(rounded))

    @property
    def entries(self) -> tuple[Entry, Entry, Entry, Entry]:
        """The four, in the order of `ENTRIES`."""
        return self.true_negative, self.false_positive, self.false_negative, self.true_positive

    @functools.cached_property
    def fixed(self) -> bool:
        """Whether every row has the same costs."""
        return all(isinstance(entry, float) for entry in self.entries)

    def weighed(self, weights: Weights | None) -> CostMatrix:
        """Return the costs of the same rows, each counting for as many as it weighs, (rows,)."""
        if weights is None:
            return self
        entries = self.entries if self.fixed else (np.multiply(e, weights) for e in self.given)
        return CostMatrix(*entries, given=self.given, weights=weights)

    def take(self, rows: Rows) -> CostMatrix:
        """Return the costs of some rows (int64 indices), in their order."""
        if self.fixed and self.weights is None:
            return self
        given = tuple(_taken(entry, rows) for entry in self.given)
        entries = (_taken(entry, rows) for entry in self.entries)
        return CostMatrix(*entries, given=given, weights=weights_of(self.weights, rows))

    def flagged(self, target: Target) -> Costs:
        """Return what each row costs if it is flagged, times its weight, shape (rows,)."""
        return self._by_row(np.where(target == 1, self.true_positive, self.false_positive))

    def unflagged(self, target: Target) -> Costs:
        """Return what each row costs if it is not flagged, times its weight, shape (rows,)."""
        return self._by_row(np.where(target == 1, self.false_negative, self.true_negative))

    def _by_row(self, costs: Costs) -> Costs:
        return costs * self.weights if self.fixed and self.weights is not None else costs

    def delta(self, target: Target) -> Costs:
        """Return what flagging adds to each row's cost (negative where it pays), shape (rows,)."""
        return self.flagged(target) - self.unflagged(target)

    def of_counts(self, tp: Counts, fp: Counts, tn: Counts, fn: Counts) -> Counts:
        """Return the total cost of counts of outcomes (numbers or arrays), for fixed costs.

        This is the one formula for fixed costs: equal counts give equal totals to the last bit.
        """
        if not self.fixed:
            raise ValueError("Costs per row cannot be computed from counts.")
        total = self.false_negative * fn + self.false_positive * fp
        # adding a zero would change no bit, only take time on long arrays
        if self.true_positive:
            total = total + self.true_positive * tp
        if self.true_negative:
            total = total + self.true_negative * tn
        return total

    def total(self, target: Target, flagged: npt.NDArray[np.bool_]) -> float:
        """Return the total cost of flagging the rows where `flagged` is true."""
        if self.fixed:
            tp = counted(flagged & (target == 1), self.weights)
            fp = counted(flagged, self.weights) - tp
            positives, negatives = class_sizes(target, self.weights)
            return float(self.of_counts(tp, fp, negatives - fp, positives - tp))
        return float(np.where(flagged, self.flagged(target), self.unflagged(target)).sum())

    def no_model(self, target: Target) -> tuple[float, float]:
        """Return the total cost of flagging nobody and of flagging everybody."""
        everybody = np.ones(len(target), dtype=np.bool_)
        return self.total(target, ~everybody), self.total(target, everybody)

    def savings(self, target: Target, cost: float) -> MetricValue:
        """Return 1 − cost / cost of the cheaper no-model policy.

        Undefined where that policy costs nothing or gains (the ratio would mean nothing).
        """
        cheaper = min(self.no_model(target))
        if cheaper <= 0:
            return Undefined(f"the cheaper no-model policy costs {cheaper:g}, which is not above 0")
        return 1.0 - cost / cheaper

    def regrets(self) -> tuple[Costs, Costs]:
        """Return what a false alarm and a miss cost more than the right decision, (rows,) or ()."""
        tn, fp, fn, tp = (np.asarray(entry) for entry in self.given)
        return fp - tn, fn - tp

    def cheaper_flagged(self, probability: Scores) -> Flags:
        """Return which rows have the lower expected cost when flagged, shape (rows,).

        Bayes minimum risk: p (C_FN − C_TP) >= (1 − p)(C_FP − C_TN), and not where right and wrong
        cost the same (Elkan 2001; with costs per row Bahnsen, Stojanovic, Aouada and Ottersten
        2014, "Improving credit card fraud detection with calibrated probabilities"). With C_TP =
        C_TN = 0 that is p >= C_FP / (C_FP + C_FN).
        """
        threshold = self.bayes_threshold()
        if threshold is not None:  # the quotient, so that a score equal to the threshold is flagged
            return np.greater_equal(probability, threshold)
        alarm, miss = self.regrets()
        cheaper = np.greater_equal(probability * miss, (1.0 - probability) * alarm)
        flags: Flags = np.logical_and(cheaper, (miss != 0) | (alarm != 0))
        return flags

    def expected(self, probability: Scores, flagged: Flags) -> Costs:
        """Return what the decisions on rows cost on average, by the costs given, shape (rows,)."""
        true_negative, false_positive, false_negative, true_positive = self.given
        if_flagged = probability * true_positive + (1 - probability) * false_positive
        if_not = probability * false_negative + (1 - probability) * true_negative
        return np.where(flagged, if_flagged, if_not)

    def bayes_threshold(self) -> float | None:
        """Return the probability from which flagging has the lower expected cost (Elkan 2001).

        (C_FP − C_TN) / (C_FP − C_TN + C_FN − C_TP); None if the denominator is not above 0, or
        if costs differ from row to row (each row then has its own threshold).
        """
        if not self.fixed:
            return None
        alarm = float(self.false_positive) - float(self.true_negative)
        miss = float(self.false_negative) - float(self.true_positive)
        return alarm / (alarm + miss) if alarm + miss > 0 else None


def join_costs(matrices: Sequence[CostMatrix], lengths: Sequence[int]) -> CostMatrix:
    """Put the costs of several groups of rows end to end.

    `lengths` are the numbers of rows of each. An entry that is the same number for all stays one.
    """
    entries = (_join(parts, lengths) for parts in zip(*(m.entries for m in matrices), strict=True))
    given = (_join(parts, lengths) for parts in zip(*(m.given for m in matrices), strict=True))
    weights = [m.weights for m in matrices if m.weights is not None]
    joined = np.concatenate(weights) if weights else None
    return CostMatrix(*entries, given=tuple(given), weights=joined)


def _taken(entry: Entry, rows: Rows) -> Entry:
    return entry if isinstance(entry, float) else entry[rows]


def _join(entries: Sequence[Entry], lengths: Sequence[int]) -> Entry:
    if all(isinstance(entry, float) and entry == entries[0] for entry in entries):
        return entries[0]
    parts = [np.broadcast_to(e, (n,)) for e, n in zip(entries, lengths, strict=True)]
    return np.concatenate(parts)


def _exact_unit(entries: list[Costs]) -> float:
    """Return the power of two in whose multiples sums over all rows stay below 2^53 (or 0)."""
    dearest = np.abs(entries[0])
    for entry in entries[1:]:
        dearest = np.maximum(dearest, np.abs(entry))
    bound = float(dearest.sum())
    # A difference of two entries is up to twice the dearest, and a total adds another sum.
    return math.ldexp(1.0, max(math.frexp(bound)[1] - 50, -1074)) if bound > 0 else 0.0
