"""SMOTE: make up rows between neighbours of the rarer class (Chawla et al. 2002)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from cutscore.records import SyntheticRows, Target, TrainingRows
from cutscore.sampling import RowsToSample
from cutscore.sampling.classes import Classes, evened
from cutscore.sampling.neighbours import nearest

_ROWS_AT_ONCE = 4_096


@dataclass(frozen=True)
class Smote:
    """Add rows of the rarer class until it has `ratio` rows per row of the other.

    A made-up row lies between a row of the rarer class and one of its `neighbours` nearest rows
    of that class (Euclidean distance on the prepared values, as imbalanced-learn does it).
    """

    ratio: Annotated[float, Gt(0), Le(1)] = 1.0
    neighbours: Annotated[int, Ge(1)] = 5

    needs_complete: ClassVar[bool] = True
    synthesises: ClassVar[bool] = True

    def check(self, target_train: Target) -> None:
        """Refuse one class, a ratio below the present one, and too few rows for neighbours."""
        evened(target_train, self.ratio, self.neighbours)

    def sample(self, training: RowsToSample) -> TrainingRows:
        """Return the rows given, not copied, and the rows made up."""
        classes = evened(training.target, self.ratio, self.neighbours)
        made_up = synthesise(training, classes, int(self.ratio * classes.majority), self.neighbours)
        return TrainingRows(training.rows, synthetic=made_up)


def synthesise(
    training: RowsToSample, classes: Classes, wanted: int, neighbours: int
) -> SyntheticRows:
    """Make up `wanted` minus present rows of the rarer class.

    The draws are those of imbalanced-learn's SMOTE (numpy's legacy generator), so that published
    figures can be repeated; beside the rows that it returns it holds none of their length.
    """
    if training.values is None:
        raise ValueError("SMOTE needs the prepared values of the rows, got None")
    minority = training.values[training.rows[classes.minority_positions(training.target)]]
    count = wanted - len(minority)
    made = np.empty((max(count, 0), minority.shape[1]), dtype=np.float32)
    if count > 0:
        near = nearest(minority, neighbours)
        draw = np.random.RandomState(training.seed)
        row, rank = np.divmod(draw.randint(0, near.size, size=count), neighbours)
        step, other = draw.uniform(size=count)[:, None], near[row, rank]
        for start in range(0, count, _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            origin = minority[row[part]]
            made[part] = origin + step[part] * (minority[other[part]] - origin)
    return SyntheticRows(made, np.full(len(made), classes.minority_label, dtype=np.int8))
