"""Splits of a data set's rows, and when in time their rows are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from cutscore.records.rows import Rows

Informs = Callable[[Rows, Rows], npt.NDArray[np.bool_]]
"""Says which of some earlier rows may inform decisions on others."""


@dataclass(frozen=True)
class TimeSpan:
    """When some rows are: the first and the last of them.

    Attributes
    ----------
    first, last : in units of `data.time`, or periods counted by the calendar
    first_name, last_name : of these times or periods
    """

    first: float
    last: float
    first_name: str
    last_name: str

    def __str__(self) -> str:
        """Return the names of both ends, of one where they are the same."""
        same = self.first_name == self.last_name
        return self.first_name if same else f"{self.first_name} to {self.last_name}"


@dataclass(frozen=True)
class FoldTimes:
    """When a fold's rows are, and how many earlier ones are left out of its training.

    `left_out` counts them by the reason: gap, window or group. `unit` is what periods are called,
    "" where times are not those of periods.
    """

    train: TimeSpan
    validation: TimeSpan
    left_out: Mapping[str, int]
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Fold:
    """One split.

    Attributes
    ----------
    repeat, number : which fold of which repeat, from 0
    train, validation : disjoint sorted row indices
    withheld : earlier rows that may inform nothing of the fold, its threshold neither, sorted
    times : when its rows are; None where they were not split by time
    """

    repeat: int
    number: int
    train: Rows
    validation: Rows
    withheld: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    times: FoldTimes | None = None


CrossfitRule = Literal["others", "earlier"]


@dataclass(frozen=True, eq=False)
class Folds:
    """All splits of one validation scheme.

    Attributes
    ----------
    splits : the folds, repeat by repeat
    parts : cross-fitting label of each scored row, aligned with the concatenation of the folds'
        validation rows
    crossfit : which parts may inform the threshold of a part: all others of the repeat, or only
        the earlier ones (time order)
    outer : rows held out from all folds, sorted
    outer_times : when outer rows and those that are split into folds are, in time order
    inner : rows that were split into folds, None for all; in time order some rows are neither,
        those in the gap and those after
    """

    splits: tuple[Fold, ...]
    parts: npt.NDArray[np.int16]
    crossfit: CrossfitRule = "others"
    outer: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    outer_times: FoldTimes | None = None
    inner: Rows | None = None

    @property
    def repeats(self) -> int:
        """Number of repeats."""
        return len({fold.repeat for fold in self.splits})

    @property
    def scored(self) -> int:
        """Number of distinct rows that some fold validates."""
        return len(np.unique(np.concatenate([fold.validation for fold in self.splits])))
