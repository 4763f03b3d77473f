"""The calibrator of a part never sees the part."""

import numpy as np
import pytest

from cutscore.calibration.crossfit import cross_calibrate
from cutscore.calibration.isotonic import Isotonic
from cutscore.calibration.none import NoCalibration
from cutscore.calibration.sigmoid import Sigmoid
from cutscore.records import OutOfFold


def entries(rule="others", repeats=1, rows=300, parts=3):
    rng = np.random.default_rng(2)
    size = rows * repeats
    score = rng.random(size)
    return OutOfFold(
        row=np.tile(np.arange(rows), repeats),
        repeat=np.repeat(np.arange(repeats), rows).astype(np.int16),
        fold=np.tile(np.arange(rows) % parts, repeats).astype(np.int16),
        part=np.tile(np.arange(rows) % parts, repeats).astype(np.int16),
        target=(rng.random(size) < score**2).astype(np.int8),
        score=score,
        rule=rule,
    )


every_map = pytest.mark.parametrize("calibration", [Sigmoid(), Isotonic()], ids=repr)


@every_map
def test_a_parts_targets_do_not_reach_its_own_scores(calibration):
    oof = entries()
    before = cross_calibrate(oof, calibration)
    inside = oof.part == 1
    oof.target[inside] = 1 - oof.target[inside]
    after = cross_calibrate(oof, calibration)
    assert (after[inside] == before[inside]).all()
    assert (after[~inside] != before[~inside]).any()


@every_map
def test_it_is_the_map_of_the_other_parts_of_the_same_repeat(calibration):
    oof = entries(repeats=2)
    here = (oof.part == 2) & (oof.repeat == 1)
    others = (oof.part != 2) & (oof.repeat == 1)
    expected = calibration.fit(oof.score[others], oof.target[others]).apply(oof.score[here])
    assert (cross_calibrate(oof, calibration)[here] == expected).all()


def test_in_time_order_only_earlier_parts_teach_and_the_first_has_no_score():
    oof = entries(rule="earlier")
    before = cross_calibrate(oof, Sigmoid())
    assert np.isnan(before[oof.part == 0]).all()
    assert np.isfinite(before[oof.part > 0]).all()
    oof.target[oof.part == 2] = 1
    after = cross_calibrate(oof, Sigmoid())
    assert (after[oof.part == 1] == before[oof.part == 1]).all()


def test_without_calibration_scores_stay():
    oof = entries()
    assert (cross_calibrate(oof, NoCalibration()) == oof.score).all()
