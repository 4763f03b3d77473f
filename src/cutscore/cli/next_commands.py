"""The commands that go on from a run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from cutscore.cli.shown_run import ShownRun, plain
from cutscore.report.record_spec import KIND_TAG, RECUT, SEARCH, SWEEP, WEIGHT
from cutscore.runs.addresses import address_folder

SCORES = "oof_scores.parquet"
_PRICED = ("cost", "threshold")


def next_commands(run: ShownRun) -> Iterator[str]:
    """Yield commands that can be copied as they are."""
    short, tags = run.detail.summary.run_id[:12], run.tags
    kind = tags.get(KIND_TAG)
    if best := tags.get("best_run"):
        yield _line("runs", "show", best[:12], *run.store)
    if "best_command" in tags:
        yield f"  {tags['best_command']}"
    if kind in (SWEEP, SEARCH):
        yield _line("rerun", "--sweep", short, *run.store)
    elif kind is None and run.asked is not None:
        yield _line("rerun", short, *run.store)
    if words := _threshold(run):
        yield _line("threshold", *words)
    if kind is None and run.detail.summary.complete and _scores(run):
        yield _line("report", short, *run.store)
    if kind in (None, RECUT) and run.detail.models and run.detail.summary.complete:
        yield _line("promote", short, *run.store)
    if run.detail.summary.open:
        yield _line("store", "reap", *run.store[1:])
    yield _line("dashboard", *run.store)
    yield _line("runs", "show", short, "--all", *run.store)


def _line(*words: str) -> str:
    return f"  {shlex.join(['cutscore', *words])}"


def _threshold(run: ShownRun) -> list[str]:
    """Return the words that decide the run's scores anew, none where they are not at hand."""
    folder = _local(run.detail.artifact_uri)
    if folder is None or not _scores(run) or run.asked is None:
        return []
    score = "calibrated" if _calibrated(run) else "score"
    words = [str(folder / SCORES), "--target", "target", "--score", score, "--id", "row"]
    if len(run.detail.history.get("fold_roc_auc", {})) > 1:
        words += ["--fold", "fold"]
        if run.detail.params.get("validation._target_", "").endswith("TimeOrdered"):
            words.append("--in-time")
    if WEIGHT in run.tags:
        words += ["--weight", WEIGHT]
    return [*words, *_overrides(run)]


def _scores(run: ShownRun) -> bool:
    return any(file.path == SCORES for file in run.detail.artifacts)


def _calibrated(run: ShownRun) -> bool:
    """Return whether the rule decides on other scores than the model's."""
    if {"threshold", "threshold_raw"} <= set(run.metrics):
        return run.metrics["threshold"] != run.metrics["threshold_raw"]
    return not run.detail.params.get("calibration._target_", "").endswith("NoCalibration")


def _overrides(run: ShownRun) -> Iterator[str]:
    """Yield the run's own costs and threshold rule; costs per row stand in the file of scores."""
    if run.asked is None:
        return
    per_row = not run.detail.params.get("cost._target_", "").endswith("FixedCost")
    if per_row:
        yield "cost=columns"
    groups = _PRICED[1:] if per_row else _PRICED
    for group in groups:
        if group in run.asked.choices:
            yield f"{group}={run.asked.choices[group]}"
    for key, value in run.asked.settings.items():
        if key.partition(".")[0] in groups:
            yield f"{key}={plain(value)}"


def _local(uri: str) -> Path | None:
    """Return the folder of an address on this machine, None if it is elsewhere."""
    folder = address_folder(uri)
    return folder if folder is not None and folder.is_dir() else None
