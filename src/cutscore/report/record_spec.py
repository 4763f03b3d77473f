"""What every run must leave behind, in one place for writing, showing and auditing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from cutscore.metrics.catalogue import required

UNDEFINED_PREFIX = "undefined."
WEIGHT = "weight"
"""The column of row weights in tables of scores, and the tag that names the data's own."""
COMPLETE_TAG = "cutscore.complete"
HEARTBEAT_TAG = "cutscore.heartbeat"
PARENT_TAG = "mlflow.parentRunId"
KIND_TAG = "cutscore.kind"
SWEEP = "sweep"
SEARCH = "search"
RERUN = "rerun"
MONITORING = "monitoring"
RECUT = "recut"
"""Kinds of runs that hold others together, look at later rows, or cut a model anew."""

DELIVERY_TAG = "cutscore.delivery"
DELIVERY_ARTIFACTS = (
    "train_predictions.csv",
    "submission.csv",
    "model_card.md",
    "model_card.html",
    "reasons.csv",
    "beeswarm.png",
    "dependence.png",
)
"""What a final delivery must have besides, with a model."""

FAILURE_TAG = "cutscore.failure"
PRUNED_TAG = "cutscore.pruned"
"""Why a run was ended early: by an error or an interruption, or because it was hopeless."""

FOLDS_TAG = "cutscore.folds"
"""How many folds of how many were done when an open run last said so."""

DIED_TAG = "cutscore.died"
"""Set on a run that failed because its process died: a segmentation fault, no memory left."""


def is_ours(tags: Iterable[str]) -> bool:
    """Return whether Cutscore wrote a run: its first tags tell, whatever became of it."""
    return any(tag.startswith("cutscore") for tag in tags)


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

METRICS = required("run", "fold")
STEPPED = ("fold_", "period_", "prune_value")
"""What names of metrics begin with that have a value for each fold or period."""
OUTER_METRICS = required("outer")
OUTER_ARTIFACT = "outer_scores.parquet"
"""What a run that was judged on outer rows has as well: all of it, or nothing."""

REPORT = "report.html"
"""The page of a run."""

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
    "reference.json",
    REPORT,
    "run.log",
)

PERIOD_TAG = "period"
"""By what a run tells figures over time: day, week, month, or value."""
PERIOD_ARTIFACTS = ("periods.json", "periods.csv", "periods.png")
"""What it must have besides."""

RECORD_TAG = "cutscore.record"
RECORD_VERSION = "2"
"""Which of these lists a run was to keep to; runs without the tag were there before it."""

ADDED = frozenset({"reference.json", REPORT})
"""Artifacts that those need not have."""

PARENT_TAGS = (HEARTBEAT_TAG, COMPLETE_TAG, "host", "pid", "boot_id", "process_start")
"""What every run must have that only holds others together."""

KIND_TAGS: Mapping[str, tuple[str, ...]] = {
    SWEEP: ("best_run",),
    SEARCH: ("best_run", "best_trial", "cutscore.study"),
}
KIND_ARTIFACTS: Mapping[str, tuple[str, ...]] = {
    SWEEP: ("sweep.yaml", "leaderboard.csv", "best_threshold.json"),
    SEARCH: (
        "search.yaml",
        "trials.csv",
        "best_threshold.json",
        "search.html",
        "history.png",
        "slices.png",
        "parallel_coordinates.png",
        "importances.csv",
        "importances.png",
    ),
    RERUN: ("reruns.csv", "comparison.csv"),
    RECUT: ("threshold.json",),
    MONITORING: (
        "monitor.json",
        "monitor.html",
        "findings.csv",
        "periods.csv",
        "drift.png",
        "history.png",
    ),
}
"""What a kind of them must have besides."""


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
    `undefined.<name>` gives the reason; one that was added later is not asked of older runs, which
    would else be pruned as incomplete. `has_model` is None where no model was asked for.
    """
    groups = (*PARAM_GROUPS, "threshold")
    files = set(artifacts)
    judged = any(name in metrics for name in OUTER_METRICS)
    needed_metrics = (*METRICS, *OUTER_METRICS) if judged else METRICS
    artifacts_then = ARTIFACTS if RECORD_TAG in tags else [a for a in ARTIFACTS if a not in ADDED]
    needed_artifacts = (*artifacts_then, *((OUTER_ARTIFACT,) if judged else ()))
    if PERIOD_TAG in tags:
        needed_artifacts = (*needed_artifacts, *PERIOD_ARTIFACTS)
    if DELIVERY_TAG in tags:
        needed_artifacts = (*needed_artifacts, *DELIVERY_ARTIFACTS)
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


def missing_from_parent(kind: str, tags: Collection[str], artifacts: Iterable[str]) -> list[str]:
    """Return what a run of a kind that only holds others together lacks, as `kind:name`.

    The tag `undefined.<name>` excuses an artifact.
    """
    needed, files = (*PARENT_TAGS, *KIND_TAGS.get(kind, ())), set(artifacts)
    missing = [f"tag:{name}" for name in needed if name not in tags]
    return missing + [
        f"artifact:{name}"
        for name in KIND_ARTIFACTS.get(kind, ())
        if name not in files and f"{UNDEFINED_PREFIX}{name}" not in tags
    ]
