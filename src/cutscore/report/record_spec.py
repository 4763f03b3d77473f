"""What every run must leave behind, in one place for writing, showing and auditing."""

from __future__ import annotations

from collections.abc import Collection, Iterable

UNDEFINED_PREFIX = "undefined."
COMPLETE_TAG = "cutscore.complete"
HEARTBEAT_TAG = "cutscore.heartbeat"
PARENT_TAG = "mlflow.parentRunId"
KIND_TAG = "cutscore.kind"
SWEEP = "sweep"
SEARCH = "search"
RERUN = "rerun"
"""Kinds of runs that only hold others together; runs without the tag are experiments."""

FAILURE_TAG = "cutscore.failure"
PRUNED_TAG = "cutscore.pruned"
"""Why a run was ended early: by an error or an interruption, or because it was hopeless."""

PARAM_GROUPS = ("data", "features", "validation", "sampling", "calibration", "model", "cost")
"""Each must have at least one param `<group>.<leaf>`; `threshold` is listed apart."""

PARAMS = ("seed",)

TAGS = (
    "feature_strategy",
    "sampling_method",
    "model",
    "validation",
    "cost",
    "threshold_objective",
    "binning",
    "data_digest",
    "score_digest",
    "fingerprint",
    "cutscore_version",
    "git_commit",
    "git_dirty",
    "host",
    "pid",
    "boot_id",
    "process_start",
    HEARTBEAT_TAG,
    COMPLETE_TAG,
)

SCORE_METRICS = ("roc_auc", "pr_auc", "brier", "log_loss")
"""Each is recorded in the six ways that `_variants` lists."""

THRESHOLD_METRICS = (
    "threshold",
    "threshold_std",
    "threshold_grid",
    "threshold_bayes",
    "total_cost",
    "cost_per_row",
    "savings",
    "crossfit_cost",
    "crossfit_cost_per_row",
    "crossfit_savings",
    "crossfit_fbeta",
    "bayes_risk_cost",
    "bayes_risk_savings",
    "no_model_rule_savings",
    "ece",
    "threshold_low",
    "threshold_high",
    "bootstrap_cost_low",
    "bootstrap_cost_high",
    "plateau_low",
    "plateau_high",
    "plateau_pieces",
)

DECISION_METRICS = (
    "tp",
    "fp",
    "tn",
    "fn",
    "precision",
    "recall",
    "specificity",
    "f1",
    "fbeta",
    "accuracy",
    "fpr",
    "fnr",
)

OUTER_SCORE_METRICS = (*SCORE_METRICS, "brier_calibrated")
OUTER_METRICS = (
    "outer_rows",
    "outer_cost",
    "outer_cost_per_row",
    "outer_savings",
    *(f"outer_{name}" for name in OUTER_SCORE_METRICS),
    *(f"outer_{name}" for name in ("fbeta", "recall", "precision", "tp", "fp", "tn", "fn")),
)
OUTER_ARTIFACT = "outer_scores.parquet"
"""What a run that was judged on outer rows has as well: all of it, or nothing."""

SIZE_METRICS = ("rows", "features", "duplicates", "peak_memory_mb", "seconds_total")

ARTIFACTS = (
    "config.yaml",
    "overrides.yaml",
    "environment.txt",
    "oof_scores.parquet",
    "threshold.json",
    "threshold_curve.parquet",
    "threshold_by_ratio.csv",
    "threshold_by_ratio.png",
    "confusion_matrix.png",
    "roc_curve.png",
    "pr_curve.png",
    "cost_curve.png",
    "calibration.png",
    "feature_importance.csv",
    "feature_importance.png",
    "run.log",
)


SWEEP_TAGS = (HEARTBEAT_TAG, COMPLETE_TAG, "host", "pid", "boot_id", "process_start", "best_run")
SWEEP_ARTIFACTS = ("sweep.yaml", "leaderboard.csv", "best_threshold.json")
SEARCH_TAGS = (*SWEEP_TAGS, "best_trial", "cutscore.study")
SEARCH_ARTIFACTS = (
    "search.yaml",
    "trials.csv",
    "best_threshold.json",
    "search.html",
    "history.png",
    "slices.png",
    "parallel_coordinates.png",
    "importances.csv",
    "importances.png",
)


