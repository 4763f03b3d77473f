"""How scores become probabilities: strategies fitted on scores of rows that are not decided."""

from __future__ import annotations

from typing import Protocol

from cutscore.records import Scores, Target


class Calibrator(Protocol):
    """A fitted map from scores to probabilities."""

    def apply(self, scores: Scores) -> Scores:
        """Return the probabilities of scores, shape (rows,); higher scores never get lower ones."""
        ...


class Calibration(Protocol):
    """A way to learn such a map."""

    def fit(self, scores: Scores, target: Target) -> Calibrator:
        """Learn from scores and targets, both of shape (rows,)."""
        ...
