"""Scores as the model gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cutscore.calibration import Calibration
from cutscore.records import Scores, Target, Weights


@dataclass(frozen=True)
class NoCalibration(Calibration):
    """Leave scores as they are; nothing is learnt."""

    def fit(
        self, _scores: Scores, _target: Target, _weights: Weights | None = None, /
    ) -> NoCalibration:
        """Return itself."""
        return self

    def apply(self, scores: Scores) -> Scores:
        """Return the scores unchanged, shape (rows,)."""
        return scores

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"kind": "none"}
