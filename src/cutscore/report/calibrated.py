"""How well the scores of a run fit as probabilities, before and after they were calibrated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cutscore import metrics
from cutscore.records import Undefined, weights_of
from cutscore.report.figures.calibration import Reliability, reliability
from cutscore.report.result import Result


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Reliability of scores as the model gave them, and of calibrated ones if they differ.

    `brier` is that of the first, `errors` the calibration errors of both.
    """

    before: Reliability
    brier: float
    after: Reliability | None = None
    errors: tuple[float, float] | None = None


def calibrated_of(result: Result, bins: int) -> Calibrated | Undefined:
    """Return the reliability of a run's scores; undefined if they are no probabilities."""
    oof = result.oof
    brier = metrics.brier(oof.target, oof.score, oof.weights)
    if isinstance(brier, Undefined):
        return brier
    before = reliability(oof.target, oof.score, bins, oof.weights)
    there = np.isfinite(result.cross_calibrated)
    after = result.cross_calibrated[there]
    if np.array_equal(after, oof.score[there]):
        return Calibrated(before, brier)
    target, weights = oof.target[there], weights_of(oof.weights, there)
    errors = (
        float(metrics.calibration_error(oof.target, oof.score, oof.weights)),  # type: ignore[arg-type]
        float(metrics.calibration_error(target, after, weights)),  # type: ignore[arg-type]
    )  # both are probabilities
    return Calibrated(before, brier, reliability(target, after, bins, weights), errors)
