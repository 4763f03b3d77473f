"""Training rows as arrays, for classifiers that take arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.records import Table, Target, TrainingRows, Values


@dataclass(frozen=True, eq=False)
class TrainingArrays:
    """`values` (rows, columns) float32, `target` (rows,) and `weights` (rows,) or None."""

    values: Values
    target: Target
    weights: npt.NDArray[np.float64] | None


def training_arrays(training: TrainingRows, table: Table, target: Target) -> TrainingArrays:
    """Gather the training rows, real ones first; synthetic rows weigh one.

    Parameters
    ----------
    training : TrainingRows
        What to train on.
    table : Table
        The prepared table, all rows.
    target : array of int8, shape (all rows,)
        The target of all rows.
    """
    rows, made_up = training.rows, training.synthetic
    labels = training_labels(training, target)
    if made_up is None:
        return TrainingArrays(table.values[rows], *labels)
    values = np.empty((training.size, len(table.columns)), dtype=np.float32)
    np.take(table.values, rows, axis=0, out=values[: len(rows)])
    values[len(rows) :] = made_up.values
    return TrainingArrays(values, *labels)


def training_labels(
    training: TrainingRows, target: Target
) -> tuple[Target, npt.NDArray[np.float64] | None]:
    """Return target and weights of the training rows, real ones first; synthetic rows weigh one."""
    made_up, labels, weights = training.synthetic, target[training.rows], training.weights
    if made_up is None:
        return labels, weights
    if weights is not None:
        weights = np.concatenate((weights, np.ones(len(made_up.target))))
    return np.concatenate((labels, made_up.target)), weights


def values_at(table: Table, rows: npt.NDArray[np.int64] | None) -> Values:
    """Return the values of `rows`, or the table's own array (not copied) for all rows."""
    return table.values if rows is None else table.values[rows]
