"""SMOTE: make up rows between neighbours of the rarer class (Chawla et al. 2002)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from cutscore.records import SyntheticRows, Target, TrainingRows
from cutscore.sampling import RowsToSample
from cutscore.sampling.classes import Classes, evened

# Above this width brute force beats a k-d tree (27-fold at 189 columns), below it loses.
_WIDEST_TREE = 15


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
    """Make up `wanted` minus present rows of the rarer class with imbalanced-learn's SMOTE.

    SMOTE reads the rows of the class it adds to and nothing else, but copies all it is given: it
    gets those rows and one of the other class, because it insists on two classes.
    """
    from imblearn.over_sampling import SMOTE
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    rows, target, values = training.rows, training.target, training.values
    if values is None:
        raise ValueError("SMOTE needs the prepared values of the rows, got None")
    minority = rows[classes.minority_positions(target)]
    given = values[np.append(minority, rows[classes.majority_positions(target)[0]])]
    labels = np.full(len(given), classes.minority_label, dtype=np.int8)
    labels[-1] = 1 - classes.minority_label
    algorithm = "kd_tree" if values.shape[1] <= _WIDEST_TREE else "brute"
    smote = SMOTE(
        sampling_strategy={classes.minority_label: wanted},
        k_neighbors=NearestNeighbors(n_neighbors=neighbours + 1, algorithm=algorithm),
        random_state=training.seed,
    )
    # One thread: neighbours found by several threads may differ in the last bit.
    with threadpool_limits(1):
        resampled, resampled_labels = smote.fit_resample(given, labels)
    return SyntheticRows(
        np.ascontiguousarray(resampled[len(given) :], dtype=np.float32),
        np.asarray(resampled_labels[len(given) :], dtype=np.int8),
    )
