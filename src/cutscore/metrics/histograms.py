"""What a table looks like in little: how many rows have which values, column by column.

A column of numbers has bins between quantiles, one below and one above the range that was met, and
one for missing values. A column of categories has its most frequent levels, all others together,
one for levels that were not met, and one for missing values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.records import Column, Rows, Values

BINS, LEVELS, SAMPLE = 10, 50, 20_000
"""Bins of a number, levels of a category that are counted one by one, rows that give quantiles."""
_CELLS = 1 << 20
_SEED = 20_240_229
Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ColumnBins:
    """Where one column's values are counted.

    Attributes
    ----------
    name : the column's name
    cuts : of a number: lowest value, upper ends of bins (the value itself belongs to the bin below)
        and highest value; empty for a category, and where training had no value at all
    levels : of a category: the levels that are counted one by one; None for a number
    """

    name: str
    cuts: tuple[float, ...] = ()
    levels: tuple[str, ...] | None = None

    @property
    def width(self) -> int:
        """The number of bins, those for strange and missing values among them."""
        return len(self.edges) + 2 if self.levels is None else len(self.levels) + 3

    @property
    def edges(self) -> tuple[float, ...]:
        """What a number must exceed to be in the next bin, as float32."""
        if not self.cuts:
            return ()
        below = float(np.nextafter(np.float32(self.cuts[0]), np.float32(-np.inf)))
        return below, *self.cuts[1:]

    @property
    def strange(self) -> tuple[int, ...]:
        """The bins of values that training did not meet."""
        return (0, self.width - 2) if self.levels is None else (self.width - 2,)

    @property
    def labels(self) -> tuple[str, ...]:
        """What each bin is called."""
        if self.levels is not None:
            return (*self.levels, "other levels", "new levels", "missing")
        if not self.cuts:
            return ("any value", "missing")
        inner = [f"{low:.6g} to {high:.6g}" for low, high in pairwise(self.cuts)]
        return (f"below {self.cuts[0]:.6g}", *inner, f"above {self.cuts[-1]:.6g}", "missing")


@dataclass(frozen=True, eq=False)
class TableBins:
    """Where a table's values are counted; `columns` say which table that is."""

    columns: tuple[Column, ...]
    bins: tuple[ColumnBins, ...]

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where each column's bins begin among all, shape (columns + 1,)."""
        widths = [each.width for each in self.bins]
        return np.concatenate([[0], np.cumsum(widths, dtype=np.int64)]).astype(np.int64)

    @cached_property
    def _numbers(self) -> npt.NDArray[np.int64]:
        return np.flatnonzero([each.levels is None for each in self.bins])

    @cached_property
    def _edges(self) -> Values:
        """The edges of all numbers, shape (most edges, numbers); infinity where there is none."""
        own = [self.bins[at].edges for at in self._numbers]
        edges = np.full((max(map(len, own), default=0), len(own)), np.inf, dtype=np.float32)
        for at, each in enumerate(own):
            edges[: len(each), at] = each
        return edges

    @cached_property
    def _places(self) -> dict[int, npt.NDArray[np.int64]]:
        """For each column of categories the bin of each level."""
        found = {}
        for at, (column, each) in enumerate(zip(self.columns, self.bins, strict=True)):
            if each.levels is not None:
                place = {level: number for number, level in enumerate(each.levels)}
                other = len(each.levels)
                found[at] = np.array([place.get(one, other) for one in column.levels or ()], int)
        return found

    def count(
        self,
        values: Values,
        groups: npt.NDArray[np.int64] | None = None,
        number: int = 1,
        *,
        unseen: Mapping[str, Rows] | None = None,
        weights: npt.NDArray[np.float64] | None = None,
    ) -> Counts:
        """Count rows by bin.

        Parameters
        ----------
        values : array of float32, shape (rows, columns)
            As `Table` has them.
        groups : array of int64, shape (rows,), optional
            Which of `number` groups each row belongs to.
        unseen : mapping, optional
            The rows whose category training did not meet, by column.
        weights : array, shape (rows,), optional
            How many rows each row counts for.

        Returns
        -------
        array of float64, shape (number, bins of all columns)
        """
        total = int(self.starts[-1])
        found = np.zeros((number, total))
        step = max(1, _CELLS // max(values.shape[1], 1))
        for start in range(0, len(values), step):
            here = slice(start, start + step)
            codes = self._codes(values[here])
            for name, rows in (unseen or {}).items():
                at = self._at.get(name)
                if at is not None:
                    inside = rows[(rows >= start) & (rows < start + step)] - start
                    codes[inside, at] = self.starts[at + 1] - 2
            if groups is not None:
                codes += groups[here, None] * total
            each = None if weights is None else np.repeat(weights[here], values.shape[1])
            found += np.bincount(codes.ravel(), each, number * total).reshape(number, total)
        return found

    @cached_property
    def _at(self) -> dict[str, int]:
        return {each.name: at for at, each in enumerate(self.bins)}

    def _codes(self, values: Values) -> npt.NDArray[np.int64]:
        """Return the bin of each cell among all bins, shape (rows, columns)."""
        codes = np.empty(values.shape, dtype=np.int64)
        numbers = values if len(self._numbers) == values.shape[1] else values[:, self._numbers]
        places = np.zeros(numbers.shape, dtype=np.uint8)
        for edge in self._edges:  # a few comparisons are quicker than a search for each cell
            places += numbers > edge
        codes[:, self._numbers] = places
        for at, bins in self._places.items():
            level = values[:, at]
            codes[:, at] = bins[np.where(np.isnan(level), 0, level).astype(int)] if len(bins) else 0
        codes += self.starts[:-1]
        np.copyto(codes, self.starts[1:] - 1, where=np.isnan(values))
        return codes

    def to_json(self, counts: Counts) -> dict[str, Any]:
        """Return bins and counts as plain values, by column."""
        told = {}
        for at, each in enumerate(self.bins):
            own = [_plain(x) for x in counts[self.starts[at] : self.starts[at + 1]].tolist()]
            where = {"cuts": list(each.cuts)} if each.levels is None else {"levels": each.levels}
            told[each.name] = {**where, "counts": own}
        return told

    @classmethod
    def from_json(
        cls, state: Mapping[str, Any], columns: Sequence[Column]
    ) -> tuple[TableBins, Counts]:
        """Return what `to_json` described, of a table of `columns`; ValueError if it is not."""
        if [each.name for each in columns] != list(state):
            raise ValueError("it has other columns than the model")
        bins = []
        for column in columns:
            told = state[column.name]
            levels = None if column.levels is None else tuple(told["levels"])
            cuts = tuple(map(float, told["cuts"])) if column.levels is None else ()
            bins.append(ColumnBins(column.name, cuts, levels))
        made = cls(tuple(columns), tuple(bins))
        each = [told["counts"] for told in state.values()]
        counts = np.array([x for own in each for x in own], dtype=np.float64)
        if [len(own) for own in each] != [own.width for own in bins]:
            raise ValueError("its bins and counts do not go together")
        return made, counts


def fit_bins(columns: Sequence[Column], values: Values) -> TableBins:
    """Return bins for a table of shape (rows, columns).

    Quantiles are those of 20,000 rows, drawn the same for the same number of rows: 10 bins of
    about equally many rows each. Lowest and highest value are those of all rows.
    """
    rows = len(values)
    drawn = np.arange(rows)
    if rows > SAMPLE:
        drawn = np.sort(np.random.default_rng(_SEED).choice(rows, SAMPLE, replace=False))
    sample = np.sort(values[drawn], axis=0)  # NaN at the end
    present = np.count_nonzero(~np.isnan(sample), axis=0)
    low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
    bins = []
    for at, column in enumerate(columns):
        if column.levels is not None:
            bins.append(ColumnBins(column.name, levels=_frequent(column.levels, values[:, at])))
        elif np.isnan(low[at]):
            bins.append(ColumnBins(column.name))
        else:
            # Observed values: heavy ones take several places, and are bins of their own.
            places = (np.arange(1, BINS) * present[at]) // BINS
            inner = np.unique(sample[places, at])  # NaN where the sample has no value
            inner = inner[(inner >= low[at]) & (inner < high[at])]
            cuts = (float(low[at]), *map(float, inner), float(high[at]))
            bins.append(ColumnBins(column.name, cuts))
    return TableBins(tuple(columns), tuple(bins))


def _frequent(levels: Sequence[str], values: Values) -> tuple[str, ...]:
    """Return the most frequent levels, the first of equally frequent ones, most frequent first."""
    present = values[~np.isnan(values)].astype(np.int64)
    times = np.bincount(present, minlength=len(levels))
    return tuple(levels[at] for at in np.argsort(-times, kind="stable")[:LEVELS])


def _plain(number: float) -> float | int:
    return int(number) if number.is_integer() else number
