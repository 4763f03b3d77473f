"""Which class is the rarer one, and what ratios can be reached: shared by the methods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cutscore.errors import Fault, RequestError
from cutscore.records import Rows, Target


@dataclass(frozen=True)
class Classes:
    """Counts of the rarer and the commoner class (label 1 is the rarer one on a tie)."""

    minority: int
    majority: int
    minority_label: int

    @property
    def ratio(self) -> float:
        """Rows of the rarer class per row of the commoner one."""
        return self.minority / self.majority

    def minority_positions(self, target: Target) -> Rows:
        """Return the positions of the rarer class in `target`."""
        return np.flatnonzero(target == self.minority_label).astype(np.int64)

    def majority_positions(self, target: Target) -> Rows:
        """Return the positions of the commoner class in `target`."""
        return np.flatnonzero(target != self.minority_label).astype(np.int64)


def count_classes(target: Target) -> Classes:
    """Count the classes of training rows.

    Raises
    ------
    RequestError
        If only one class is there.
    """
    positives = int(np.count_nonzero(target))
    negatives = len(target) - positives
    if positives == 0 or negatives == 0:
        raise RequestError(
            Fault(
                "sampling",
                f"a fold's training rows must hold both classes, got {positives} positives and "
                f"{negatives} negatives.",
                "Use fewer folds or sampling=none.",
            )
        )
    label = 1 if positives <= negatives else 0
    return Classes(min(positives, negatives), max(positives, negatives), label)


def evened(
    target: Target, ratio: float, neighbours: int = 0, setting: str = "sampling.ratio"
) -> Classes:
    """Count the classes, and check that `ratio` can be reached with so many neighbours of a row.

    Raises
    ------
    RequestError
        If only one class is there, if the classes are already more even, or if a row of the rarer
        class has fewer neighbours.
    """
    classes = count_classes(target)
    faults = _check_ratio(classes, ratio, setting) + _check_neighbours(classes, neighbours)
    if faults:
        raise RequestError(faults)
    return classes


def _check_ratio(classes: Classes, ratio: float, setting: str) -> list[Fault]:
    """Return a fault if the classes are already more even than `ratio`."""
    if ratio * classes.majority >= classes.minority:
        return []
    return [
        Fault(
            setting,
            f"must be at least the present ratio of the classes, {classes.ratio:.4g} "
            f"({classes.minority:,} to {classes.majority:,} training rows), got {ratio:g}.",
            "Sampling can only make classes more even: raise the ratio or use sampling=none.",
        )
    ]


def _check_neighbours(classes: Classes, neighbours: int) -> list[Fault]:
    """Return a fault if a row of the rarer class has fewer neighbours than asked for."""
    if classes.minority > neighbours:
        return []
    return [
        Fault(
            "sampling.neighbours",
            f"SMOTE with {neighbours} neighbours needs at least {neighbours + 1} training rows of "
            f"the rarer class, a fold has {classes.minority}.",
            _fewer_neighbours(classes.minority),
        )
    ]


def _fewer_neighbours(minority: int) -> str:
    if minority < 2:
        return "Use sampling=balanced, which makes up no rows."
    return f"Use sampling.neighbours={minority - 1} or less, fewer folds, or sampling=balanced."
