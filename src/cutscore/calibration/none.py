"""Scores as the model gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from cutscore.calibration import Shares
from cutscore.records import Scores, Target


@dataclass(frozen=True)
class NoCalibration:
    """Leave scores as they are; nothing is learnt."""

    uses_prior: ClassVar[bool] = False

    def correct(self, scores: Scores, base_rate: Shares, prior: Shares) -> Scores:  # noqa: ARG002
        """Return the scores unchanged."""
        return scores

    def fit(self, scores: Scores, target: Target) -> NoCalibration:  # noqa: ARG002  learns nothing
        """Return itself."""
        return self

    def apply(self, scores: Scores) -> Scores:
        """Return the scores unchanged, shape (rows,)."""
        return scores

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {"kind": "none"}
