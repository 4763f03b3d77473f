"""What a search can optimise: the metrics of a run's record, and which way is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cutscore.report.record_spec import SCORE_METRICS

Direction = Literal["minimize", "maximize"]

ALIASES: Mapping[str, str] = {"fit_seconds": "seconds_fit"}
"""Other words for a metric, and the name it has in the record."""

_STAGES = (
    "data",
    "features",
    "folds",
    "costs",
    "binning",
    "preparation",
    "sampling",
    "fit",
    "score",
    "metrics",
    "threshold",
)

_HIGHER_IS_BETTER = (
    "savings",
    "crossfit_savings",
    "crossfit_fbeta",
    "bayes_risk_savings",
    "tp",
    "tn",
    "precision",
    "recall",
    "specificity",
    "f1",
    "fbeta",
    "accuracy",
)

_LOWER_IS_BETTER = (
    "total_cost",
    "cost_per_row",
    "crossfit_cost",
    "crossfit_cost_per_row",
    "crossfit_cost_fold_mean",
    "crossfit_cost_fold_std",
    "exact_cost",
    "grid_cost",
    "grid_excess",
    "bayes_cost",
    "bayes_risk_cost",
    "bayes_risk_savings_std",
    "bootstrap_cost_low",
    "bootstrap_cost_high",
    "ece",
    "ece_calibrated",
    "brier_calibrated",
    "log_loss_calibrated",
    "threshold_std",
    "plateau_pieces",
    "fp",
    "fn",
    "fpr",
    "fnr",
    "features",
    "peak_memory_mb",
    "seconds_total",
    *(f"seconds_{stage}" for stage in _STAGES),
)

# One number for a run, but neither large nor small is good in itself.
_NEITHER = (
    "threshold",
    "threshold_raw",
    "threshold_value",
    "threshold_exact",
    "threshold_grid",
    "threshold_bayes",
    "threshold_low",
    "threshold_high",
    "plateau_low",
    "plateau_high",
)


def _score_directions() -> dict[str, Direction]:
    """Return which way each variant of a score metric is better; spreads and gaps: smaller."""
    found: dict[str, Direction] = {}
    for name in SCORE_METRICS:
        better: Direction = "maximize" if name in ("roc_auc", "pr_auc") else "minimize"
        found |= {name: better, f"{name}_oof": better, f"train_{name}": better}
        found |= {f"{name}_std": "minimize", f"{name}_gap": "minimize"}
    return found


DIRECTIONS: Mapping[str, Direction | None] = {
    **_score_directions(),
    **dict.fromkeys(_HIGHER_IS_BETTER, "maximize"),
    **dict.fromkeys(_LOWER_IS_BETTER, "minimize"),
    **dict.fromkeys(_NEITHER, None),
}
"""Each metric that a search can optimise; None where the direction must be given."""

COMMON = (
    "crossfit_cost",
    "crossfit_savings",
    "crossfit_fbeta",
    "total_cost",
    "roc_auc",
    "pr_auc",
    "brier",
    "log_loss",
    "ece",
    "recall",
    "precision",
    "f1",
    *ALIASES,
)
"""The metrics that a message names; the others are in the record of any run."""


def canonical_metric(name: str) -> str:
    """Return the name that a metric has in the record."""
    return ALIASES.get(name, name)
