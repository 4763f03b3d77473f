"""The resampling methods against imbalanced-learn, and their faults."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.errors import RequestError
from cutscore.sampling import RowsToSample
from cutscore.sampling.balanced import Balanced
from cutscore.sampling.smote import Smote
from cutscore.sampling.smote_undersample import SmoteUndersample
from cutscore.sampling.undersample import Undersample


def _target(positives: int, negatives: int):
    target = np.zeros(positives + negatives, dtype=np.int8)
    target[:positives] = 1
    return np.random.default_rng(1).permutation(target)


@pytest.mark.parametrize("columns", [1, 4, 20, 90])
def test_smote_is_imbalanced_learns_smote_on_all_rows(columns):
    from imblearn.over_sampling import SMOTE

    values = np.random.default_rng(0).normal(size=(300, columns)).astype(np.float32)
    target, rows = _target(40, 260), np.arange(300, dtype=np.int64)
    expected, _ = SMOTE(sampling_strategy=0.5, random_state=42).fit_resample(values, target)
    made_up = Smote(ratio=0.5).sample(RowsToSample(rows, target, 42, values)).synthetic
    assert made_up is not None
    np.testing.assert_array_equal(made_up.values, expected[300:])


def test_smote_holds_nothing_beside_its_rows_that_is_as_long():
    values = np.random.default_rng(0).normal(size=(20_500, 30)).astype(np.float32)
    training = RowsToSample(np.arange(20_500, dtype=np.int64), _target(500, 20_000), 42, values)
    Smote().sample(training)  # imports
    tracemalloc.start()
    made_up = Smote().sample(training).synthetic
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made_up is not None
    assert peak < 2.5 * made_up.values.nbytes


def test_undersampling_is_imbalanced_learns():
    from imblearn.under_sampling import RandomUnderSampler

    target, rows = _target(40, 260), np.arange(300, dtype=np.int64)
    theirs = RandomUnderSampler(sampling_strategy=0.5, random_state=42)
    theirs.fit_resample(rows[:, None], target)
    ours = Undersample(ratio=0.5).sample(RowsToSample(rows, target, 42))
    np.testing.assert_array_equal(ours.rows, np.sort(theirs.sample_indices_))


@given(
    positives=st.integers(1, 60),
    negatives=st.integers(1, 60),
    ratio=st.floats(0.01, 1.0),
)
@settings(max_examples=100, deadline=None)
def test_undersampling_reaches_any_ratio_it_accepts(positives, negatives, ratio):
    target, rows = _target(positives, negatives), np.arange(positives + negatives, dtype=np.int64)
    few, many = sorted((positives, negatives))
    sampler = Undersample(ratio=ratio)
    if ratio * many < few:
        with pytest.raises(RequestError, match=r"sampling\.ratio"):
            sampler.check(target)
        return
    kept = target[sampler.sample(RowsToSample(rows, target, 0)).rows]
    rare = 1 if positives <= negatives else 0
    assert np.count_nonzero(kept == rare) == few
    assert np.count_nonzero(kept != rare) == min(many, int(few / ratio))


def test_class_weights_are_scikit_learns():
    from sklearn.utils.class_weight import compute_sample_weight

    target = _target(7, 93)
    training = Balanced().sample(RowsToSample(np.arange(100, dtype=np.int64), target, 0))
    np.testing.assert_allclose(training.weights, compute_sample_weight("balanced", target))


def test_smote_then_undersampling_reaches_both_ratios():
    values = np.random.default_rng(0).normal(size=(220, 3)).astype(np.float32)
    target = _target(20, 200)
    training = SmoteUndersample(smote_ratio=0.5, ratio=0.8).sample(
        RowsToSample(np.arange(220, dtype=np.int64), target, 0, values)
    )
    assert training.synthetic is not None
    assert 20 + len(training.synthetic.target) == 100
    assert np.count_nonzero(target[training.rows] == 0) == 125


def test_too_few_neighbours_name_the_count_and_the_way_out():
    with pytest.raises(RequestError) as caught:
        Smote(neighbours=5).check(_target(5, 50))
    (fault,) = caught.value.faults
    assert fault.setting == "sampling.neighbours"
    assert "at least 6" in fault.problem
    assert "a fold has 5" in fault.problem
    assert "sampling.neighbours=4" in fault.remedy


def test_one_rare_row_has_no_neighbours_at_all():
    with pytest.raises(RequestError, match="sampling=balanced"):
        Smote(neighbours=1).check(_target(1, 50))


def test_all_faults_of_smote_come_together():
    with pytest.raises(RequestError) as caught:
        SmoteUndersample(smote_ratio=0.05).check(_target(3, 30))
    settings_named = [fault.setting for fault in caught.value.faults]
    assert settings_named == ["sampling.smote_ratio", "sampling.neighbours"]
    assert "0.1 (3 to 30 training rows), got 0.05" in str(caught.value)


def test_a_second_ratio_below_the_first_is_refused():
    with pytest.raises(ValueError, match=r"ratio must be at least smote_ratio \(0.5\), got 0.4"):
        SmoteUndersample(smote_ratio=0.5, ratio=0.4)


def test_smote_needs_values():
    with pytest.raises(ValueError, match="needs the prepared values"):
        Smote().sample(RowsToSample(np.arange(60, dtype=np.int64), _target(10, 50), 0))


def test_smote_where_the_ratio_is_met_makes_up_nothing():
    values = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    training = Smote().sample(
        RowsToSample(np.arange(40, dtype=np.int64), _target(20, 20), 0, values)
    )
    assert training.size == 40
