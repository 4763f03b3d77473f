"""The prior that a model sees, against counting."""

import numpy as np
import pytest

from cutscore.calibration.training_prior import training_prior, weighs_classes
from cutscore.records import SyntheticRows, TrainingRows

TARGET = np.array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0], dtype=np.int8)
ALL = np.arange(10)


def test_plain_rows_have_their_share():
    assert training_prior(TrainingRows(ALL), TARGET, {}).share == 0.2
    assert training_prior(TrainingRows(ALL), TARGET, {}).doubt == ""


def test_weights_by_class_are_exact():
    training = TrainingRows(ALL, weights=np.where(TARGET == 1, 2.5, 0.625))
    assert training_prior(training, TARGET, {}).share == pytest.approx(0.5)
    assert training_prior(training, TARGET, {}).doubt == ""


def test_weights_by_row_leave_a_doubt():
    weights = np.ones(10)
    weights[1] = 3.0
    prior = training_prior(TrainingRows(ALL, weights=weights), TARGET, {})
    assert prior.share == pytest.approx(2 / 12)
    assert "within a class" in prior.doubt


def test_rows_made_up_count_and_leave_a_doubt():
    made_up = SyntheticRows(np.zeros((6, 1), dtype=np.float32), np.ones(6, dtype=np.int8))
    prior = training_prior(TrainingRows(ALL, synthetic=made_up), TARGET, {})
    assert prior.share == 0.5
    assert "made up" in prior.doubt


def test_dropped_rows_do_not_count():
    assert training_prior(TrainingRows(np.array([0, 1, 5, 7])), TARGET, {}).share == 0.5


@pytest.mark.parametrize(
    ("params", "share"),
    [
        ({"scale_pos_weight": 4}, 0.5),
        ({"is_unbalance": True}, 0.5),
        ({"is_unbalance": False}, 0.2),
        ({"class_weight": "balanced"}, 0.5),
        ({"class_weight": None}, 0.2),
        ({"class_weight": {0: 0.5, 1: 2}}, 0.5),
    ],
)
def test_class_weights_of_the_classifier_count(params, share):
    assert training_prior(TrainingRows(ALL), TARGET, params).share == pytest.approx(share)
    assert weighs_classes(params) == (share != 0.2)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class(label):
    target = np.full(10, label, dtype=np.int8)
    for params in ({}, {"class_weight": "balanced"}, {"is_unbalance": True}):
        assert training_prior(TrainingRows(ALL), target, params).share == label
