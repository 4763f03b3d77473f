"""Two ways to decide the same rows: who is decided otherwise, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.records import counted
from cutscore.records.decision import Flags
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.validator.bands import LEVEL

RESAMPLES = 1_000


@dataclass(frozen=True)
class SwapCell:
    """Rows that two rules decide in one way: how many, and how many are of class 1, by weight."""

    size: float
    positives: float

    @property
    def rate(self) -> float | None:
        """The share of positives, None where there are no rows."""
        return self.positives / self.size if self.size else None


@dataclass(frozen=True)
class SwapSet:
    """The decisions of a rule on rows beside those of another.

    Attributes
    ----------
    both, neither : rows that both flag, or none does
    only_this, only_other : rows that one flags and the other does not
    cost_this, cost_other : total costs
    low, high : 95 % bootstrap interval of the difference of costs, rows drawn in pairs
    """

    both: SwapCell
    neither: SwapCell
    only_this: SwapCell
    only_other: SwapCell
    cost_this: float
    cost_other: float
    low: float
    high: float

    @property
    def cells(self) -> dict[str, SwapCell]:
        """The four, by what they are."""
        return {
            "both flag": self.both,
            "only this run flags": self.only_this,
            "only the other flags": self.only_other,
            "neither flags": self.neither,
        }

    @property
    def size(self) -> float:
        """How many rows there are, by weight."""
        return sum(cell.size for cell in self.cells.values())

    @property
    def difference(self) -> float:
        """What this rule costs more than the other."""
        return self.cost_this - self.cost_other

    @property
    def verdict(self) -> str:
        """Which rule is cheaper, as far as these rows tell."""
        if self.low == self.high == 0:
            return "every row is decided alike"
        if self.low <= 0 <= self.high:
            return "these rows cannot tell which is cheaper"
        return "this run is cheaper" if self.high < 0 else "the other is cheaper"


def swap_set(
    rows: JudgedRows, other: Flags, *, resamples: int = RESAMPLES, seed: int = 42
) -> SwapSet:
    """Set the decisions on rows beside others on them, shape (rows,), at the rows' own costs."""

    def cell(which: Flags) -> SwapCell:
        positive = which & (rows.target == 1)
        return SwapCell(counted(which, rows.weights), counted(positive, rows.weights))

    this = rows.flagged
    moved = rows.costs.delta(rows.target) * (this.astype(np.float64) - other)
    drawn = _resampled_sums(moved[this != other], len(rows), resamples, seed)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return SwapSet(
        both=cell(this & other),
        neither=cell(~this & ~other),
        only_this=cell(this & ~other),
        only_other=cell(~this & other),
        cost_this=rows.costs.total(rows.target, this),
        cost_other=rows.costs.total(rows.target, other),
        low=low,
        high=high,
    )


def _resampled_sums(
    values: npt.NDArray[np.float64], rows: int, resamples: int, seed: int
) -> npt.NDArray[np.float64]:
    """Return sums over resamples of rows of which all but `values` are 0.

    A resample holds a binomial number of the others, each drawn alike: so only these are drawn.
    """
    rng = np.random.default_rng(seed)
    if not len(values):
        return np.zeros(resamples)
    counts = rng.binomial(rows, len(values) / rows, resamples)
    return np.array([values[rng.integers(0, len(values), n)].sum() for n in counts.tolist()])


def aligned(ids: npt.NDArray[Any], others: npt.NDArray[Any]) -> npt.NDArray[np.int64] | None:
    """Return where each of some ids is among others, shape (ids,).

    None unless both hold the same ids, each once.
    """
    if len(ids) != len(others):
        return None
    order, other_order = np.argsort(ids, kind="stable"), np.argsort(others, kind="stable")
    here, there = ids[order], others[other_order]
    if not np.array_equal(here, there) or bool((here[1:] == here[:-1]).any()):
        return None
    found = np.empty(len(ids), dtype=np.int64)
    found[order] = other_order
    return found
