"""What every calibration must hold to."""

import numpy as np
import pytest
from strategies import with_all_others

from cutscore.calibration.none import NoCalibration

every_calibration = pytest.mark.parametrize("calibration", with_all_others("calibration"), ids=repr)


def data():
    rng = np.random.default_rng(3)
    target = (rng.random(300) < 0.3).astype(np.int8)
    return rng.random(300) * 0.6 + target * 0.4, target


@every_calibration
def test_calibrated_scores_are_probabilities_in_the_same_order(calibration):
    scores, target = data()
    given = scores.copy()
    calibrated = calibration.fit(scores, target).apply(np.sort(scores))
    assert calibrated.dtype == np.float64
    assert calibrated.shape == scores.shape
    assert ((calibrated >= 0) & (calibrated <= 1)).all()
    assert (np.diff(calibrated) >= 0).all()
    assert (scores == given).all()


@every_calibration
def test_fitting_again_gives_the_same_map(calibration):
    scores, target = data()
    once = calibration.fit(scores, target).apply(scores)
    assert (calibration.fit(scores, target).apply(scores) == once).all()


def test_no_calibration_changes_nothing():
    scores, target = data()
    assert NoCalibration().fit(scores, target).apply(scores) is scores


@every_calibration
def test_corrected_scores_are_probabilities_in_the_same_order(calibration):
    scores = np.sort(np.append(data()[0], [0.0, 1.0]))
    corrected = calibration.correct(scores, np.full(302, 0.1), np.full(302, 0.5))
    assert ((corrected >= 0) & (corrected <= 1)).all()
    assert (np.diff(corrected) >= 0).all()
    assert calibration.uses_prior == (corrected != scores).any()


@every_calibration
def test_order_survives_on_scores_never_seen_and_their_extremes(calibration):
    rng = np.random.default_rng(0)
    for size in (2, 5, 400):
        scores = rng.choice([0.0, 0.1, 0.2, 1e-9, 1.0, 0.5], size)
        target = (rng.random(size) < scores).astype(np.int8)
        unseen = np.sort(np.append(rng.random(2000) ** 4, [0.0, 1.0]))
        calibrated = calibration.fit(scores, target).apply(unseen)
        assert ((calibrated >= 0) & (calibrated <= 1)).all()
        assert (np.diff(calibrated) >= 0).all()


@every_calibration
@pytest.mark.parametrize("label", [0, 1])
def test_one_class_and_constant_scores_give_an_answer(calibration, label):
    for scores in (np.full(50, 0.3), np.linspace(0, 1, 50)):
        calibrated = calibration.fit(scores, np.full(50, label, dtype=np.int8)).apply(scores)
        assert np.isfinite(calibrated).all()


@every_calibration
def test_scores_against_the_target_are_not_turned_round(calibration):
    scores, target = data()
    calibrated = calibration.fit(scores, 1 - target).apply(np.sort(scores))
    assert (np.diff(calibrated) >= 0).all()
