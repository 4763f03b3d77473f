"""Fitted preparation: medians, indicator columns and standardisation, learnt from training rows.

Everything learnt comes from the values of the rows given; the only other state is the list of
category levels, which knows no labels. Work is done in blocks, so that no float64 copy of the
matrix exists at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.records import Column, Rows, Table, Values

MAX_LEVELS = 50
_COLUMNS_AT_ONCE = 16
_ROWS_AT_ONCE = 1_024


@dataclass(frozen=True)
class PreparedColumn:
    """What becomes of one column.

    `fill` replaces missing values (None: they stay), `mean` and `deviation` standardise (None: not
    standardised; a deviation of 0 marks a constant column, which becomes 0), `levels` are the
    positions of the levels that get an indicator column (None: no indicators).
    """

    column: Column
    fill: float | None = None
    mean: float | None = None
    deviation: float | None = None
    levels: tuple[int, ...] | None = None

    @property
    def outputs(self) -> tuple[Column, ...]:
        """The columns that this one becomes."""
        names = self.column.levels
        if self.levels is None or names is None:
            return (self.column,)
        return tuple(Column(f"{self.column.name}={names[level]}") for level in self.levels)


@dataclass(frozen=True, eq=False)
class _PlainColumns:
    """Columns without indicators, prepared together; each array has an entry for each of them."""

    places: Rows
    fill: Values
    mean: Values
    deviation: Values
    constant: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, parts: tuple[PreparedColumn, ...], chosen: list[int]) -> _PlainColumns:
        def each(name: str, none: float) -> Values:
            found = (getattr(parts[place], name) for place in chosen)
            return np.array([none if one is None else one for one in found], dtype=np.float32)

        deviation = each("deviation", 1.0)
        places = np.array(chosen, dtype=np.int64)
        return cls(places, each("fill", np.nan), each("mean", 0.0), deviation, deviation == 0)

    def transform(self, values: Values) -> Values:
        """Return the prepared columns of a block of rows."""
        made = values[:, self.places]
        np.copyto(made, self.fill, where=np.isnan(made))
        if (self.deviation != 1).any() or self.mean.any():
            made -= self.mean
            made /= np.where(self.constant, np.float32(1), self.deviation)
            np.copyto(made, 0, where=self.constant & ~np.isnan(made))
        return made


@dataclass(frozen=True)
class Preparation:
    """A fitted preparation; `notes` are sentences on what a user should know of it."""

    parts: tuple[PreparedColumn, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def identity(self) -> bool:
        """Whether tables pass through unchanged."""
        return all(part == PreparedColumn(part.column) for part in self.parts)

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """The columns a table must have."""
        return tuple(part.column for part in self.parts)

    @property
    def outputs(self) -> tuple[Column, ...]:
        """The columns a prepared table has."""
        return tuple(column for part in self.parts for column in part.outputs)

    def transform(self, table: Table) -> Table:
        """Return the prepared table, all rows, float32 in C order (`table` itself if identity).

        Raises
        ------
        ValueError
            If the table's columns or levels are not those of the fit.
        """
        if table.columns != self.inputs:
            raise ValueError(
                f"the preparation was fitted on the columns {[c.name for c in self.inputs]} "
                f"and cannot be applied to {list(table.names)}"
            )
        if self.identity:
            return table
        out = np.empty((table.rows, len(self.outputs)), dtype=np.float32)
        for start in range(0, table.rows, _ROWS_AT_ONCE):
            stop = start + _ROWS_AT_ONCE
            self._transform_block(table.values[start:stop], out[start:stop])
        return Table(self.outputs, out)

    def _transform_block(self, values: Values, out: Values) -> None:
        plain, to = self._plain
        out[:, to] = plain.transform(values)
        at = 0
        for position, part in enumerate(self.parts):
            width = len(part.outputs)
            if part.levels is not None:
                levels = np.asarray(part.levels, dtype=np.float32)
                out[:, at : at + width] = values[:, position, None] == levels
            at += width

    @cached_property
    def _plain(self) -> tuple[_PlainColumns, Rows]:
        """The columns that stay one column each, and where they are put."""
        widths = [len(part.outputs) for part in self.parts]
        starts = np.cumsum([0, *widths[:-1]])
        chosen = [place for place, part in enumerate(self.parts) if part.levels is None]
        return _PlainColumns.of(self.parts, chosen), starts[chosen]

    def to_json(self) -> dict[str, Any]:
        """Return the fitted state as JSON values; `from_json` restores it exactly."""
        return {
            "notes": list(self.notes),
            "parts": [
                {
                    "name": part.column.name,
                    "categories": None if part.column.levels is None else list(part.column.levels),
                    "fill": part.fill,
                    "mean": part.mean,
                    "deviation": part.deviation,
                    "levels": None if part.levels is None else list(part.levels),
                }
                for part in self.parts
            ],
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Preparation:
        """Return the preparation that `to_json` described."""
        parts = tuple(
            PreparedColumn(
                column=Column(
                    part["name"],
                    None if part["categories"] is None else tuple(part["categories"]),
                ),
                fill=part["fill"],
                mean=part["mean"],
                deviation=part["deviation"],
                levels=None if part["levels"] is None else tuple(part["levels"]),
            )
            for part in state["parts"]
        )
        return cls(parts, tuple(state["notes"]))


def fit_preparation(
    table: Table, rows: Rows, *, impute: bool, encode: bool, scale: bool
) -> Preparation:
    """Learn a preparation from `rows` of `table`.

    Parameters
    ----------
    table : Table
        All rows; only the values at `rows` are read.
    rows : array of int64, shape (training rows,)
        The training rows.
    impute : bool
        Fill missing numbers with the median (0 if a column has none, which is noted) and, unless
        they are encoded, missing categories with the most frequent level.
    encode : bool
        Replace a categorical column by 0/1 columns, one per level; with more than 50 levels, one
        for each of the 50 most frequent. Missing and other levels are 0 everywhere.
    scale : bool
        Subtract the mean and divide by the standard deviation, numeric columns only; a constant
        column becomes 0.
    """
    if not (impute or encode or scale):
        return Preparation(tuple(PreparedColumn(column) for column in table.columns))
    parts: list[PreparedColumn] = []
    notes: list[str] = []
    for column, values in _training_columns(table, rows):
        if column.levels is None:
            parts.append(_fit_numeric(column, values, impute=impute, scale=scale))
        else:
            parts.append(_fit_categorical(column, values, impute=impute, encode=encode))
        if impute and len(values) == 0:
            notes.append(
                f'column "{column.name}" has no value in the training rows of a fold: filled with 0'
            )
    return Preparation(tuple(parts), tuple(notes))


def _training_columns(table: Table, rows: Rows) -> Iterator[tuple[Column, Values]]:
    """Yield every column with its values in the training rows that are not missing."""
    for start in range(0, len(table.columns), _COLUMNS_AT_ONCE):
        stop = start + _COLUMNS_AT_ONCE
        # One gather for several columns: row-major memory is read once, not once per column.
        block = np.ascontiguousarray(table.values[:, start:stop][rows].T)
        for column, values in zip(table.columns[start:stop], block, strict=True):
            missing = np.isnan(values)
            yield column, values[~missing] if missing.any() else values


def _fit_numeric(column: Column, values: Values, *, impute: bool, scale: bool) -> PreparedColumn:
    fill = _median(values) if impute else None
    if not scale:
        return PreparedColumn(column, fill=fill)
    mean, deviation = _moments(values)
    return PreparedColumn(column, fill=fill, mean=mean, deviation=deviation)


def _fit_categorical(
    column: Column, values: Values, *, impute: bool, encode: bool
) -> PreparedColumn:
    size = len(column.levels or ())
    counts = np.bincount(values.astype(np.int64), minlength=size)
    if encode:
        return PreparedColumn(column, levels=_kept_levels(counts))
    return PreparedColumn(column, fill=float(np.argmax(counts)) if impute and size else None)


def _kept_levels(counts: npt.NDArray[np.int64]) -> tuple[int, ...]:
    """Return the levels that get a column: all, or the most frequent; ties by level order."""
    if len(counts) <= MAX_LEVELS:
        return tuple(range(len(counts)))
    most_frequent = np.argsort(-counts, kind="stable")[:MAX_LEVELS]
    return tuple(int(level) for level in np.sort(most_frequent))


def _median(values: Values) -> float:
    """Return the median rounded to float32, 0 without values."""
    if len(values) == 0:
        return 0.0
    middle = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, middle)[middle])
    ordered = np.partition(values, (middle - 1, middle))
    return float(np.float32((float(ordered[middle - 1]) + float(ordered[middle])) / 2))


def _moments(values: Values) -> tuple[float, float]:
    """Return mean and standard deviation (population); (0, 0) without values."""
    if len(values) == 0 or values.min() == values.max():
        return (float(values[0]), 0.0) if len(values) else (0.0, 0.0)
    exact = values.astype(np.float64)  # one column at a time, never the whole matrix
    return float(exact.mean()), float(exact.std())
