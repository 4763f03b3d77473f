"""Which rows train and which validate: splitters deal in row indices, never in data."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from cutscore.records import Folds, Rows, Target


class Splitter(Protocol):
    """A way to split rows into training and validation rows."""

    @property
    def needs_group(self) -> bool:
        """Whether the data set must declare a group column."""
        ...

    @property
    def needs_order(self) -> bool:
        """Whether the data set must declare a time column."""
        ...

    @property
    def keep_duplicates_together(self) -> bool:
        """Whether rows with equal feature values must stay on one side."""
        ...

    def split(
        self, target: Target, groups: Rows | None, order: npt.NDArray[np.float64] | None
    ) -> Folds:
        """Split rows with targets (rows,).

        `groups` labels rows that must stay together, `order` is their time; both (rows,). Raises
        `RequestError` if one that is needed is missing, or a side would lack a class.
        """
        ...
