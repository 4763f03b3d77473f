"""Feature strategies: how the columns a model sees are made from the columns of a data set.

Strategies learn nothing: a row's features depend on that row alone, so they are computed once
for all rows, before any split.
"""

from __future__ import annotations

from typing import Protocol

from cutscore.records import Dataset, Table


class FeatureStrategy(Protocol):
    """Makes the feature table of a data set."""

    @property
    def mentions(self) -> frozenset[str]:
        """The columns, in lower case, that are to be had as they are in the file.

        The data set keeps them in `whole`; its table has float32 values.
        """
        ...

    def build(self, dataset: Dataset) -> Table:
        """Return the feature columns of all rows, in the data set's row order.

        Raises
        ------
        RequestError
            With one fault for each expression or column that cannot be used.
        """
        ...
