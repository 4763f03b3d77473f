"""A step-like map that never falls (Zadrozny and Elkan 2002)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.calibration import Calibration
from cutscore.records import Scores, Target, Weights


@dataclass(frozen=True)
class Isotonic(Calibration):
    """Learn the non-decreasing map of least squared error, as scikit-learn does.

    Equal scores are taken together. The map has flat stretches, so that calibrated scores have
    ties, and it can reach 0 and 1 exactly; it wants a thousand rows or more.
    """

    def fit(self, scores: Scores, target: Target, weights: Weights | None = None, /) -> Knots:
        """Learn the map."""
        from sklearn.isotonic import IsotonicRegression

        fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        fitted.fit(scores, target.astype(np.float64), sample_weight=weights)
        return Knots(fitted.X_thresholds_, fitted.y_thresholds_)


@dataclass(frozen=True, eq=False)
class Knots:
    """A map that is linear between knots and flat outside them; `x` ascends, `y` never falls."""

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]

    def apply(self, scores: Scores) -> Scores:
        """Return the probabilities of scores, shape (rows,)."""
        probabilities = np.interp(scores, self.x, self.y)
        # interpolation may overshoot the next knot by one bit
        after = self.y[np.minimum(np.searchsorted(self.x, scores), len(self.y) - 1)]
        return np.minimum(probabilities, after)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"kind": "isotonic", "x": self.x.tolist(), "y": self.y.tolist()}
