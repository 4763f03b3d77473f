"""What must hold for a split to be of use; every check raises `RequestError`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError
from cutscore.records import Fold, Rows, Target
from cutscore.validation import OuterSplitRows


def enough_of_both(target: Target, folds: int, setting: str = "validation.folds") -> None:
    """Check that each of as many folds as `setting` says can get a row of both classes."""
    positives = int(np.count_nonzero(target))
    for kind, count in (("positive", positives), ("negative", len(target) - positives)):
        if count < folds:
            raise RequestError(
                Fault(
                    setting,
                    f"{folds} folds, but there are only {count} {kind} rows, and every fold needs "
                    "at least one.",
                    f"Set {setting} to at most {count}." if count >= 2 else "Add rows.",
                )
            )


def group_labels(groups: Rows | None, folds: int) -> Rows:
    """Return the group labels if they are given and there are enough of them."""
    if groups is None:
        raise RequestError(
            Fault(
                "data.group",
                "this validation keeps groups of rows together, but no group column is declared.",
                "Set data.group to a column, or choose validation=stratified.",
            )
        )
    count = len(np.unique(groups))
    if count < folds:
        raise RequestError(
            Fault(
                "validation.folds",
                f"{folds} folds, but there are only {count} groups.",
                f"Set validation.folds to at most {count}." if count >= 2 else "Add groups.",
            )
        )
    return groups


def times(order: npt.NDArray[np.float64] | None) -> npt.NDArray[np.float64]:
    """Return the rows' times if they are given and all known."""
    if order is None:
        raise RequestError(
            Fault(
                "data.time",
                "this validation goes by time, but no time column is declared.",
                "Set data.time to a column, or choose validation=stratified.",
            )
        )
    unknown = int(np.count_nonzero(~np.isfinite(order)))
    if unknown:
        raise RequestError(
            Fault(
                "data.time",
                f"{unknown} of {len(order)} rows have no finite time.",
                "Leave them out with data.where.",
            )
        )
    return order


def both_classes(splits: Sequence[Fold], target: Target, setting: str) -> None:
    """Check that every training and validation side has rows of both classes."""
    sides = (
        (f"{side} rows of fold {fold.number}{_when(fold, side)}", rows)
        for fold in splits
        for side, rows in (("training", fold.train), ("validation", fold.validation))
    )
    _check_sides(sides, target, setting, "choose another validation")


def _when(fold: Fold, side: str) -> str:
    """Return when a side of a fold is, in brackets, in time order."""
    if fold.times is None:
        return ""
    times = fold.times.train if side == "training" else fold.times.validation
    return f" ({times})"


def check_held(held: OuterSplitRows, target: Target, setting: str) -> None:
    """Check that both sides of the outer split have rows of both classes."""
    sides = (("outer", held.outer), ("other", held.inner))
    named = ((f"{side} rows of the outer split", rows) for side, rows in sides)
    _check_sides(named, target, setting, "set validation.outer=none")


def _check_sides(
    sides: Iterable[tuple[str, Rows]], target: Target, setting: str, otherwise: str
) -> None:
    """Refuse sides that lack a class, all in one message."""
    faults = []
    for words, rows in sides:
        positives = int(np.count_nonzero(target[rows]))
        if 0 < positives < len(rows):
            continue
        lacking = "positive" if positives == 0 else "negative"
        problem = f"the {len(rows)} {words} have no {lacking} row; both classes are needed."
        faults.append(Fault(setting, problem, f"Change {setting}, or {otherwise}."))
    if faults:
        raise RequestError(faults)
