"""Sampling methods: how the imbalance of classes is treated in the training rows of a fold.

A method takes training rows and returns training rows: indices, weights, and (only where rows are
made up) new arrays. `ratio` always means rows of the rarer class per row of the other, after
sampling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Rows, Target, TrainingRows, Values, Weights


@dataclass(frozen=True, eq=False)
class RowsToSample:
    """The training rows of a fold, and all that a method may read of them.

    Attributes
    ----------
    rows : array of int64, shape (training rows,)
        Their indices in the data set, sorted.
    target : array of int8, shape (training rows,)
        Their targets.
    seed : int
        The same seed gives the same sample, bit for bit.
    values : array of float32, shape (all rows, columns), or None
        The prepared matrix of all rows, to be read only at `rows`; there for methods with
        `needs_complete`.
    costs : CostMatrix or None
        What decisions on them cost, each row counted once.
    weights : array of float64, shape (training rows,), or None
        How many rows each counts for. The weights that a method returns are multiplied with them
        afterwards.
    """

    rows: Rows
    target: Target
    seed: int
    values: Values | None = None
    costs: CostMatrix | None = None
    weights: Weights | None = None


class Sampler(Protocol):
    """A sampling method.

    `needs_complete` says that `sample` reads the values and needs them numeric and without
    missing ones; `synthesises` that it may make up rows.
    """

    needs_complete: ClassVar[bool]
    synthesises: ClassVar[bool]

    def check(self, target_train: Target) -> None:
        """Raise RequestError when training rows with these targets cannot be sampled."""

    def sample(self, training: RowsToSample) -> TrainingRows:
        """Return the rows to train on."""
        ...
