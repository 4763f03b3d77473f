"""An assessment as plain JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cutscore.assess.assessing import Assessment, ThresholdAt
from cutscore.metrics import fbeta, precision, recall
from cutscore.records import Confusion, MetricValue, ThresholdChoice, Undefined
from cutscore.threshold.implied import Implied
from cutscore.threshold.sensitivity import cost_curves, sensitivity_of


def as_json(made: Assessment) -> dict[str, Any]:
    """Return what `cutscore threshold --json` prints; what does not exist is null."""
    evidence, chosen = made.reference, made.chosen
    return {
        "rows": len(made.rows.target),
        "positives": made.cut_table.positives,
        "objective": chosen.objective,
        "search": chosen.search,
        "step": chosen.step,
        "beta": chosen.beta,
        "constraints": dict(chosen.constraints),
        "threshold": None if chosen.per_row else chosen.threshold,
        "per_row": chosen.per_row,
        "value": chosen.value,
        "total_cost": chosen.total_cost,
        "cost_per_row": evidence.cost_per_row,
        "savings": _or_null(evidence.savings),
        **_counts(chosen.confusion),
        **_basis(chosen),
        "exact": _choice(evidence.exact),
        "grid": {
            "step": evidence.grid.step,
            **(_choice(evidence.grid) if made.grid_covers else _choice(None)),
        },
        "bayes": _choice(None if isinstance(evidence.bayes, Undefined) else evidence.bayes),
        "no_model": {
            "flag_nobody": evidence.flag_nobody,
            "flag_everybody": evidence.flag_everybody,
        },
        "crossfit": {
            "total_cost": _or_null(made.crossfit.total_cost),
            "cost_per_row": _or_null(made.crossfit.cost_per_row),
            "savings": _or_null(made.crossfit.savings),
            "threshold_std": _or_null(made.crossfit.threshold_std),
        },
        "bootstrap": asdict(made.interval),
        "plateau": asdict(made.plateau),
        "asked_ratio": made.asked_ratio,
        "sensitivity": _sensitivity(made),
        "cost_curve": _cost_curve(made),
        "at": [_at(at, made.rule.beta) for at in made.at],
        "warnings": list(made.warnings),
    }


def _at(at: ThresholdAt, beta: float) -> dict[str, Any]:
    counts = at.confusion
    return {
        "threshold": at.threshold,
        "total_cost": at.total_cost,
        **_counts(counts),
        "precision": _or_null(precision(counts)),
        "recall": _or_null(recall(counts)),
        "fbeta": _or_null(fbeta(counts, beta)),
        "savings": _or_null(at.savings),
        "excess_cost": at.excess,
        "implied_cost_ratio": _implied(at.ratio),
        "implied_beta": _implied(at.beta),
    }


def _implied(value: Implied | Undefined) -> dict[str, Any]:
    if isinstance(value, Undefined):
        return {"low": None, "high": None, "exact": False, "nearest": None}
    return asdict(value)


def _choice(choice: ThresholdChoice | None) -> dict[str, Any]:
    if choice is None:
        return {"threshold": None, "total_cost": None}
    own = None if choice.per_row else choice.threshold
    return {"threshold": own, "total_cost": choice.total_cost}


def _basis(choice: ThresholdChoice) -> dict[str, Any]:
    basis = choice.basis
    if basis is None:
        return {}
    return {
        "costs": {
            name: used.mean if used.fixed else asdict(used) for name, used in basis.costs.items()
        },
        "score_digest": basis.digest,
        "score_origin": basis.origin,
        "calibration": basis.calibration,
    }


def _sensitivity(made: Assessment) -> dict[str, Any] | None:
    if isinstance(made.frontier, Undefined):
        return None
    found = sensitivity_of(made.frontier)
    return {
        "ratio": found.ratio.tolist(),
        "threshold": found.threshold.tolist(),
        "cost": found.cost.tolist(),
    }


def _cost_curve(made: Assessment) -> dict[str, Any] | None:
    if isinstance(made.frontier, Undefined):
        return None
    found = cost_curves(made.frontier, points=101)
    return {
        "probability_cost": found.probability_cost.tolist(),
        "best": found.best.tolist(),
        "threshold": found.threshold.tolist(),
    }


def _counts(confusion: Confusion) -> dict[str, int]:
    return {name: int(count) for name, count in asdict(confusion).items()}


def _or_null(value: MetricValue) -> float | None:
    return None if isinstance(value, Undefined) else value
