"""The outer split: held out from every fold, and otherwise a split like any other."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cutscore.config.fingerprint import canonical
from cutscore.errors import RequestError
from cutscore.records import Column, Dataset, Table
from cutscore.validation.grouped import Grouped
from cutscore.validation.holdout import Holdout
from cutscore.validation.repeated import RepeatedStratified
from cutscore.validation.shuffled import outer_seed
from cutscore.validation.splitting import split_rows
from cutscore.validation.stratified import Stratified
from cutscore.validation.time_ordered import TimeOrdered

SCHEMES = [
    Stratified(folds=3),
    Stratified(folds=3, keep_duplicates_together=True),
    RepeatedStratified(folds=2, repeats=2),
    Grouped(folds=3),
    Grouped(folds=3, keep_duplicates_together=True),
    Holdout(fraction=0.4),
    TimeOrdered(folds=3),
    TimeOrdered(folds=2, gap=1),
]
SHUFFLED = [scheme for scheme in SCHEMES if not scheme.needs_order]


def name(scheme):
    return f"{type(scheme).__name__}{'_together' * scheme.keep_duplicates_together}"


def made(seed=0, rows=400, share=0.3):
    """Targets, groups, duplicates and times with ties."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, rows, rows)
    duplicate_of = np.where(rng.random(rows) < 0.1, np.minimum(first, np.arange(rows)), -1)
    duplicate_of = np.where(duplicate_of < 0, np.arange(rows), duplicate_of)
    duplicate_of = duplicate_of[duplicate_of]  # the first of its kind points to itself
    return Dataset(
        name="made",
        source="made",
        table=Table((Column("a"),), np.zeros((rows, 1), dtype=np.float32)),
        target=(rng.random(rows) < share).astype(np.int8),
        target_name="y",
        ids=np.arange(rows),
        digest="",
        duplicate_of=duplicate_of,
        duplicates=0,
        amounts={
            "group": rng.integers(0, rows // 3, rows) * 1.0,
            "time": rng.integers(0, 60, rows) * 1.0,
        },
    )


def parts_of(scheme, count=4):
    return [replace(scheme, outer="nested", outer_folds=count, outer_part=k) for k in range(count)]


def held_out(scheme):
    return [replace(scheme, outer="holdout", outer_fraction=0.25), *parts_of(scheme)]


def in_folds(folds):
    return np.unique(
        np.concatenate([side for f in folds.splits for side in (f.train, f.validation)])
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(60, 400), st.sampled_from(SCHEMES), st.integers(0, 4))
def test_outer_rows_are_in_no_fold(seed, rows, scheme, which):
    dataset = made(seed, rows)
    splitter = held_out(scheme)[which]
    try:
        folds = split_rows(splitter, dataset)
    except RequestError:
        return
    assert len(np.intersect1d(folds.outer, folds.inner)) == 0
    assert np.isin(in_folds(folds), folds.inner).all()
    for side in (folds.inner, folds.outer):
        assert (np.diff(side) > 0).all()
        assert 0 < dataset.target[side].mean() < 1
    for fold in folds.splits:
        assert len(np.intersect1d(fold.train, fold.validation)) == 0
        assert 0 < dataset.target[fold.train].mean() < 1
        assert 0 < dataset.target[fold.validation].mean() < 1
    again = split_rows(splitter, dataset)
    assert np.array_equal(again.outer, folds.outer)
    assert np.array_equal(again.splits[0].train, folds.splits[0].train)


@pytest.mark.parametrize("scheme", SHUFFLED, ids=name)
def test_nested_parts_are_all_rows_once_and_alike(scheme):
    dataset = made()
    outer = [split_rows(part, dataset).outer for part in parts_of(scheme)]
    assert np.array_equal(np.sort(np.concatenate(outer)), np.arange(dataset.rows))
    assert all(len(rows) == pytest.approx(100, abs=3) for rows in outer)
    share = dataset.target.mean()
    assert all(dataset.target[rows].mean() == pytest.approx(share, abs=0.03) for rows in outer)


@pytest.mark.parametrize("scheme", SHUFFLED, ids=name)
def test_groups_and_duplicates_stay_on_one_side(scheme):
    dataset = made()
    labels = []
    if scheme.needs_group:
        labels.append(dataset.amounts["group"])
    if scheme.keep_duplicates_together:
        labels.append(dataset.duplicate_of)
    for splitter in held_out(scheme):
        folds = split_rows(splitter, dataset)
        for label in labels:
            assert len(np.intersect1d(label[folds.outer], label[folds.inner])) == 0
            for fold in folds.splits:
                assert len(np.intersect1d(label[fold.train], label[fold.validation])) == 0


@pytest.mark.parametrize("scheme", SHUFFLED, ids=name)
def test_the_outer_draw_depends_on_the_seed_and_is_stratified(scheme):
    dataset = made()
    splitter = replace(scheme, outer="holdout")
    outer = split_rows(splitter, dataset).outer
    other = split_rows(replace(splitter, seed=splitter.seed + 1), dataset).outer
    assert not np.array_equal(outer, other)
    assert len(outer) == pytest.approx(0.2 * dataset.rows, abs=3)
    assert dataset.target[outer].mean() == pytest.approx(dataset.target.mean(), abs=0.02)
    assert outer_seed(splitter.seed) != splitter.seed


@pytest.mark.parametrize("gap", [0.0, 1.0])
def test_outer_rows_are_the_latest_in_time_order(gap):
    dataset = made()
    time = dataset.amounts["time"]
    scheme = TimeOrdered(folds=3, gap=gap)
    folds = split_rows(replace(scheme, outer="holdout"), dataset)
    assert time[folds.outer].min() > time[folds.inner].max() + gap
    assert time[folds.outer].max() == time.max()
    assert len(folds.outer) == pytest.approx(80, abs=10)
    ends = []
    for part in parts_of(scheme):
        folds = split_rows(part, dataset)
        assert time[folds.outer].min() > time[folds.inner].max() + gap
        ends.append((time[folds.outer].min(), time[folds.outer].max()))
    assert all(before[1] < after[0] for before, after in pairwise(ends))
    assert ends[-1][1] == time.max()


@pytest.mark.parametrize("scheme", SCHEMES, ids=name)
def test_without_an_outer_split_nothing_changes(scheme):
    dataset = made()
    plain = split_rows(scheme, dataset)
    assert plain.inner is None
    assert len(plain.outer) == 0
    nested = split_rows(replace(scheme, outer="nested"), dataset)  # a search sets the part
    assert len(nested.outer) == 0
    for fold, same in zip(plain.splits, nested.splits, strict=True):
        assert np.array_equal(fold.validation, same.validation)


def test_too_few_positives_for_parts_folds_or_a_holdout():
    dataset = made(rows=100)
    few = np.zeros(100, dtype=np.int8)
    few[:4] = 1
    dataset = replace(dataset, target=few)
    nested = Stratified(folds=2, outer="nested")
    with pytest.raises(RequestError, match=r"validation\.outer_folds: 5 folds.* 4 positive rows"):
        split_rows(nested, dataset)
    with pytest.raises(RequestError, match=r"outer_fraction: the 5 outer rows.* no positive row"):
        split_rows(Stratified(folds=2, outer="holdout", outer_fraction=0.05), dataset)
    with pytest.raises(RequestError, match=r"only 3 positive rows.*leaves 80 of 100 rows"):
        split_rows(Stratified(folds=4, outer="holdout"), dataset)
    with pytest.raises(RequestError, match=r"outer_folds: 90 folds .* need 91 different times"):
        split_rows(TimeOrdered(folds=2, outer="nested", outer_folds=90), dataset)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"outer": "some"}, "'none', 'holdout' or 'nested'"),
        ({"outer_fraction": 0.0}, "greater than 0"),
        ({"outer_fraction": 1.0}, "less than 1"),
        ({"outer_folds": 1}, "greater than or equal to 2"),
        ({"outer": "nested", "outer_part": 5}, "outer_part must be from 0 to 4.* got 5"),
        ({"outer": "nested", "outer_part": -1}, "greater than or equal to 0"),
        ({"outer": "holdout", "outer_part": 1}, "outer is holdout; set outer=nested"),
    ],
)
def test_settings_out_of_range_are_refused(given, message):
    for kind in (Stratified, TimeOrdered):
        with pytest.raises(ValidationError, match=message):
            TypeAdapter(kind).validate_python(given)


def test_the_fingerprint_sees_the_outer_split():
    seen = [canonical("validation", scheme) for scheme in (Stratified(), *held_out(Stratified()))]
    assert len({repr(one) for one in seen}) == len(seen)
