"""Values about rows: data sets, feature tables and what a model is trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from cutscore.records.periods import RowPeriods
from cutscore.records.weights import Weights

Rows = npt.NDArray[np.int64]
Target = npt.NDArray[np.int8]
Scores = npt.NDArray[np.float64]
Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Column:
    """A feature column; `levels` are the sorted categories, or None for a numeric column."""

    name: str
    levels: tuple[str, ...] | None = None

    @property
    def categorical(self) -> bool:
        """Whether the values are indices into `levels`."""
        return self.levels is not None


RawKind = Literal["number", "integer", "boolean", "date", "timestamp", "category"]


@dataclass(frozen=True)
class RawColumn:
    """A feature column as it is in the file: what a caller gives, before anything is computed.

    Attributes
    ----------
    name : the column's name
    kind : of its values; an `integer` is read as such, another whole number may be a `number`
    levels : the categories that the data have, sorted
    reading : how its texts were read as numbers or moments, as plain values; None for plainly
    """

    name: str
    kind: RawKind = "number"
    levels: tuple[str, ...] | None = None
    reading: Mapping[str, Any] | None = None

    @property
    def column(self) -> Column:
        """The column of a table."""
        return Column(self.name, self.levels)


@dataclass(frozen=True)
class RawTable:
    """What a file of rows holds, for whoever hands over more rows of the kind.

    Attributes
    ----------
    columns : the features, in the order of the data set's table
    others : further columns, which are no features
    id_column : the one of `others` that has the rows' ids, None where rows are numbered
    missing : texts that mean a missing value
    labels : what people call columns, and features made of them
    """

    columns: tuple[RawColumn, ...]
    others: tuple[str, ...] = ()
    id_column: str | None = None
    missing: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Table:
    """Feature columns of all rows.

    Attributes
    ----------
    columns : names, and the levels of categorical ones
    values : float32, C order, shape (rows, columns); a categorical column holds the index of its
        level, missing values are NaN in either kind
    """

    columns: tuple[Column, ...]
    values: Values

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the categorical columns."""
        return tuple(i for i, column in enumerate(self.columns) if column.categorical)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.values.shape[0])


@dataclass(frozen=True, eq=False)
class Dataset:
    """One loaded data set: what may be a feature, the target, and what costs are made of.

    Attributes
    ----------
    name, source : what it is called, and where it came from
    table : what may be features
    target : 0 or 1, shape (rows,)
    target_name : the target's column
    ids : the rows' ids, shape (rows,)
    digest : hash of the content (names, values, target, ids), whatever the file format
    duplicate_of : index of the first row with the same feature values (its own if it is the
        first), shape (rows,)
    duplicates : how many rows repeat an earlier one
    amounts : declared columns at full precision, for costs, groups and time order, float64, shape
        (rows,); no features unless they are in `table` too
    time_is_date : whether `amounts["time"]` are days since 1970-01-01 (UTC), not other numbers
    periods : those that the values of a column are, sorted, where such a column was asked for
    whole : feature columns as they are in the file, where expressions need them: integers (masked
        where missing), dates and times, and float64 where float32 does not hold it, shape (rows,)
    columns : names of all columns that were read, whatever became of them
    raw : the columns as they are in the file; None where that is not known
    weights : how many rows each row counts for, as `exact_weights` makes them, shape (rows,); None
        where each counts once
    weight_name : the weights' column
    notes : sentences on what a user should know of the data
    tables : how the columns are made of several tables, as plain values; None for one table
    """

    name: str
    source: str
    table: Table
    target: Target
    target_name: str
    ids: npt.NDArray[Any]
    digest: str
    duplicate_of: Rows
    duplicates: int
    amounts: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    time_is_date: bool = False
    periods: RowPeriods | None = None
    whole: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    raw: RawTable | None = None
    weights: Weights | None = None
    weight_name: str | None = None
    notes: tuple[str, ...] = ()
    tables: Mapping[str, Any] | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.target)

    @property
    def positives(self) -> int:
        """Number of rows with target 1."""
        return int(self.target.sum(dtype=np.int64))


@dataclass(frozen=True, eq=False)
class SyntheticRows:
    """Rows that a sampler made: `values` (rows, columns) as prepared, `target` (rows,)."""

    values: Values
    target: Target


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """What a model is fitted on: samplers that only choose or weigh rows copy nothing.

    Attributes
    ----------
    rows : indices of real rows, shape (rows,)
    weights : aligned with `rows`, None if all weigh one
    synthetic : rows made up, each weighing one
    """

    rows: Rows
    weights: Weights | None = None
    synthetic: SyntheticRows | None = None

    def times(self, own: Weights | None) -> TrainingRows:
        """Return the rows with their weights multiplied by those of the data set, (all rows,)."""
        if own is None:
            return self
        if self.synthetic is not None:
            raise ValueError("rows that were made up have no weight of their own")
        weights = own[self.rows] if self.weights is None else own[self.rows] * self.weights
        return replace(self, weights=weights)

    @property
    def size(self) -> int:
        """Number of rows the model sees."""
        return len(self.rows) + (0 if self.synthetic is None else len(self.synthetic.target))


@dataclass(frozen=True)
class ClassFactors:
    """What a classifier's own parameters multiply the weights of negatives and positives by.

    `doubt` says why they are not quite that; '' if they are.
    """

    negative: float = 1.0
    positive: float = 1.0
    doubt: str = ""

    @property
    def equal(self) -> bool:
        """Whether both classes keep their shares."""
        return self.negative == self.positive