RERUN_TAGS = (HEARTBEAT_TAG, COMPLETE_TAG, "host", "pid", "boot_id", "process_start")
RERUN_ARTIFACTS = ("reruns.csv", "comparison.csv")


def _variants(name: str) -> tuple[str, ...]:
    """Return the names under which one score metric is recorded."""
    return (name, f"{name}_std", f"{name}_oof", f"train_{name}", f"{name}_gap", f"fold_{name}")


METRICS = (
    *(variant for name in SCORE_METRICS for variant in _variants(name)),
    *THRESHOLD_METRICS,
    *DECISION_METRICS,
    *SIZE_METRICS,
)


def missing_from_sweep(tags: Collection[str], artifacts: Iterable[str]) -> list[str]:
    """Return what the parent run of a sweep lacks, as `kind:name`."""
    files = set(artifacts)
    missing = [f"tag:{name}" for name in SWEEP_TAGS if name not in tags]
    return missing + [f"artifact:{name}" for name in SWEEP_ARTIFACTS if name not in files]


def missing_from_reruns(tags: Collection[str], artifacts: Iterable[str]) -> list[str]:
    """Return what the run lacks that holds several reruns together, as `kind:name`."""
    files = set(artifacts)
    missing = [f"tag:{name}" for name in RERUN_TAGS if name not in tags]
    return missing + [f"artifact:{name}" for name in RERUN_ARTIFACTS if name not in files]


def missing_from_search(tags: Collection[str], artifacts: Iterable[str]) -> list[str]:
    """Return what the run of a search lacks, as `kind:name`; `undefined.<name>` excuses a file."""
    files = set(artifacts)
    missing = [f"tag:{name}" for name in SEARCH_TAGS if name not in tags]
    return missing + [
        f"artifact:{name}"
        for name in SEARCH_ARTIFACTS
        if name not in files and f"{UNDEFINED_PREFIX}{name}" not in tags
    ]


def missing_names(
    params: Collection[str],
    metrics: Collection[str],
    tags: Collection[str],
    artifacts: Iterable[str],
    *,
    has_dataset: bool,
    has_model: bool | None = None,
) -> list[str]:
    """Return what a run lacks, as `kind:name`, in the order of the lists above.

    A metric or an artifact that does not exist for a run counts as there when the tag
    `undefined.<name>` gives the reason. `has_model` is None where no model was asked for.
    """
    groups = (*PARAM_GROUPS, "threshold")
    files = set(artifacts)
    judged = any(name in metrics for name in OUTER_METRICS)
    needed_metrics = (*METRICS, *OUTER_METRICS) if judged else METRICS
    needed_artifacts = (*ARTIFACTS, OUTER_ARTIFACT) if judged else ARTIFACTS
    missing = [
        f"param:{group}.*" for group in groups if not any(p.startswith(f"{group}.") for p in params)
    ]
    missing += [f"param:{name}" for name in PARAMS if name not in params]
    missing += [f"tag:{name}" for name in TAGS if name not in tags]
    for kind, needed, found in (
        ("metric", needed_metrics, metrics),
        ("artifact", needed_artifacts, files),
    ):
        missing += [
            f"{kind}:{name}"
            for name in needed
            if name not in found and f"{UNDEFINED_PREFIX}{name}" not in tags
        ]
    if not has_dataset:
        missing.append("dataset")
    if has_model is False:
        missing.append("model")
    return missing


PARENT_TAGS = (HEARTBEAT_TAG, COMPLETE_TAG, "host", "pid", "boot_id", "process_start")
"""What every run must have that only holds others together."""


def missing_from_parent(kind: str, tags: Collection[str], artifacts: Iterable[str]) -> list[str]:
    """Return what a run of a kind that only holds others together lacks, as `kind:name`."""
    if kind == SWEEP:
        return missing_from_sweep(tags, artifacts)
    if kind == SEARCH:
        return missing_from_search(tags, artifacts)
    if kind == RERUN:
        return missing_from_reruns(tags, artifacts)
    return [f"tag:{name}" for name in PARENT_TAGS if name not in tags]
