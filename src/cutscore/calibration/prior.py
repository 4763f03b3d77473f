"""Probabilities by undoing what sampling did to the share of positives.

p = s w1 / (s w1 + (1 − s) w0) with w1 = pi / pi' and w0 = (1 − pi) / (1 − pi'), where pi is the
share of positives among the training rows and pi' the share by weight that the model saw (Elkan
2001, theorem 2; Saerens, Latinne and Decaestecker 2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from cutscore.calibration import Calibration, Shares
from cutscore.records import Scores, Target, Weights


@dataclass(frozen=True)
class PriorCorrection(Calibration):
    """Undo the shift that resampling and class weights put on scores, fold by fold.

    Nothing is learnt from scores. The formula is exact where sampling changed how often each
    class is seen and nothing else; it is approximate for made-up rows and for weights that differ
    within a class.
    """

    uses_prior: ClassVar[bool] = True

    def correct(self, scores: Scores, base_rate: Shares, prior: Shares, /) -> Scores:
        """Return the probabilities at the base rate; scores of one-class training as they are."""
        both = (prior > 0) & (prior < 1) & (prior != base_rate)
        seen = np.where(both, prior, 0.5)
        positive = scores * np.where(both, base_rate / seen, 1.0)
        negative = (1.0 - scores) * np.where(both, (1.0 - base_rate) / (1.0 - seen), 1.0)
        corrected: Scores = np.where(both, positive / (positive + negative), scores)
        return corrected

    def fit(
        self, _scores: Scores, _target: Target, _weights: Weights | None = None, /
    ) -> PriorCorrection:
        """Return itself: what there is to know is in `correct`."""
        return self

    def apply(self, scores: Scores) -> Scores:
        """Return the (corrected) scores unchanged, shape (rows,)."""
        return scores

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"kind": "prior"}
