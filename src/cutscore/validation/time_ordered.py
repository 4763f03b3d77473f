"""Earlier rows train, later rows validate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from cutscore.errors import Fault, RequestError
from cutscore.records import Fold, Folds
from cutscore.validation import OuterSplitRows, RowsToSplit, Splitter
from cutscore.validation.assembling import folds_with_parts
from cutscore.validation.checks import both_classes, times


@dataclass(frozen=True)
class TimeOrdered(Splitter):
    """Cut time into folds + 1 blocks; train on all blocks before a block and validate on it.

    Blocks are as even in rows as they can be when rows of one time stay together. The first block
    is never validated. With a `gap`, training rows are older than the first validated row by more
    than that (in units of `data.time`). A threshold may only learn from earlier folds.

    Outer rows are later than the rows of all folds: the latest ones (`holdout`), or one of
    `outer_folds` blocks with what came before it (`nested`).
    """

    folds: Annotated[int, Ge(1), Le(1000)] = 5
    gap: Annotated[float, Ge(0)] = 0.0
    needs_order: ClassVar[bool] = True

    def split(self, rows: RowsToSplit) -> Folds:
        """Return the folds, the earliest first."""
        order = times(rows.order)
        starts = _starts(order, self.folds, "validation.folds")
        ends = [*starts[1:], np.inf]
        splits = []
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            train = np.flatnonzero(order < start - self.gap)
            validation = np.flatnonzero((order >= start) & (order < end))
            splits.append(Fold(0, number, train, validation))
        both_classes(splits, rows.target, "validation.gap" if self.gap else "validation.folds")
        return folds_with_parts(splits, "earlier")

    def hold_out(self, rows: RowsToSplit) -> OuterSplitRows:
        """Return the outer rows and those that are older than all of them by more than `gap`."""
        order = times(rows.order)
        end = np.inf
        if self.outer_part is None:
            start = _start_of_latest(order, self.outer_fraction)
        else:
            starts = [*_starts(order, self.outer_folds, "validation.outer_folds"), np.inf]
            start, end = starts[self.outer_part : self.outer_part + 2]
        return OuterSplitRows(
            np.flatnonzero(order < start - self.gap),
            np.flatnonzero((order >= start) & (order < end)),
        )


def _start_of_latest(order: npt.NDArray[np.float64], fraction: float) -> float:
    """Return the time from which about this share of the rows is."""
    distinct, counts = np.unique(order, return_counts=True)
    before = np.cumsum(counts) - counts  # rows earlier than each time
    wanted = len(order) * (1.0 - fraction)
    later = np.abs(before[1:] - wanted)
    return float(distinct[1 + int(np.argmin(later))]) if len(later) else float(distinct[0])


def _starts(order: npt.NDArray[np.float64], folds: int, setting: str) -> list[float]:
    """Return the time at which each of `folds` blocks after the first one starts."""
    distinct, counts = np.unique(order, return_counts=True)
    if len(distinct) < folds + 1:
        raise RequestError(
            Fault(
                setting,
                f"{folds} folds in time order need {folds + 1} different times, but "
                f"data.time has only {len(distinct)}.",
                f"Set {setting} to at most {len(distinct) - 1}."
                if len(distinct) > 1
                else "Declare another data.time.",
            )
        )
    before = np.cumsum(counts) - counts  # rows earlier than each time
    starts: list[float] = []
    first = 1
    for block in range(1, folds + 1):
        last = len(distinct) - (folds - block)  # leave a time for each later block
        even = len(order) * block / (folds + 1)
        chosen = first + int(np.argmin(np.abs(before[first:last] - even)))
        starts.append(float(distinct[chosen]))
        first = chosen + 1
    return starts
