"""Which rows train and which validate: splitters deal in row indices, never in data.

Outer rows are held out from everything, before the folds are made: no fold trains on them or
validates them, so whoever was chosen by out-of-fold figures can be judged on them (Cawley and
Talbot 2010 show how far the figures that choose may be off).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le, Lt

from cutscore.records import Folds, FoldTimes, Informs, RowPeriods, Rows, Target, is_stretch

OuterKind = Literal["none", "holdout", "nested"]


@dataclass(frozen=True, eq=False)
class RowsToSplit:
    """All that a split may read of rows.

    Attributes
    ----------
    target : array of int8, shape (rows,)
        Their targets.
    groups : array of int64, shape (rows,), or None
        Labels of rows that must stay on one side; None if all are free.
    order : array of float64, shape (rows,), or None
        Their times, in units of `data.time`; None if no time column is declared.
    dated : bool
        Whether these are days since 1970-01-01.
    periods : RowPeriods, or None
        The periods that they are in, in the order of time; None if none are asked for.
    """

    target: Target
    groups: Rows | None = None
    order: npt.NDArray[np.float64] | None = None
    dated: bool = False
    periods: RowPeriods | None = None

    def take(self, rows: Rows) -> RowsToSplit:
        """Return some of the rows."""
        return RowsToSplit(
            self.target[rows],
            None if self.groups is None else self.groups[rows],
            None if self.order is None else self.order[rows],
            self.dated,
            None if self.periods is None else self.periods.take(rows),
        )


@dataclass(frozen=True, eq=False)
class OuterSplitRows:
    """`outer` rows judge; `inner` rows are split into folds. Both are sorted and disjoint.

    `times` say when they are, in time order.
    """

    inner: Rows
    outer: Rows
    times: FoldTimes | None = None


@dataclass(frozen=True, kw_only=True)
class Splitter(ABC):
    """A way to split rows into training and validation rows, with the settings of the outer split.

    `holdout` holds out one share of the rows, `nested` one of several parts that together are all
    rows. Without `outer_part`, `nested` holds out nothing: a search sets one part after another.

    """

    outer: OuterKind = "none"
    outer_fraction: Annotated[float, Gt(0), Lt(1)] = 0.2
    outer_folds: Annotated[int, Ge(2), Le(1000)] = 5
    outer_part: Annotated[int, Ge(0)] | None = None

    def __post_init__(self) -> None:
        """Refuse a part that the outer split does not have."""
        if self.outer_part is None:
            return
        if self.outer != "nested":
            raise ValueError(
                f"outer_part={self.outer_part} names a part of outer=nested, but outer is "
                f"{self.outer}; set outer=nested or outer_part=null"
            )
        if self.outer_part >= self.outer_folds:
            raise ValueError(
                f"outer_part must be from 0 to {self.outer_folds - 1}, as there are "
                f"{self.outer_folds} outer_folds, got {self.outer_part}"
            )

    @property
    def needs_group(self) -> bool:
        """Whether the data set must declare a group column."""
        return False

    @property
    def needs_order(self) -> bool:
        """Whether the data set must declare a time column."""
        return False

    @property
    def period(self) -> str | None:
        """What periods rows are asked for: day, week, month or a column; None for none."""
        return None

    @property
    def period_column(self) -> str | None:
        """The column whose values are the periods; None where no column's are."""
        return None if self.period is None or is_stretch(self.period) else self.period

    @property
    def keep_duplicates_together(self) -> bool:
        """Whether rows with equal feature values must stay on one side."""
        return False

    @property
    def holds_out(self) -> bool:
        """Whether there are outer rows."""
        return self.outer == "holdout" or self.outer_part is not None

    @property
    def nested(self) -> bool:
        """Whether a search is to take one outer part after another."""
        return self.outer == "nested" and self.outer_part is None

    @property
    def outer_size(self) -> str:
        """The setting that says how large the outer side is."""
        return "validation.outer_fraction" if self.outer == "holdout" else "validation.outer_folds"

    def rows_to_fit(self, rows: RowsToSplit) -> Rows:
        """Return which of the rows a model is fitted on once the folds have judged how: all."""
        return np.arange(len(rows.target), dtype=np.int64)

    def informing(self, rows: RowsToSplit) -> Informs | None:  # noqa: ARG002  # time order asks it
        """Return what says which earlier rows may inform decisions on others; None if all may."""
        return None

    @abstractmethod
    def split(self, rows: RowsToSplit) -> Folds:
        """Split rows.

        Raises `RequestError` if groups or times that are needed are missing, or a side would lack
        a class.
        """

    @abstractmethod
    def hold_out(self, rows: RowsToSplit) -> OuterSplitRows:
        """Return the outer rows and the others; raises `RequestError` if the rows are too few."""
