"""From a threshold on calibrated scores back to one on the scores that a model gives."""

from __future__ import annotations

import numpy as np

from cutscore.calibration import Calibration
from cutscore.records import OWN_COSTS, Calibrator, OutOfFold, Undefined


def raw_threshold(
    threshold: float | None, calibration: Calibration, calibrator: Calibrator, oof: OutOfFold
) -> float | Undefined:
    """Return the least score in [0, 1] whose calibrated score is at least `threshold`.

    A model that is fitted on all rows, and knows no calibration, flags with it what it would flag
    with both. The effect of sampling is taken to be the folds' mean. If no score reaches the
    threshold the next float above 1 is returned. Undefined where rows have no one threshold.
    """
    if threshold is None:
        return Undefined(OWN_COSTS)
    low, high = 0, int(np.float64(1.0).view(np.int64))
    reached = _calibrated(1.0, calibration, calibrator, oof) >= threshold
    if not reached:
        return float(np.nextafter(1.0, 2.0))
    while low < high:  # the bits of floats that are not negative order as the floats do
        middle = (low + high) // 2
        score = float(np.int64(middle).view(np.float64))
        if _calibrated(score, calibration, calibrator, oof) >= threshold:
            high = middle
        else:
            low = middle + 1
    return float(np.int64(low).view(np.float64))


def _calibrated(
    score: float, calibration: Calibration, calibrator: Calibrator, oof: OutOfFold
) -> float:
    """Return the calibrated score of one score."""
    scores = np.array([score])
    if oof.base_rate is not None and oof.prior is not None:
        base_rate, prior = np.array([oof.base_rate.mean()]), np.array([oof.prior.mean()])
        scores = calibration.correct(scores, base_rate, prior)
    return float(calibrator.apply(scores)[0])
