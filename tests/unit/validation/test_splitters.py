import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from cutscore.errors import RequestError
from cutscore.validation import RowsToSplit
from cutscore.validation.grouped import Grouped
from cutscore.validation.holdout import Holdout
from cutscore.validation.repeated import RepeatedStratified
from cutscore.validation.stratified import Stratified
from cutscore.validation.time_ordered import TimeOrdered


def made(rows=1000, share=0.1, seed=0):
    return (np.random.default_rng(seed).random(rows) < share).astype(np.int8)


def test_stratified_is_the_split_of_scikit_learn():
    from sklearn.model_selection import StratifiedKFold

    target = made()
    theirs = StratifiedKFold(5, shuffle=True, random_state=42).split(target, target)
    for fold, (train, validation) in zip(
        Stratified().split(RowsToSplit(target)).splits, theirs, strict=True
    ):
        assert (fold.train == train).all()
        assert (fold.validation == validation).all()


def test_the_first_repeat_is_the_stratified_split():
    target = made()
    repeated = RepeatedStratified(repeats=2).split(RowsToSplit(target))
    once = Stratified().split(RowsToSplit(target))
    assert [f.repeat for f in repeated.splits] == [0] * 5 + [1] * 5
    assert repeated.repeats == 2
    assert repeated.scored == len(target)
    for fold, first in zip(repeated.splits[:5], once.splits, strict=True):
        assert (fold.validation == first.validation).all()


def test_more_folds_than_positives():
    target = np.zeros(50, dtype=np.int8)
    target[:3] = 1
    with pytest.raises(
        RequestError, match=r"validation\.folds: 5 folds, but there are only 3 positive rows.*3\."
    ):
        Stratified().split(RowsToSplit(target))


def test_more_folds_than_groups():
    groups = np.arange(1000) % 4
    with pytest.raises(RequestError, match=r"validation\.folds: 5 folds.*only 4 groups.*4\."):
        Grouped().split(RowsToSplit(made(), groups))


def test_positives_of_one_group_leave_a_fold_without_any():
    target = np.zeros(100, dtype=np.int8)
    target[:10] = 1
    groups = np.maximum(np.arange(100), 9)  # the first ten rows are one group
    with pytest.raises(RequestError, match="have no positive row") as caught:
        Grouped(folds=3).split(RowsToSplit(target, groups))
    assert len(caught.value.faults) == 3  # one fold trains on none, the others validate none


def test_groups_are_dealt_evenly_in_rows_and_positives():
    target = made(5000)
    groups = np.random.default_rng(1).integers(0, 300, 5000)
    for fold in Grouped().split(RowsToSplit(target, groups)).splits:
        assert len(fold.validation) == pytest.approx(1000, rel=0.03)
        assert target[fold.validation].sum() == pytest.approx(target.sum() / 5, rel=0.05)


def test_nearly_single_groups_are_dealt_exactly():
    target = made(5003)
    groups = np.arange(5003)
    groups[1:21:2] = groups[0:20:2]
    sizes = [
        len(fold.validation) for fold in Stratified().split(RowsToSplit(target, groups)).splits
    ]
    positives = [
        target[f.validation].sum() for f in Stratified().split(RowsToSplit(target, groups)).splits
    ]
    assert max(sizes) - min(sizes) <= 1
    assert max(positives) - min(positives) <= 1


def test_holdout_keeps_the_share_of_positives_in_every_part():
    target = made(2000)
    folds = Holdout(fraction=0.25).split(RowsToSplit(target))
    (fold,) = folds.splits
    assert len(fold.validation) == 500
    assert len(fold.train) == 1500
    assert target[fold.validation].mean() == pytest.approx(target.mean(), abs=0.002)
    assert np.bincount(folds.parts).tolist() == [100] * 5
    positives = np.bincount(folds.parts, weights=target[fold.validation])
    assert positives.max() - positives.min() <= 1


def test_a_holdout_too_small_for_a_positive():
    target = np.zeros(100, dtype=np.int8)
    target[:2] = 1
    with pytest.raises(RequestError, match=r"validation\.fraction: the 5 validation rows"):
        Holdout(fraction=0.05).split(RowsToSplit(target))


def test_time_ordered_expands_and_keeps_ties_together():
    order = np.repeat(np.arange(12.0), 10)[::-1].copy()
    target = np.tile([0, 1], 60).astype(np.int8)
    folds = TimeOrdered(folds=3).split(RowsToSplit(target, None, order))
    assert [sorted(set(order[f.validation])) for f in folds.splits] == [
        [3.0, 4.0, 5.0],
        [6.0, 7.0, 8.0],
        [9.0, 10.0, 11.0],
    ]
    assert [len(f.train) for f in folds.splits] == [30, 60, 90]
    assert folds.scored == 90


def test_a_gap_leaves_recent_rows_out_of_training():
    order = np.repeat(np.arange(12.0), 10)
    target = np.tile([0, 1], 60).astype(np.int8)
    first = TimeOrdered(folds=3, gap=1).split(RowsToSplit(target, None, order)).splits[0]
    assert set(order[first.train]) == {0.0, 1.0}
    with pytest.raises(RequestError, match=r"validation\.gap: the 0 training rows of fold 0"):
        TimeOrdered(folds=3, gap=5).split(RowsToSplit(target, None, order))


def test_one_heavy_time_still_leaves_a_time_for_every_fold():
    order = np.concatenate([np.zeros(4), np.full(90, 1.0), [2.0, 2.0, 3.0, 3.0]])
    target = np.tile([0, 1], 49).astype(np.int8)
    folds = TimeOrdered(folds=3).split(RowsToSplit(target, None, order))
    assert [len(f.validation) for f in folds.splits] == [90, 2, 2]


def test_too_few_times_and_unknown_times():
    target = np.tile([0, 1], 10).astype(np.int8)
    with pytest.raises(RequestError, match=r"need 6 different times, but data\.time has only 4"):
        TimeOrdered().split(RowsToSplit(target, None, np.arange(20.0) % 4))
    order = np.arange(20.0)
    order[3] = np.nan
    with pytest.raises(RequestError, match=r"data\.time: 1 of 20 rows have no finite time"):
        TimeOrdered().split(RowsToSplit(target, None, order))


@pytest.mark.parametrize(
    ("kind", "given", "setting"),
    [
        (Stratified, {"folds": 1}, "folds"),
        (RepeatedStratified, {"repeats": 0}, "repeats"),
        (Holdout, {"fraction": 1.0}, "fraction"),
        (Holdout, {"fraction": 0.0}, "fraction"),
        (TimeOrdered, {"gap": -1}, "gap"),
        (Grouped, {"seed": -1}, "seed"),
    ],
)
def test_settings_out_of_range_are_named(kind, given, setting):
    with pytest.raises(ValidationError, match=rf"{setting}\n.*Input should be (greater|less)"):
        TypeAdapter(kind).validate_python(given)
