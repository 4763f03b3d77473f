"""When the rows of folds in time order are, and which are left out of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.records import Fold, Folds, FoldTimes, Target
from cutscore.report.items import Figure, Item, Metric, TableFile

FOLDS_TABLE, FOLDS_PICTURE = "folds.csv", "folds.png"
OUTER = "outer"


def fold_time_items(folds: Folds, target: Target, name: str, to_fit: int) -> Iterator[Item]:
    """Yield a table and a picture of the folds, if they are in time order.

    `name` is the run's, and `to_fit` how many rows a model that is kept is fitted on.
    """
    told = _told(folds)
    if not told:
        return
    from cutscore.report.figures.fold_times import fold_times

    if to_fit < len(target):
        yield Metric("rows_to_fit", to_fit)
    yield TableFile(FOLDS_TABLE, _table(told, target))
    times = {label: _times(fold) for label, fold in told.items()}
    yield Figure(FOLDS_PICTURE, fold_times(name, times))


def fold_time_lines(folds: Folds) -> Iterator[str]:
    """Yield one line for each fold in time order: its sides, and what it leaves out."""
    for label, fold in _told(folds).items():
        times = _times(fold)
        first, second = "fold {}: trains on", "validates"
        if label == OUTER:
            first, second = "{} rows: folds are made of", "the outer ones are"
        yield (
            f"{first.format(label)} {times.train} ({len(fold.train):,} rows), {second} "
            f"{times.validation} ({len(fold.validation):,} rows){_left_out(times)}"
        )


def _told(folds: Folds) -> dict[str, Fold]:
    """Return the folds that say when they are, by their number; the outer split is the last."""
    told = {str(fold.number): fold for fold in folds.splits if fold.times is not None}
    if told and folds.inner is not None:
        told[OUTER] = Fold(0, 0, folds.inner, folds.outer, times=folds.outer_times)
    return told


def _times(fold: Fold) -> FoldTimes:
    assert fold.times is not None  # noqa: S101  # only such folds are told
    return fold.times


def _left_out(times: FoldTimes) -> str:
    words = {
        "gap": "in the gap",
        "window": "before the window",
        "group": "of groups on the later side",
    }
    parts = [f"{count:,} {words[why]}" for why, count in times.left_out.items() if count]
    return f"; left out: {', '.join(parts)}" if parts else ""


def _table(told: Mapping[str, Fold], target: Target) -> dict[str, npt.NDArray[Any]]:
    rows = [_row(label, fold, target) for label, fold in told.items()]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _row(label: str, fold: Fold, target: Target) -> dict[str, str | int]:
    times = _times(fold)
    row: dict[str, str | int] = {"fold": label}
    for side, span, rows in (
        ("train", times.train, fold.train),
        ("validation", times.validation, fold.validation),
    ):
        row |= {f"{side}_from": span.first_name, f"{side}_to": span.last_name}
        positives = int(np.count_nonzero(target[rows]))
        row |= {f"{side}_rows": len(rows), f"{side}_positives": positives}
    return row | {f"left_out_{why}": count for why, count in times.left_out.items()}
