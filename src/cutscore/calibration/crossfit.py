"""Calibrated scores of rows that did not teach their calibrator."""

from __future__ import annotations

import numpy as np

from cutscore.calibration import Calibration
from cutscore.records import OutOfFold, Scores, fit_calibrator, weights_of


def cross_calibrate(oof: OutOfFold, calibration: Calibration) -> Scores:
    """Calibrate each part with a calibrator fitted on other parts' (corrected) scores.

    Returns an array aligned with the entries of `oof`, shape (entries,); NaN where no part may
    inform the entry's part (the first in time order).
    """
    calibrated = np.full(len(oof.score), np.nan)
    for inside, others in oof.informed_parts():
        weights = weights_of(oof.weights, others)
        calibrator = fit_calibrator(calibration, oof.score[others], oof.target[others], weights)
        calibrated[inside] = calibrator.apply(oof.score[inside])
    return calibrated
