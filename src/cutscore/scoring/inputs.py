"""What a kept model takes: the columns of the file, and what becomes of them.

They are in `inputs.json` in a model's folder. Models of older versions have none: they take the
columns of their preparation, which may be computed ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.data.relational.new_rows import TableInputs
from cutscore.features import FeatureStrategy
from cutscore.features.derivation import Derivation, derivation_of
from cutscore.preparation import Preparation
from cutscore.records import Column, Dataset, RawColumn, RawTable, Table
from cutscore.scoring.documents import read_document

INPUTS_JSON = "inputs.json"
_FORMAT = 1
Range = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Inputs:
    """The raw columns, the features made of them, and what values training met.

    Attributes
    ----------
    raw : the columns as they are in the file
    derivation : what is computed from them
    ranges : smallest and largest value of each numeric column in training, by name; moments in
        days since 1970-01-01
    tables : how the raw columns are made of several tables; None where they are those of a file
    """

    raw: RawTable
    derivation: Derivation = field(default_factory=Derivation)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    tables: TableInputs | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of a table of raw rows."""
        return tuple(raw.column for raw in self.raw.columns)

    def features(self, table: Table, whole: Mapping[str, npt.NDArray[Any]]) -> Table:
        """Return raw rows with all that is computed from them, as `Preparation` takes them."""
        return self.derivation.apply(table, whole)

    def save(self, folder: Path) -> None:
        """Write `inputs.json`."""
        state = {
            "format": _FORMAT,
            **asdict(self.raw),
            "features": self.derivation.to_json(),
            "ranges": {name: list(limits) for name, limits in self.ranges.items()},
            "tables": None if self.tables is None else self.tables.to_json(),
        }
        text = json.dumps(state, indent=1, ensure_ascii=False, allow_nan=False)
        (folder / INPUTS_JSON).write_text(text + "\n", encoding="utf-8")


def inputs_of(dataset: Dataset, strategy: FeatureStrategy, preparation: Preparation) -> Inputs:
    """Return what a model takes that was fitted on a data set's features.

    Where it is not known how the features came about (a user's own class made them, or read the
    data), the model takes the features themselves.
    """
    derivation = derivation_of(strategy)
    if derivation is None or dataset.raw is None:
        return prepared_inputs(preparation, {} if dataset.raw is None else dataset.raw.labels)
    tables = None if dataset.tables is None else TableInputs(**dataset.tables)
    return Inputs(dataset.raw, derivation, _ranges(dataset.table), tables)


def prepared_inputs(preparation: Preparation, labels: Mapping[str, str] | None = None) -> Inputs:
    """Return the inputs of a model that takes its features as they are."""
    columns = tuple(
        RawColumn(each.name, "number" if each.levels is None else "category", each.levels)
        for each in preparation.inputs
    )
    return Inputs(RawTable(columns, labels=dict(labels or {})))


def load_inputs(folder: Path) -> Inputs | None:
    """Return what `Inputs.save` wrote, None if there is none.

    Raises
    ------
    StoreError
        If it is damaged or of a newer format.
    """
    return read_document(folder / INPUTS_JSON, _FORMAT, _inputs)


def _inputs(state: Mapping[str, Any]) -> Inputs:
    columns = tuple(_column(each) for each in state["columns"])
    raw = RawTable(
        columns,
        tuple(state["others"]),
        state["id_column"],
        tuple(state["missing"]),
        dict(state.get("labels", {})),  # models of older versions have none
    )
    ranges = {name: (float(low), float(high)) for name, (low, high) in state["ranges"].items()}
    tables = state.get("tables")  # models of older versions have none
    made = None if tables is None else TableInputs.from_json(tables)
    return Inputs(raw, Derivation.from_json(state["features"]), ranges, made)


def _column(state: Mapping[str, Any]) -> RawColumn:
    levels = state["levels"]
    kept = None if levels is None else tuple(levels)
    return RawColumn(state["name"], state["kind"], kept, state["reading"])


def _ranges(table: Table) -> dict[str, Range]:
    found = {}
    for at, column in enumerate(table.columns):
        if column.levels is None:
            values = table.values[:, at]
            # fmin and fmax pass over NaN, and copy nothing.
            found[column.name] = float(np.fmin.reduce(values)), float(np.fmax.reduce(values))
    return found
