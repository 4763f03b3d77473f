"""An assessment as plain JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cutscore.assess.assessing import Assessment, ThresholdAt
from cutscore.calibration.none import NoCalibration
from cutscore.metrics import confusion_at, fbeta, precision, recall
from cutscore.records import Undefined, weight_figures
from cutscore.report.threshold_json import Evidence, counts, threshold_json
from cutscore.threshold.implied import Implied
from cutscore.threshold.sensitivity import cost_curves


def as_json(made: Assessment) -> dict[str, Any]:
    """Return what `cutscore threshold --json` prints; what does not exist is null."""
    rows = made.rows
    evidence = Evidence(
        rows=len(rows.target),
        positives=rows.positives,
        reference=made.reference,
        crossfit=made.crossfit,
        certainty=made.certainty,
        calibrator=NoCalibration(),
        weights=None if rows.weights is None else weight_figures(rows.target, rows.weights),
        row_counts=confusion_at(rows.target, made.chosen.rule.flag(rows.score, made.costs)),
    )
    body = threshold_json(
        evidence,
        roc_auc=made.cut_table.roc_auc,
        sensitivity=_sensitivity(made),
        cost_curve=_cost_curve(made),
        at=[_at(at, made.rule.beta) for at in made.at],
        warnings=list(made.warnings),
    )
    if not made.grid_covers:
        body["grid"] |= {"threshold": None, "total_cost": None}
        body["undefined"]["grid"] = "some scores lie outside [0, 1]"
    return body


def _at(at: ThresholdAt, beta: float) -> dict[str, Any]:
    confusion = at.confusion
    return {
        "threshold": at.threshold,
        "total_cost": at.total_cost,
        **counts(confusion),
        "precision": _or_null(precision(confusion)),
        "recall": _or_null(recall(confusion)),
        "fbeta": _or_null(fbeta(confusion, beta)),
        "savings": _or_null(at.savings),
        "excess_cost": at.excess,
        "implied_cost_ratio": _implied(at.ratio),
        "implied_beta": _implied(at.beta),
    }


def _implied(value: Implied | Undefined) -> dict[str, Any]:
    if isinstance(value, Undefined):
        return {"low": None, "high": None, "exact": False, "nearest": None}
    return asdict(value)


def _sensitivity(made: Assessment) -> dict[str, Any] | Undefined:
    by_ratio = made.certainty.by_ratio
    if isinstance(by_ratio, Undefined):
        return by_ratio
    return {name: values.tolist() for name, values in by_ratio.items()}


def _cost_curve(made: Assessment) -> dict[str, Any] | Undefined:
    if isinstance(made.frontier, Undefined):
        return made.frontier
    found = cost_curves(made.frontier, points=101)
    return {
        "probability_cost": found.probability_cost.tolist(),
        "best": found.best.tolist(),
        "threshold": found.threshold.tolist(),
    }


def _or_null(value: float | Undefined) -> float | None:
    return None if isinstance(value, Undefined) else value
