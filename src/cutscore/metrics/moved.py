"""How far the columns of a table have moved from one period to others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.metrics.drift import psi, psi_noise
from cutscore.metrics.histograms import TableBins
from cutscore.records import RowPeriods, Table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ColumnIndexes:
    """Stability indexes of columns against one period, and what chance makes of them.

    `psi` and `noise` are of shape (periods, columns).
    """

    columns: tuple[str, ...]
    psi: Floats
    noise: Floats


def column_indexes(table: Table, bins: TableBins, periods: RowPeriods, first: int) -> ColumnIndexes:
    """Hold all rows of each period against those of the period at the place `first`.

    Rows are counted whatever they weigh.
    """
    number = len(periods.names)
    groups = np.where(periods.which < 0, number, periods.which)
    counts = bins.count(table.values, groups, number + 1)[:-1]
    spans = [slice(*ends) for ends in zip(bins.starts[:-1], bins.starts[1:], strict=True)]
    found = np.array(
        [
            [f(counts[first, span], each[span]) for f in (psi, psi_noise) for span in spans]
            for each in counts
        ]
    ).reshape(number, 2, len(spans))
    return ColumnIndexes(table.names, found[:, 0], found[:, 1])
