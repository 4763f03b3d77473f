"""Earlier rows train, later rows validate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from cutscore.errors import Fault, RequestError
from cutscore.records import Fold, Folds, FoldTimes, Informs, Rows
from cutscore.validation import OuterSplitRows, RowsToSplit, Splitter
from cutscore.validation.assembling import folds_with_parts
from cutscore.validation.checks import both_classes, group_labels
from cutscore.validation.clock import Clock, clock_of

_FOLDS, _OUTER = "validation.folds", "validation.outer_folds"
_GROUPS = "validation.keep_groups_together"
Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TimeOrdered(Splitter):
    """Cut time into folds + 1 blocks; train on blocks before a block and validate on it.

    Blocks are as even in rows as they can be when rows of one time, or of one `period`, stay
    together. The first block is never validated. A threshold may only learn from earlier folds.

    `period` is day, week, month or a column whose values are the periods; with it blocks are whole
    periods, and `gap` and `window` count periods by the calendar. Without it `gap` is in units of
    `data.time`.

    `gap` leaves the latest rows before a block out of its training: training rows are older than
    the first validated row by more than that. With periods they do not choose its threshold either.
    With a `window` each fold trains on so many periods before the gap (a sliding window), and the
    first block has no more than these and the gap; otherwise on all of them (an expanding one).

    With `keep_groups_together`, rows of a group (`data.group`) that a fold validates are left out
    of its training and of what chooses its threshold: rows are validated as they will come, and
    nothing is known of them.

    Outer rows are later than the rows of all folds: the latest ones (`holdout`), or one of
    `outer_folds` blocks with what came before it (`nested`).
    """

    folds: Annotated[int, Ge(1), Le(1000)] = 5
    period: str | None = None
    window: Annotated[int, Ge(1)] | None = None
    gap: Annotated[float, Ge(0)] = 0.0
    keep_groups_together: bool = False

    def __post_init__(self) -> None:
        """Refuse what counts periods where there are none."""
        wrong = []
        try:
            super().__post_init__()
        except ValueError as error:
            wrong.append(str(error))
        if self.period is None and self.window is not None:
            wrong.append(
                f"window={self.window} counts periods, but period is null; set period to day, "
                "week, month or a column's name, or window=null"
            )
        if self.period is not None and self.gap % 1:
            wrong.append(
                f"gap={self.gap:g} must be a whole number of periods where period is set "
                f"(period={self.period})"
            )
        if wrong:
            raise ValueError("; ".join(wrong))

    @property
    def needs_group(self) -> bool:
        """Whether the data set must declare a group column."""
        return self.keep_groups_together

    @property
    def needs_order(self) -> bool:
        """Whether the data set must declare a time column: always."""
        return True

    def split(self, rows: RowsToSplit) -> Folds:
        """Return the folds, the earliest first."""
        clock = clock_of(rows, self.period)
        starts = self._starts(clock, _FOLDS, self.folds, self.gap + (self.window or 1))
        folds = self._folds(clock, starts, None)
        given = [name for name in ("gap", "window") if getattr(self, name)]
        both_classes(folds, rows.target, f"validation.{given[0]}" if given else _FOLDS)
        if self.keep_groups_together:
            folds = self._folds(clock, starts, group_labels(rows.groups, 1))
            both_classes(folds, rows.target, _GROUPS)
        return folds_with_parts(folds, "earlier")

    def hold_out(self, rows: RowsToSplit) -> OuterSplitRows:
        """Return the outer rows and those that are older than all of them by more than `gap`."""
        clock = clock_of(rows, self.period)
        end = np.inf
        if self.outer_part is None:
            start = _start_of_latest(clock.at, self.outer_fraction)
        else:
            least = 2 * self.gap + (self.window or 1) + self.folds  # periods, so that folds can be
            starts = self._starts(clock, _OUTER, self.outer_folds, least)
            start, end = [*starts, np.inf][self.outer_part : self.outer_part + 2]
        groups = group_labels(rows.groups, 1) if self.keep_groups_together else None
        held = self._fold(clock, 0, (start, end), groups, None)
        return OuterSplitRows(held.train, held.validation, held.times)

    def rows_to_fit(self, rows: RowsToSplit) -> Rows:
        """Return the rows of the latest window, or all rows where there is none."""
        if self.window is None:
            return super().rows_to_fit(rows)
        at = clock_of(rows, self.period).at
        return np.flatnonzero(at > at.max() - self.window)

    def informing(self, rows: RowsToSplit) -> Informs | None:
        """Leave out what `gap` and `keep_groups_together` withhold from a fold's threshold."""
        at, groups = clock_of(rows, self.period).at, rows.groups
        gap = self.gap if self.period is not None else 0.0
        if not gap and not self.keep_groups_together:
            return None

        def informs(earlier: Rows, decided: Rows) -> npt.NDArray[np.bool_]:
            known = at[earlier] < at[decided].min() - gap if gap else np.ones(len(earlier), bool)
            return known if groups is None else known & ~np.isin(groups[earlier], groups[decided])

        return informs

    def _folds(self, clock: Clock, starts: Sequence[float], groups: Rows | None) -> list[Fold]:
        cuts = zip(starts, [*starts[1:], np.inf], strict=True)
        return [
            self._fold(clock, number, cut, groups, self.window) for number, cut in enumerate(cuts)
        ]

    def _fold(
        self,
        clock: Clock,
        number: int,
        cut: tuple[float, float],
        groups: Rows | None,
        window: int | None,
    ) -> Fold:
        """Return the fold that validates the rows from one time on to before another."""
        at, (start, end) = clock.at, cut
        validation = np.flatnonzero((at >= start) & (at < end))
        earlier = np.flatnonzero(at < start)
        latest = start - self.gap
        late = at[earlier] >= latest
        old = at[earlier] < latest - (window or np.inf)
        tied = np.zeros(len(earlier), dtype=np.bool_)
        if groups is not None:
            tied = np.isin(groups[earlier], groups[validation])
        train = earlier[~(late | old | tied)]
        counts = {"gap": late, "window": old, "group": tied & ~late & ~old}
        return Fold(
            repeat=0,
            number=number,
            train=train,
            validation=validation,
            withheld=earlier[tied | late] if self.period is not None else earlier[tied],
            times=FoldTimes(
                clock.span(train),
                clock.span(validation),
                {why: int(np.count_nonzero(rows)) for why, rows in counts.items()},
                clock.unit,
            ),
        )

    def _starts(self, clock: Clock, setting: str, folds: int, least: float) -> list[float]:
        """Return the time at which each of `folds` blocks after the first one starts.

        At least so many periods come before them, and with a window no more.
        """
        distinct, counts = np.unique(clock.at, return_counts=True)
        if self.period is None:
            first = 1
            if len(distinct) < folds + 1:
                raise RequestError(_too_few_times(setting, folds, len(distinct)))
        else:
            first = int(np.searchsorted(distinct, distinct[0] + least))
            if len(distinct) - first < folds:
                raise RequestError(self._too_few(clock, distinct, setting, folds, least))
        before = np.cumsum(counts) - counts  # rows earlier than each time
        rows, fixed = len(clock.at), self.window is not None and setting == _FOLDS
        base = before[first]
        starts: list[float] = []
        for block in range(folds):
            last = len(distinct) - (folds - block - 1)  # leave a time for each later block
            even = rows * (block + 1) / (folds + 1)
            if fixed:
                even = base + (rows - base) * block / folds
            chosen = first + int(np.argmin(np.abs(before[first:last] - even)))
            starts.append(float(distinct[chosen]))
            first = chosen + 1
        return starts

    def _too_few(
        self, clock: Clock, distinct: Times, setting: str, folds: int, least: float
    ) -> Fault:
        """Return the fault of fewer periods than folds, window and gap need, and what would do."""
        outer, number = setting == _OUTER, len(distinct)
        told = [f"{folds} outer folds with {self.folds} folds each" if outer else f"{folds} folds"]
        told += [f"a window of {clock.count(self.window)}"] if self.window else []
        told += [f"a gap of {clock.count(self.gap)}"] if self.gap else []
        # So many periods too many come before the folds; nothing helps where there are too few.
        short = least - (distinct[-folds] - distinct[0]) if number > folds else np.inf
        fit = number - int(np.searchsorted(distinct, distinct[0] + least))
        most: list[tuple[str, float, int]] = [(setting, fit, 2 if outer else 1)]
        if outer:
            most.append((_FOLDS, self.folds - short, 1))
        if self.window:
            most.append(("validation.window", self.window - short, 1))
        if self.gap:
            most.append(("validation.gap", self.gap - np.ceil(short / (1 + outer)), 0))
        mends = [f"{name} to at most {value:g}" for name, value, low in most if value >= low]
        remedy = f"Set {', or '.join(mends)}." if mends else ""
        if clock.unit in ("week", "month"):
            remedy += " Or choose a shorter validation.period."
        return Fault(
            setting,
            f"{' and '.join(told)} need {clock.count(least + folds)}, but there are only {number}: "
            f"{clock.span(np.arange(len(clock.at)))}.",
            remedy.strip(),
        )


def _start_of_latest(order: npt.NDArray[np.float64], fraction: float) -> float:
    """Return the time from which about this share of the rows is."""
    distinct, counts = np.unique(order, return_counts=True)
    before = np.cumsum(counts) - counts  # rows earlier than each time
    wanted = len(order) * (1.0 - fraction)
    later = np.abs(before[1:] - wanted)
    return float(distinct[1 + int(np.argmin(later))]) if len(later) else float(distinct[0])


def _too_few_times(setting: str, folds: int, number: int) -> Fault:
    return Fault(
        setting,
        f"{folds} folds in time order need {folds + 1} different times, but data.time has only "
        f"{number}.",
        f"Set {setting} to at most {number - 1}." if number > 1 else "Declare another data.time.",
    )
