"""What every calibration must hold to."""

import json

import numpy as np
import pytest
from strategies import with_all_others

from cutscore.calibration.none import NoCalibration
from cutscore.calibration.saved import KEPT, calibrator_from_json
from cutscore.errors import StoreError

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


@every_calibration
def test_calibrators_come_back_from_plain_values_bit_for_bit(calibration):
    scores, target = data()
    calibrator = calibration.fit(scores, target)
    again = calibrator_from_json(json.loads(json.dumps(calibrator.to_json())))
    unseen = np.append(np.random.default_rng(1).random(500) ** 3, [0.0, 1.0, scores[0]])
    assert again.apply(unseen).tobytes() == calibrator.apply(unseen).tobytes()
    alone = np.concatenate([again.apply(unseen[[i]]) for i in range(len(unseen))])
    assert alone.tobytes() == again.apply(unseen).tobytes()  # whatever rows are beside it
    assert isinstance(calibration, KEPT)


@every_calibration
def test_one_number_for_all_rows_corrects_as_one_for_each(calibration):
    scores, _ = data()
    each = calibration.correct(scores, np.full(300, 0.1), np.full(300, 0.4))
    assert calibration.correct(scores, 0.1, 0.4).tobytes() == each.tobytes()
    alone = np.concatenate([calibration.correct(scores[[i]], 0.1, 0.4) for i in range(300)])
    assert alone.tobytes() == each.tobytes()


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"kind": "magic"},
        {"kind": "sigmoid", "slope": 1.0},
        {"kind": "sigmoid", "slope": "steep", "offset": 0.0},
        {"kind": "isotonic", "x": [], "y": []},
        {"kind": "isotonic", "x": [0.1, 0.2], "y": [0.1]},
        {"kind": "isotonic", "x": ["low"], "y": [0.1]},
    ],
)
def test_calibrators_that_were_not_kept_so_are_refused(state):
    with pytest.raises(StoreError, match="calibrator"):
        calibrator_from_json(state)
