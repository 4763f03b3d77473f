"""Checking rows at the door, the same for a batch, a service, a notebook and MLflow.

Rows come as records (mappings by name), Arrow tables or data frames. All that is wrong with any
row is told at once. Values that training did not meet are counted, and refused only if asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.cost import Amounts
from cutscore.errors import Fault, RequestError
from cutscore.records import RawColumn, Table, Values
from cutscore.scoring.arrow_columns import python_values, read_arrow
from cutscore.scoring.cells import EXACT, LARGEST, ReadColumn, fault_at, read_cells
from cutscore.scoring.given import IDS, ids_at_fault, names_at_fault, names_in_common, picker
from cutscore.scoring.inputs import Inputs

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_PLAIN = frozenset({int, float, type(None)})


@dataclass(frozen=True, eq=False)
class CheckedRows:
    """Rows that were let in.

    Attributes
    ----------
    table : the raw columns, in the model's order
    whole : what expressions need as it is in the file; see `Dataset.whole`
    amounts : the columns of costs, at full precision
    ids : the rows' ids, None where none are given
    outside : how many rows had a value outside the range of training, by column
    unseen_rows : the rows with a category that training did not meet (it counts as missing), by
        column
    infinite : in how many rows of several tables a column was infinite, and is missing for that
    orphans : how many rows of a table belong to no row of the one above it
    """

    table: Table
    whole: Mapping[str, npt.NDArray[Any]]
    amounts: Amounts
    ids: Sequence[Any] | None = None
    outside: Mapping[str, int] = field(default_factory=dict)
    unseen_rows: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    infinite: Mapping[str, int] = field(default_factory=dict)
    orphans: Mapping[str, int] = field(default_factory=dict)

    @property
    def unseen(self) -> dict[str, int]:
        """How many rows had a category that training did not meet, by column."""
        return {name: len(rows) for name, rows in self.unseen_rows.items()}


class Door:
    """What rows must be like, for one model.

    Parameters
    ----------
    inputs : Inputs
        The model's columns.
    amounts : sequence of str
        Columns that costs are made of; needed too.
    strict : bool
        Refuse values outside the range of training and categories that it did not meet.
    ignore_unknown : bool
        Pass over columns that training did not have; else they are refused, since one may be
        another column misspelt.
    """

    def __init__(
        self,
        inputs: Inputs,
        amounts: Sequence[str] = (),
        *,
        strict: bool = False,
        ignore_unknown: bool = False,
    ) -> None:
        self.inputs, self.strict, self.ignore_unknown = inputs, strict, ignore_unknown
        columns = {each.name: each for each in inputs.raw.columns}
        self._amounts = tuple(dict.fromkeys(amounts))
        self._read = columns | {n: RawColumn(n) for n in self._amounts if n not in columns}
        self._known = frozenset((*self._read, *inputs.raw.others))
        self._at = {name: at for at, name in enumerate(columns)}
        mentions = inputs.derivation.mentions
        self._whole = frozenset(name for name in columns if name.lower() in mentions)
        plain = [
            name
            for name, each in columns.items()
            if each.kind in ("number", "integer") and name not in {*self._whole, *self._amounts}
        ]
        self._plain = dict.fromkeys(plain)
        self._plain_at = np.array([self._at[name] for name in plain], dtype=np.int64)
        self._integers = np.array([columns[name].kind == "integer" for name in plain], dtype=bool)
        limits = [inputs.ranges.get(name, (-np.inf, np.inf)) for name in columns]
        self._low, self._high = np.array(limits, dtype=np.float32).reshape(-1, 2).T

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that rows may have, ids among them."""
        name = self.inputs.raw.id_column
        return (*self._read, *([name] if name is not None else []))

    def records(self, rows: Sequence[Mapping[str, Any]]) -> CheckedRows:
        """Check rows given as mappings of names to values.

        Raises
        ------
        RequestError
            With all that is wrong.
        """
        missing, id_column = self.inputs.raw.missing, self.inputs.raw.id_column
        names = names_in_common(rows)
        faults = self._names_of_records(rows if names is None else rows[:1])
        out = np.empty((len(rows), len(self._at)), dtype=np.float32)
        plain = not faults and self._fill_plain(rows, names, out)
        read = {
            name: read_cells(raw, [row.get(name) for row in rows], missing)
            for name, raw in self._read.items()
            if not (plain and name in self._plain)
        }
        ids = [row.get(id_column) for row in rows] if id_column is not None else None
        if id_column is not None and not any(id_column in row for row in rows):
            ids = None
        return self._checked(out, read, ids, faults)

    def arrow(self, rows: pa.Table | pa.RecordBatch) -> CheckedRows:
        """Check the rows of an Arrow table; see `records`."""
        given = list(rows.schema.names)
        faults = self._names(given)
        present, missing = Counter(given), self.inputs.raw.missing
        read = {
            name: read_arrow(raw, rows.column(name), missing)
            for name, raw in self._read.items()
            if present[name] == 1
        }
        id_column = self.inputs.raw.id_column
        ids = python_values(rows.column(id_column)) if present[id_column] == 1 else None
        if id_column is not None and ids is None and present[id_column] == 1:
            faults.append(Fault(id_column, IDS))
        out = np.empty((rows.num_rows, len(self._at)), dtype=np.float32)
        return self._checked(out, read, ids, faults)

    def frame(self, rows: pd.DataFrame) -> CheckedRows:
        """Check the rows of a data frame; see `records`."""
        import pyarrow as pa

        named = rows.set_axis([str(name) for name in rows.columns], axis="columns")
        if not named.columns.is_unique:
            raise RequestError(self._names(list(named.columns)))
        # Arrow asks zoned columns for values in a way that pandas warns of; UTC means the same.
        zoned = named.select_dtypes("datetimetz")
        named = named.assign(**{str(name): zoned[name].dt.tz_convert(None) for name in zoned})
        try:
            return self.arrow(pa.Table.from_pandas(named, preserve_index=False))
        # Of several types, sparse, or with numbers beyond 64 bits.
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            rows_by_name: Any = named.to_dict("records")
            return self.records(rows_by_name)

    def _fill_plain(
        self,
        rows: Sequence[Mapping[str, Any]],
        names: tuple[str, ...] | None,
        out: Values,
    ) -> bool:
        """Write the columns of plain numbers, all at once; say whether that could be done."""
        if not self._plain:
            return True
        if names is None:
            pick = picker(tuple(self._plain))
            picked = [pick(row) for row in rows]
        else:  # by place, which is quicker than by name
            place = {name: at for at, name in enumerate(names)}
            places = tuple(place[name] for name in self._plain)
            picked = [tuple(row.values()) for row in rows]
            if places != tuple(range(len(names))):
                picked = list(map(picker(places), picked))
        if not all(_PLAIN.issuperset(map(type, values)) for values in picked):
            return False
        try:
            numbers = np.array(picked, dtype=np.float64).reshape(len(rows), len(self._plain))
        except OverflowError:
            return False
        whole = numbers[:, self._integers]
        if (np.abs(numbers) > LARGEST).any() or (np.abs(whole) > EXACT).any():
            return False
        if (whole % 1 > 0).any():
            return False
        out[:, self._plain_at] = numbers
        return True

    def _checked(
        self,
        out: Values,
        read: Mapping[str, ReadColumn],
        ids: Sequence[Any] | None,
        faults: Iterable[Fault],
    ) -> CheckedRows:
        """Put columns that were read in their places; refuse what is wrong in any."""
        faults = [*faults, *(fault for each in read.values() for fault in each.faults)]
        faults += ids_at_fault(self.inputs.raw.id_column, ids)
        if faults:
            raise RequestError(faults)
        whole: dict[str, npt.NDArray[Any]] = {}
        for name, each in read.items():
            if name in self._at:
                out[:, self._at[name]] = each.values
            if name in self._whole and self._read[name].kind != "category":
                whole[name] = each.doubles if each.whole is None else each.whole
        out += 0.0  # no -0, as in training
        beyond = (out < self._low) | (out > self._high)
        outside: dict[str, int] = {}
        if beyond.any():
            numbers = beyond.sum(axis=0)
            outside = {name: int(numbers[at]) for name, at in self._at.items() if numbers[at]}
        unseen = {name: each.unseen for name, each in read.items() if len(each.unseen)}
        if self.strict and (outside or unseen):
            raise RequestError(self._strangers(out, beyond, read))
        amounts = {name: read[name].doubles for name in self._amounts}
        table = Table(self.inputs.columns, out)
        return CheckedRows(table, whole, amounts, ids, outside, unseen)

    def _strangers(
        self, out: Values, beyond: npt.NDArray[np.bool_], read: Mapping[str, ReadColumn]
    ) -> list[Fault]:
        faults = []
        for name, at in self._at.items():
            rows = np.flatnonzero(beyond[:, at])
            if len(rows):
                low, high = self.inputs.ranges[name]
                problem = f"a value from {low:g} to {high:g}, as in training, is needed"
                faults.append(fault_at(name, problem, rows, out[:, at].tolist()))
        for name, each in read.items():
            if len(each.unseen):
                levels = ", ".join((self._read[name].levels or ())[:12])
                problem = f"a category that training met ({levels}) is needed"
                faults.append(fault_at(name, problem, each.unseen))
        return faults

    def _names_of_records(self, rows: Sequence[Mapping[str, Any]]) -> list[Fault]:
        """Return what is wrong with the names in records."""
        needed, known = self._read.keys(), self._known
        if all(
            needed <= row.keys() and (self.ignore_unknown or row.keys() <= known) for row in rows
        ):
            return []
        present: dict[Any, None] = {}
        for row in rows:
            present |= dict.fromkeys(row)
        faults = self._names(list(present))
        for name in self._read:
            lacking = [at for at, row in enumerate(rows) if name not in row]
            if lacking and name in present:
                faults.append(fault_at(name, "the column is missing", lacking))
        return faults

    def _names(self, present: Sequence[Any]) -> list[Fault]:
        """Return a fault for each column that is missing, unknown, or there twice."""
        return names_at_fault(present, self._read, self._known, self.ignore_unknown)
