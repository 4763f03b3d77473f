"""How well the scores of a run fit as probabilities, before and after they were calibrated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cutscore import metrics
from cutscore.records import Scores, Target, Undefined, Weights, weights_of
from cutscore.report.figures.calibration import Reliability, reliability


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Reliability of scores as the model gave them, and of calibrated ones if they differ.

    `brier` is that of the first, `errors` the calibration errors of both.
    """

    before: Reliability
    brier: float
    after: Reliability | None = None
    errors: tuple[float, float] | None = None


def calibrated_of(
    target: Target, score: Scores, calibrated: Scores, weights: Weights | None, bins: int
) -> Calibrated | Undefined:
    """Return the reliability of a run's scores; undefined if they are no probabilities.

    `calibrated` (rows,) are the cross-fitted ones, NaN where there is none.
    """
    brier = metrics.brier(target, score, weights)
    if isinstance(brier, Undefined):
        return brier
    before = reliability(target, score, bins, weights)
    there = np.isfinite(calibrated)
    after = calibrated[there]
    if np.array_equal(after, score[there]):
        return Calibrated(before, brier)
    made = (target[there], after, weights_of(weights, there))
    errors = (
        float(metrics.calibration_error(target, score, weights)),  # type: ignore[arg-type]
        float(metrics.calibration_error(*made)),  # type: ignore[arg-type]
    )  # both are probabilities
    return Calibrated(before, brier, reliability(target[there], after, bins, made[2]), errors)
