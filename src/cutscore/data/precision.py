"""How many distinct values of a column float32 can still hold apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.data.texts import plainly
from cutscore.errors import listed, override

MOST = 4_096  # values kept of a column; beyond, a sample that is drawn by the values themselves
WORTH_TELLING = 0.05  # the share of lost values that is told; of whole numbers, any
_PENDING = 8_192


@dataclass
class Distinct:
    """Counts the distinct values of a column that float32 changes, before and after.

    Values are sampled by a hash of what they are as float32, so that values which become the same
    are kept or left out together, and the share of lost ones is that of the whole column.
    """

    kept: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    whole: bool = True
    _shift: int = 0
    _pending: list[npt.NDArray[np.float64]] = field(default_factory=list)
    _waiting: int = 0

    def add(self, values: npt.NDArray[np.float64], narrowed: npt.NDArray[np.float32]) -> None:
        """Look at the next values and at what they are as float32."""
        changed = narrowed != values
        if not changed[~np.isnan(values)].any():
            return  # float32 holds them all, as in most columns
        finite = np.isfinite(narrowed)
        values, narrowed = values[finite], narrowed[finite]
        self.whole = self.whole and bool((values % 1 == 0).all())
        self._pending.append(values[self._chosen(narrowed)])
        self._waiting += len(self._pending[-1])
        if self._waiting > _PENDING:
            self._settle()

    def counts(self) -> tuple[int, int]:
        """Return how many distinct values there are (in the sample), and how many as float32."""
        self._settle()
        return len(self.kept), len(np.unique(self.kept.astype(np.float32)))

    def _chosen(self, narrowed: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        hashed = (narrowed + np.float32(0)).view(np.uint32) * np.uint32(2_654_435_761)
        top = hashed >> np.uint32(32 - self._shift) if self._shift else np.zeros_like(hashed)
        chosen: npt.NDArray[np.bool_] = top == 0
        return chosen

    def _settle(self) -> None:
        self.kept = np.unique(np.concatenate([self.kept, *self._pending]))
        self._pending, self._waiting = [], 0
        while len(self.kept) > MOST and self._shift < 24:
            self._shift += 1
            self.kept = self.kept[self._chosen(self.kept.astype(np.float32))]


def notes(names: Sequence[str], seen: Mapping[int, Distinct]) -> list[str]:
    """Return what is told of the columns (by position) that lose distinct values."""
    lost, dates = [], {}
    for at, distinct in seen.items():
        before, after = distinct.counts()
        if after < before * (1 if distinct.whole else 1 - WORTH_TELLING):
            lost.append(f"{plainly(names[at])} ({after / before:.0%} of them are left)")
            if distinct.whole and _dates(distinct.kept):
                dates[names[at]] = "%Y%m%d"
    if not lost:
        return []
    told = (
        f"As features (float32) these columns lose distinct values: {listed(lost)}. Expressions in "
        "data.domain see them whole."
    )
    if dates:
        told += f" If 20190131 is a date there: {override('data.date_format', dates)}."
    return [told]


def _dates(values: npt.NDArray[Any]) -> bool:
    """Whether whole numbers are all written like 20190131."""
    years, days = values // 10_000, values % 100
    months = values // 100 % 100
    likely = (years >= 1900) & (years <= 2100) & (months >= 1) & (months <= 12)
    return bool((likely & (days >= 1) & (days <= 31)).all())
