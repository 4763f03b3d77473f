"""What every splitter must hold to, whatever its settings."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import with_all_others

from cutscore.errors import RequestError
from cutscore.records import stretch_periods
from cutscore.validation import RowsToSplit
from cutscore.validation.grouped import Grouped
from cutscore.validation.holdout import Holdout
from cutscore.validation.repeated import RepeatedStratified
from cutscore.validation.stratified import Stratified
from cutscore.validation.time_ordered import TimeOrdered

ROWS = 600
SPLITTERS = with_all_others(
    "validation",
    Stratified(),
    Stratified(folds=3, keep_duplicates_together=True),
    RepeatedStratified(folds=4, repeats=3),
    RepeatedStratified(folds=2, repeats=2, keep_duplicates_together=True),
    Grouped(folds=4),
    Holdout(fraction=0.3),
    Holdout(fraction=0.5, keep_duplicates_together=True),
    TimeOrdered(folds=4),
    TimeOrdered(folds=3, gap=10),
    TimeOrdered(folds=3, period="week", window=3, gap=1),
    TimeOrdered(folds=2, period="month", keep_groups_together=True),
)


def keeps(splitter):
    return splitter.needs_group or splitter.keep_duplicates_together


SEEDED = [s for s in SPLITTERS if "seed" in {field.name for field in fields(s)}]
KEEPING = [s for s in SPLITTERS if keeps(s)]
TIMED = [s for s in SPLITTERS if s.needs_order]


def over(splitters):
    return pytest.mark.parametrize("splitter", splitters, ids=repr)


every_splitter = over(SPLITTERS)


def data(seed=0, rows=ROWS):
    """Targets, group labels of one to seven rows, and times with ties."""
    rng = np.random.default_rng(seed)
    target = (rng.random(rows) < 0.3).astype(np.int8)
    groups = rng.integers(0, rows // 2, rows)
    order = rng.integers(0, 100, rows).astype(np.float64)
    return target, groups, order


def split(splitter, target, groups, order):
    groups = groups if keeps(splitter) else None
    periods = stretch_periods(order, splitter.period) if splitter.period else None
    return splitter.split(RowsToSplit(target, groups, order, True, periods))


def plain(folds):
    return [(f.repeat, f.number, f.train.tolist(), f.validation.tolist()) for f in folds.splits]


@every_splitter
def test_sides_are_disjoint_sorted_rows(splitter):
    folds = split(splitter, *data())
    for fold in folds.splits:
        assert fold.train.dtype == fold.validation.dtype == np.int64
        for side in (fold.train, fold.validation):
            assert (np.diff(side) > 0).all()
            assert side[0] >= 0
            assert side[-1] < ROWS
        assert len(np.intersect1d(fold.train, fold.validation)) == 0


@every_splitter
def test_a_row_is_scored_at_most_once_a_repeat_and_always_in_full_splits(splitter):
    folds = split(splitter, *data())
    for repeat in {fold.repeat for fold in folds.splits}:
        scored = np.concatenate([f.validation for f in folds.splits if f.repeat == repeat])
        assert len(scored) == len(np.unique(scored))
        if not isinstance(splitter, (Holdout, TimeOrdered)):
            assert len(scored) == ROWS


@every_splitter
def test_parts_label_every_scored_entry(splitter):
    folds = split(splitter, *data())
    assert folds.parts.dtype == np.int16
    assert len(folds.parts) == sum(len(fold.validation) for fold in folds.splits)
    assert len(np.unique(folds.parts)) >= 2
    assert folds.crossfit == ("earlier" if isinstance(splitter, TimeOrdered) else "others")


@every_splitter
def test_both_classes_are_on_both_sides(splitter):
    target, groups, order = data()
    for fold in split(splitter, target, groups, order).splits:
        for side in (fold.train, fold.validation):
            assert set(target[side]) == {0, 1}


@over(KEEPING)
def test_no_group_is_on_both_sides(splitter):
    target, groups, order = data()
    folds = split(splitter, target, groups, order)
    for fold in folds.splits:
        assert len(np.intersect1d(groups[fold.train], groups[fold.validation])) == 0
    if isinstance(splitter, Holdout):
        held = groups[folds.splits[0].validation]
        for part in np.unique(folds.parts):
            here = folds.parts == part
            assert len(np.intersect1d(held[here], held[~here])) == 0


@over(TIMED)
def test_training_is_older_than_validation_in_time_order(splitter):
    target, groups, order = data()
    latest = -np.inf
    for fold in split(splitter, target, groups, order).splits:
        assert order[fold.train].max() < order[fold.validation].min() - splitter.gap
        assert order[fold.validation].min() > latest
        latest = order[fold.validation].max()


@every_splitter
def test_the_same_seed_gives_the_same_split(splitter):
    assert plain(split(splitter, *data())) == plain(split(splitter, *data()))


@over(SEEDED)
def test_another_seed_gives_another_split(splitter):
    other = replace(splitter, seed=splitter.seed + 100)
    assert plain(split(splitter, *data())) != plain(split(other, *data()))


@every_splitter
def test_what_is_needed_and_missing_is_named(splitter):
    target, groups, order = data()
    if splitter.needs_group:
        with pytest.raises(RequestError, match=r"data\.group: .*no group column"):
            splitter.split(RowsToSplit(target, None, order))
    elif splitter.needs_order:
        with pytest.raises(RequestError, match=r"data\.time: .*no time column"):
            splitter.split(RowsToSplit(target, groups, None))
    else:
        splitter.split(RowsToSplit(target, None, None))


@every_splitter
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_a_fault(splitter, label):
    _, groups, order = data()
    with pytest.raises(RequestError, match=r"validation\.(folds|fraction|gap|window): "):
        split(splitter, np.full(ROWS, label, dtype=np.int8), groups, order)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(20, 200), st.sampled_from(SPLITTERS))
def test_any_data_is_split_soundly_or_refused(seed, rows, splitter):
    target, groups, order = data(seed, rows)
    try:
        folds = split(splitter, target, groups, order)
    except RequestError:
        return
    for fold in folds.splits:
        assert len(np.intersect1d(fold.train, fold.validation)) == 0
        assert 0 < target[fold.train].mean() < 1
        assert 0 < target[fold.validation].mean() < 1
