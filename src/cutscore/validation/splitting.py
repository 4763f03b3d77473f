"""A data set, split: which of its columns say what belongs together and what comes first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError
from cutscore.records import Dataset, Folds, Informs, Rows
from cutscore.validation import RowsToSplit, Splitter
from cutscore.validation.checks import check_held
from cutscore.validation.clock import PERIOD
from cutscore.validation.periods import TIME, dataset_periods

GROUP = "group"  # the key of data.group in `Dataset.amounts`


def split_rows(splitter: Splitter, dataset: Dataset) -> Folds:
    """Return the folds of a data set, its outer rows left out of all of them.

    With `outer=nested` and no part given there are no outer rows, but every part is tried.

    Raises
    ------
    RequestError
        As `Splitter.split` does, or if there are too few rows for folds and an outer split.
    """
    rows = _to_split(splitter, dataset)
    if splitter.holds_out:
        return _split_inner(splitter, rows)
    if splitter.nested:
        for part in range(splitter.outer_folds):
            _split_inner(replace(splitter, outer_part=part), rows)
    return splitter.split(rows)


def rows_to_fit(splitter: Splitter, dataset: Dataset, rows: Rows) -> Rows:
    """Return which of some rows a final model is fitted on: all, or those of the latest window."""
    return rows[splitter.rows_to_fit(_to_split(splitter, dataset).take(rows))]


def informing(splitter: Splitter, dataset: Dataset, rows: Rows) -> Informs | None:
    """Return what says which of some rows, by their places, may inform decisions on later ones."""
    return splitter.informing(_to_split(splitter, dataset).take(rows))


def _to_split(splitter: Splitter, dataset: Dataset) -> RowsToSplit:
    """Return what a split may read of a data set."""
    period = splitter.period
    return RowsToSplit(
        dataset.target,
        rows_together(splitter, dataset),
        dataset.amounts.get(TIME),
        dataset.time_is_date,
        None if period is None else dataset_periods(dataset, period, PERIOD),
    )


def _split_inner(splitter: Splitter, rows: RowsToSplit) -> Folds:
    """Hold out the outer rows, split the others, and name rows by their place in the data set."""
    held = splitter.hold_out(rows)
    check_held(held, rows.target, splitter.outer_size)
    try:
        folds = splitter.split(rows.take(held.inner))
    except RequestError as error:
        left, all_rows = len(held.inner), len(rows.target)
        where = f"(The outer split leaves {left} of {all_rows} rows for the folds.)"
        raise RequestError(
            [replace(fault, problem=f"{fault.problem} {where}") for fault in error.faults]
        ) from error
    splits = (
        replace(
            fold,
            train=held.inner[fold.train],
            validation=held.inner[fold.validation],
            withheld=held.inner[fold.withheld],
        )
        for fold in folds.splits
    )
    return replace(
        folds,
        splits=tuple(splits),
        outer=held.outer,
        outer_times=held.times,
        inner=held.inner,
    )


def rows_together(splitter: Splitter, dataset: Dataset) -> Rows | None:
    """Return labels (rows,) of rows that must stay on one side, or None if all are free."""
    groups = _groups(dataset) if splitter.needs_group else None
    if not splitter.keep_duplicates_together:
        return groups
    duplicates = dataset.duplicate_of
    return duplicates if groups is None else merged(groups, duplicates)


def merged(first: Rows, second: Rows) -> Rows:
    """Return labels of the rows that either of two labellings connects, directly or in a chain."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    _, left = np.unique(first, return_inverse=True)
    _, right = np.unique(second, return_inverse=True)
    nodes = int(left.max() + 1) + int(right.max() + 1) if len(left) else 0
    links = (np.ones(len(left), dtype=np.int8), (left, right + int(left.max() + 1)))
    _, component = connected_components(coo_array(links, shape=(nodes, nodes)), directed=False)
    labels: Rows = component[left].astype(np.int64)
    return labels


def _groups(dataset: Dataset) -> Rows | None:
    values: npt.NDArray[np.float64] | None = dataset.amounts.get(GROUP)
    if values is None:
        return None
    missing = int(np.count_nonzero(np.isnan(values)))
    if missing:
        raise RequestError(
            Fault(
                "data.group",
                f"{missing} of {len(values)} rows have no group.",
                "Leave them out with data.where.",
            )
        )
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
