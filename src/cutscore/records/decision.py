"""The decision rule: what turns calibrated scores, and rows' own costs, into decisions.

Record, pictures, outer judging and kept model all flag rows by it, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from cutscore.records.rows import Scores, Target
from cutscore.records.weights import Weights

Flags = npt.NDArray[np.bool_]

OWN_COSTS = "each row is decided by its own costs"


class PricedRows(Protocol):
    """Rows with their costs (a `CostMatrix`), as far as a rule needs them."""

    def cheaper_flagged(self, probability: Scores) -> Flags:
        """Return which rows have the lower expected cost when flagged, shape (rows,)."""
        ...


@dataclass(frozen=True)
class FixedThreshold:
    """Flag a row when its score is at least the threshold."""

    threshold: float

    needs_costs: ClassVar[bool] = False
    words: ClassVar[str] = "flagged when score >= threshold"

    def flag(self, scores: Scores, _costs: PricedRows | None = None, /) -> Flags:
        """Return which rows are flagged, shape (rows,)."""
        return np.greater_equal(scores, self.threshold)

    def to_json(self) -> dict[str, Any]:
        """Return the rule as plain values; `rule_from_json` reads them."""
        return {"kind": "threshold", "threshold": self.threshold}


@dataclass(frozen=True)
class BayesMinimumRisk:
    """Flag a row when that has the lower expected cost, by the row's own costs."""

    threshold: ClassVar[None] = None
    needs_costs: ClassVar[bool] = True
    words: ClassVar[str] = (
        f"{OWN_COSTS}: flagged when p (C_FN - C_TP) >= (1 - p) (C_FP - C_TN), p being the score"
    )

    def flag(self, scores: Scores, costs: PricedRows | None = None, /) -> Flags:
        """Return which rows are flagged, shape (rows,); scores are probabilities."""
        if costs is None:
            raise ValueError(f"{OWN_COSTS}, and none are given.")
        return costs.cheaper_flagged(scores)

    def to_json(self) -> dict[str, Any]:
        """Return the rule as plain values; `rule_from_json` reads them."""
        return {"kind": "bayes_minimum_risk"}


DecisionRule = FixedThreshold | BayesMinimumRisk


def rule_words(threshold: float | None) -> str:
    """Return how rows are decided, by the one threshold that a record has or lacks."""
    return BayesMinimumRisk.words if threshold is None else FixedThreshold.words


def rule_from_json(state: Mapping[str, Any]) -> DecisionRule:
    """Return the rule that `to_json` described; raise `ValueError` for anything else."""
    match state:
        case {"kind": "threshold", "threshold": float() | int() as threshold}:
            return FixedThreshold(float(threshold))
        case {"kind": "bayes_minimum_risk"}:
            return BayesMinimumRisk()
    raise ValueError(f"no decision rule: {state!r}")


class Calibrator(Protocol):
    """A fitted map from scores to probabilities."""

    def apply(self, scores: Scores) -> Scores:
        """Return the probabilities of scores, shape (rows,); higher scores never get lower ones."""
        ...

    def to_json(self) -> Mapping[str, Any]:
        """Return it as plain values, its `kind` among them; `calibration.saved` reads them."""
        ...


class Calibrates(Protocol):
    """A calibration strategy, as far as fitting on scores goes."""

    def fit(self, scores: Scores, target: Target, weights: Weights | None = None, /) -> Calibrator:
        """Learn a map from scores, targets and row weights, each of shape (rows,)."""
        ...


def fit_calibrator(
    calibration: Calibrates, scores: Scores, target: Target, weights: Weights | None
) -> Calibrator:
    """Fit a calibration on rows, each of shape (rows,); without weights it need not know of any."""
    if weights is None:
        return calibration.fit(scores, target)
    return calibration.fit(scores, target, weights)
