"""Columns made by degree-2 products."""

from __future__ import annotations

from dataclasses import dataclass

from cutscore.features.derive import extend
from cutscore.features.needs import need_columns
from cutscore.features.products import products
from cutscore.records import Dataset, Table


@dataclass(frozen=True)
class Polynomial:
    """Add the squares and pairwise products of the declared numeric columns.

    `k` columns give `k (k + 1) / 2` new ones, named `a^2` and `a*b`; the columns themselves stay.
    """

    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        need_columns(self.columns)

    @property
    def mentions(self) -> frozenset[str]:
        """The columns, in lower case, that new ones are computed from."""
        return frozenset(name.lower() for name in self.columns)

    def build(self, dataset: Dataset) -> Table:
        """Return the data set's columns followed by the products."""
        return extend(dataset.table, products(dataset, self.columns))
