"""What every calibration must hold to."""

import numpy as np
import pytest

from cutscore.calibration.none import NoCalibration

every_calibration = pytest.mark.parametrize("calibration", [NoCalibration()], ids=repr)


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
