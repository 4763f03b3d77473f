"""`threshold.json`: a decision with all its evidence, as plain values.

Runs, `cutscore threshold` and kept models write the same document, here. What does not exist is
null, and `undefined` says why, by dotted key. Files without `schema_version` are older: in those of
kept models `threshold` is one on scores that are not calibrated, and stands alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cutscore.metrics import confusion_at
from cutscore.records import (
    Calibrator,
    Certainty,
    Confusion,
    CrossFit,
    PartDecision,
    Reference,
    RuleCost,
    ThresholdChoice,
    Undefined,
    weight_figures,
    weights_of,
)
from cutscore.report.result import Result

SCHEMA_VERSION = 2


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a document tells of a threshold, whoever chose it.

    Attributes
    ----------
    rows, positives : how many rows it was chosen on, per pass over them
    weights : the figures of their weights, None where there are none
    row_counts : the outcomes in rows, whatever they weigh
    reference : the chosen rule and what to compare it with
    crossfit : its cost on rows that did not choose it
    certainty : how sure it is
    calibrator : what turns the scores of a model into those that the rule decides on
    """

    rows: int
    positives: int
    reference: Reference
    crossfit: CrossFit
    certainty: Certainty
    calibrator: Calibrator
    weights: Mapping[str, float] | None = None
    row_counts: Confusion | None = None


def run_json(result: Result) -> dict[str, Any]:
    """Return the document of a run."""
    repeats, decided = result.oof.repeats, result.decided
    once = decided.repeat == decided.repeat[0]
    weights = weights_of(decided.weights, once)
    flagged = result.reference.chosen.rule.flag(decided.score, result.costs)
    evidence = Evidence(
        rows=len(result.oof.row) // repeats,
        positives=int(result.oof.target.sum(dtype="int64")) // repeats,
        reference=result.reference,
        crossfit=result.crossfit,
        certainty=result.certainty,
        calibrator=result.calibrator,
        weights=None if weights is None else weight_figures(decided.target[once], weights),
        row_counts=confusion_at(decided.target, flagged).shared(repeats),
    )
    return threshold_json(
        evidence,
        raw_threshold=result.raw_threshold,
        bayes_risk=_rule_cost(result.bayes_risk),
        no_model_rule=_rule_cost(result.no_model_rule),
        notes=list(result.notes),
    )


def threshold_json(evidence: Evidence, **more: Any) -> dict[str, Any]:
    """Return the document; `more` is what only some writers know."""
    reference, certainty = evidence.reference, evidence.certainty
    body = {
        "schema_version": SCHEMA_VERSION,
        **_chosen(reference.chosen),
        "decision": {
            "calibrator": evidence.calibrator.to_json(),
            "rule": reference.chosen.rule.to_json(),
        },
        "rows": evidence.rows,
        "positives": evidence.positives,
        "weights": _weights(evidence),
        "cost_per_row": reference.cost_per_row,
        "savings": reference.savings,
        "no_model": {
            "flag_nobody": reference.flag_nobody,
            "flag_everybody": reference.flag_everybody,
        },
        "exact": _priced(reference.exact),
        "grid": {"step": reference.grid.step, **_priced(reference.grid)},
        "grid_excess": reference.grid_excess,
        "bayes": {**_priced(reference.bayes), "valid": reference.bayes_valid},
        "crossfit": _crossfit(evidence.crossfit),
        "certainty": certainty.figures,
        "bootstrap": _plain(certainty.interval),
        "plateau": asdict(certainty.plateau),
        "asked_ratio": certainty.asked_ratio,
        **more,
    }
    reasons: dict[str, str] = {}
    return {**_settled(body, "", reasons), "undefined": reasons}


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as the text of its file."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def counts(confusion: Confusion) -> dict[str, float]:
    """Return the four counts; whole ones as integers."""
    return {k: int(v) if float(v).is_integer() else v for k, v in asdict(confusion).items()}


def _chosen(chosen: ThresholdChoice) -> dict[str, Any]:
    basis = chosen.basis
    return {
        "threshold": chosen.figure,
        "per_row": chosen.rule.needs_costs,
        "median_threshold": chosen.median_threshold,
        "rule": chosen.rule.words,
        "objective": chosen.objective,
        "value": chosen.value,
        "beta": chosen.beta,
        "constraints": dict(chosen.constraints),
        "search": chosen.search,
        "step": chosen.step,
        "score_origin": basis.origin if basis else None,
        "score_digest": basis.digest if basis else None,
        "calibration": basis.calibration if basis else None,
        "costs": {
            "per_row": not all(used.fixed for used in basis.costs.values()),
            **{k: used.mean if used.fixed else asdict(used) for k, used in basis.costs.items()},
        }
        if basis
        else None,
        "total_cost": chosen.total_cost,
        "confusion": counts(chosen.confusion),
        **counts(chosen.confusion),
    }


def _weights(evidence: Evidence) -> dict[str, Any] | None:
    if evidence.weights is None or evidence.row_counts is None:
        return None
    figures = {name.removeprefix("weight_"): value for name, value in evidence.weights.items()}
    return {**figures, "confusion_rows": counts(evidence.row_counts)}


def _priced(choice: ThresholdChoice | Undefined) -> dict[str, Any]:
    if isinstance(choice, Undefined):
        return {"threshold": choice, "total_cost": choice}
    return {"threshold": choice.figure, "total_cost": choice.total_cost}


def _crossfit(crossfit: CrossFit) -> dict[str, Any]:
    return {
        "total_cost": crossfit.total_cost,
        "cost_per_row": crossfit.cost_per_row,
        "savings": crossfit.savings,
        "fbeta": crossfit.fbeta,
        "threshold_std": crossfit.threshold_std,
        "rows": crossfit.rows,
        "rows_left_out": crossfit.left_out,
        "parts": [_part(part) for part in crossfit.parts],
    }


def _part(part: PartDecision) -> dict[str, Any]:
    return {**asdict(part), "confusion": counts(part.confusion)}


def _rule_cost(rule: RuleCost | Undefined) -> dict[str, Any] | Undefined:
    if isinstance(rule, Undefined):
        return rule
    return {"total_cost": rule.total_cost, "savings": rule.savings, "rows": rule.rows}


def _plain(value: Any) -> Any:
    return value if isinstance(value, Undefined) else asdict(value)


def _settled(node: Any, key: str, reasons: dict[str, str]) -> Any:
    """Return plain values with null for what does not exist, whose reasons are noted by key."""
    if isinstance(node, Undefined):
        reasons[key] = node.reason
        return None
    if isinstance(node, Mapping):
        return {
            name: _settled(value, f"{key}.{name}" if key else name, reasons)
            for name, value in node.items()
        }
    return node
