"""Sampling methods: how the imbalance of classes is treated in the training rows of a fold.

A method takes training rows and returns training rows: indices, weights, and (only where rows are
made up) new arrays. `ratio` always means rows of the rarer class per row of the other, after
sampling.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from cutscore.cost.matrix import CostMatrix
from cutscore.records import Rows, Target, TrainingRows, Values


class Sampler(Protocol):
    """A sampling method.

    `needs_complete` says that `sample` reads the values and needs them numeric and without
    missing ones; `synthesises` that it may make up rows.
    """

    needs_complete: ClassVar[bool]
    synthesises: ClassVar[bool]

    def check(self, target_train: Target) -> None:
        """Raise RequestError when training rows with these targets cannot be sampled."""

    def sample(
        self,
        rows: Rows,
        target: Target,
        values: Values | None,
        seed: int,
        costs: CostMatrix | None = None,
    ) -> TrainingRows:
        """Return the rows to train on.

        Parameters
        ----------
        rows : array of int64, shape (training rows,)
            The fold's training rows, sorted.
        target : array of int8, shape (training rows,)
            Their targets, aligned with `rows`.
        values : array of float32, shape (all rows, columns), or None
            The prepared matrix of all rows; read only at `rows`, and only by methods with
            `needs_complete`.
        seed : int
            The same seed gives the same rows, bit for bit.
        costs : CostMatrix, optional
            The costs of the training rows, aligned with `rows`; read only by methods that weigh
            rows by them.
        """
        ...
