"""Columns made by named SQL expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutscore.expressions import mentioned
from cutscore.features.derive import derive, extend
from cutscore.features.needs import need_expressions
from cutscore.records import Dataset, Table


@dataclass(frozen=True)
class Domain:
    """Add one numeric column per named SQL expression to the data set's columns.

    `expressions` maps a new column's name to an expression over the columns of one row.
    """

    expressions: Mapping[str, str]

    def __post_init__(self) -> None:
        need_expressions(self.expressions)

    @property
    def mentions(self) -> frozenset[str]:
        """The columns, in lower case, that new ones are computed from."""
        return mentioned(tuple(self.expressions.values()))

    def build(self, dataset: Dataset) -> Table:
        """Return the data set's columns followed by the expressions' columns, in their order."""
        return extend(dataset.table, derive(dataset, self.expressions))
