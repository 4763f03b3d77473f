"""Scores as the model gives them."""

from __future__ import annotations

from dataclasses import dataclass

from cutscore.records import Scores, Target


@dataclass(frozen=True)
class NoCalibration:
    """Leave scores as they are; nothing is learnt."""

    def fit(self, scores: Scores, target: Target) -> NoCalibration:  # noqa: ARG002  learns nothing
        """Return itself."""
        return self

    def apply(self, scores: Scores) -> Scores:
        """Return the scores unchanged, shape (rows,)."""
        return scores
