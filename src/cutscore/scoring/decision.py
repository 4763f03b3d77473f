"""From the scores that a model gives to decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutscore.calibration import Calibration
from cutscore.calibration.none import NoCalibration
from cutscore.calibration.prior import PriorCorrection
from cutscore.calibration.saved import calibrator_from_json
from cutscore.errors import StoreError
from cutscore.records import Calibrator, DecisionRule, FixedThreshold, Flags, Scores
from cutscore.records.decision import rule_from_json


@dataclass(frozen=True, eq=False)
class Decisions:
    """Rows, scored and decided, each of shape (rows,).

    Attributes
    ----------
    score : the probability of class 1, as the classifier gives it
    probability : the calibrated score, on which the rule decides
    flagged : the decisions
    """

    score: Scores
    probability: Scores
    flagged: Flags


@dataclass(frozen=True, eq=False)
class Decision:
    """What a run decided on: the calibrator and the rule that goes with it.

    With `raw` the calibrator was left behind, as older versions did, and the rule is one for scores
    as the classifier gives them.
    """

    calibrator: Calibrator
    rule: DecisionRule
    raw: bool = False

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Decision:
        """Return what a `threshold.json` says, of a run or of a kept model.

        Raises
        ------
        StoreError
            If it says nothing, or something that is not known here.
        """
        try:
            if "schema_version" not in document:
                threshold = FixedThreshold(float(document["threshold"]))
                return cls(NoCalibration(), threshold, raw=True)
            said = document["decision"]
            return cls(calibrator_from_json(said["calibrator"]), rule_from_json(said["rule"]))
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"threshold.json tells no decision: {error}.") from error


@dataclass(frozen=True)
class TrainedShares:
    """What sampling did to the share of positives that a classifier was trained on.

    Attributes
    ----------
    calibration : the strategy that undoes it
    base_rate : the share of positives among the training rows
    prior : that share by weight, as sampling made it
    """

    calibration: Calibration
    base_rate: float
    prior: float

    def correct(self, scores: Scores) -> Scores:
        """Return scores with the effect of sampling undone, shape (rows,)."""
        return self.calibration.correct(scores, self.base_rate, self.prior)

    def to_json(self) -> dict[str, float] | None:
        """Return the shares as plain values, None if nothing is undone."""
        if not self.calibration.uses_prior:
            return None
        return {"base_rate": self.base_rate, "prior": self.prior}

    @classmethod
    def from_json(cls, state: Mapping[str, Any] | None) -> TrainedShares:
        """Return what `to_json` described."""
        if state is None:
            return cls(NoCalibration(), 0.0, 0.0)
        try:
            return cls(PriorCorrection(), float(state["base_rate"]), float(state["prior"]))
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(f"the correction is damaged: {error}.") from error
