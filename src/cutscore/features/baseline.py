"""The columns as they are."""

from __future__ import annotations

from dataclasses import dataclass

from cutscore.records import Dataset, Table


@dataclass(frozen=True)
class Baseline:
    """Use the data set's columns as they are, without copying them."""

    @property
    def mentions(self) -> frozenset[str]:
        """The columns, in lower case, that new ones are computed from."""
        return frozenset()

    def build(self, dataset: Dataset) -> Table:
        """Return the data set's own table."""
        return dataset.table
