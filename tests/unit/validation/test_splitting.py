import numpy as np
import pytest

from cutscore.errors import RequestError
from cutscore.records import Column, Dataset, Table
from cutscore.validation.grouped import Grouped
from cutscore.validation.splitting import merged, rows_together, split_rows
from cutscore.validation.stratified import Stratified
from cutscore.validation.time_ordered import TimeOrdered

ROWS = 60


def dataset(**amounts):
    duplicate_of = np.arange(ROWS)
    duplicate_of[[10, 20]] = 3
    return Dataset(
        name="made",
        source="made",
        table=Table((Column("a"),), np.zeros((ROWS, 1), dtype=np.float32)),
        target=(np.arange(ROWS) % 3 == 0).astype(np.int8),
        target_name="y",
        ids=np.arange(ROWS),
        digest="",
        duplicate_of=duplicate_of,
        duplicates=2,
        amounts=amounts,
    )


def test_rows_are_free_unless_something_ties_them():
    assert rows_together(Stratified(), dataset(group=np.zeros(ROWS))) is None


def test_duplicates_stay_together_when_asked():
    splitter = Stratified(keep_duplicates_together=True)
    for fold in split_rows(splitter, dataset()).splits:
        assert len({3, 10, 20} & set(fold.validation.tolist())) in (0, 3)


def test_groups_and_duplicates_are_joined():
    group = np.arange(ROWS) // 2 * 1.0
    splitter = Grouped(folds=3, keep_duplicates_together=True)
    labels = rows_together(splitter, dataset(group=group))
    tied = {2, 3, 10, 11, 20, 21}
    assert set(np.flatnonzero(labels == labels[3])) == tied
    for fold in split_rows(splitter, dataset(group=group)).splits:
        assert len(tied & set(fold.validation.tolist())) in (0, len(tied))


def test_chains_of_two_labellings_are_one_group():
    first = np.array([0, 0, 1, 1, 2, 3])
    second = np.array([5, 6, 6, 7, 8, 9])
    labels = merged(first, second)
    assert len(set(labels[:4])) == 1
    assert len(set(labels)) == 3


def test_missing_columns_are_named():
    with pytest.raises(RequestError, match=r"data\.group"):
        split_rows(Grouped(), dataset())
    with pytest.raises(RequestError, match=r"data\.time"):
        split_rows(TimeOrdered(), dataset())


def test_rows_without_a_group_are_counted():
    group = np.arange(ROWS) * 1.0
    group[:4] = np.nan
    with pytest.raises(RequestError, match=r"data\.group: 4 of 60 rows have no group"):
        split_rows(Grouped(), dataset(group=group))


def test_time_comes_from_the_data_set():
    folds = split_rows(TimeOrdered(folds=2), dataset(time=np.arange(ROWS)[::-1] * 1.0))
    assert folds.splits[0].train.tolist() == list(range(40, 60))
