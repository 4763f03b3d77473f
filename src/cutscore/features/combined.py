"""Columns made by named SQL expressions and by degree-2 products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutscore.errors import Fault, RequestError
from cutscore.expressions import mentioned
from cutscore.features.derive import Derived, derive, extend
from cutscore.features.needs import need_columns, need_expressions
from cutscore.features.products import products
from cutscore.records import Dataset, Table


@dataclass(frozen=True)
class Combined:
    """Add the columns of `domain` and those of `polynomial` to the data set's columns."""

    expressions: Mapping[str, str]
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        need_expressions(self.expressions)
        need_columns(self.columns)

    @property
    def mentions(self) -> frozenset[str]:
        """The columns, in lower case, that new ones are computed from."""
        return mentioned(tuple(self.expressions.values())) | {n.lower() for n in self.columns}

    def build(self, dataset: Dataset) -> Table:
        """Return the data set's columns, then the expressions' columns, then the products."""
        made: list[Derived] = []
        faults: list[Fault] = []
        try:
            made += derive(dataset, self.expressions)
        except RequestError as error:
            faults += error.faults
        try:
            made += products(dataset, self.columns, taken=self.expressions)
        except RequestError as error:
            faults += error.faults
        if faults:
            raise RequestError(faults)
        return extend(dataset.table, made)
