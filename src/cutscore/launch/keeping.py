"""A finished run's model fitted on all rows, and its verdict on the outer rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from cutscore.config.build import Plan
from cutscore.experiment import ExperimentCache, Prepared, execute, judge, prepare, refit
from cutscore.launch.provenance import environment_text
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.report.items import ModelFolder
from cutscore.report.outer import OuterEvaluation, outer_items
from cutscore.report.record import score_digest
from cutscore.runs.lookups import kept_model
from cutscore.runs.opening import open_store

MODEL = "model"


def keep_model(plan: Plan, cache: ExperimentCache, run_id: str, threshold: float | None) -> str:
    """Fit a finished run's model on all rows and log it with that run; return the model's id."""
    store = open_store(plan.tracking, wait=True)
    with shutdown_guard():
        prepared = prepare(plan.experiment, cache)
        store.add(run_id, [model_item(plan, prepared, cache, threshold)])
    return kept_model(store, run_id) or ""


def judge_run(plan: Plan, cache: ExperimentCache, run_id: str) -> OuterEvaluation:
    """Judge a finished run on its outer rows, write the figures into it and return them.

    The run is executed once more, which gives the same bits; if it does not (another machine or
    other library versions), a note says so.

    Raises
    ------
    ValueError
        If the plan holds no row out.
    """
    store = open_store(plan.tracking)
    # Intervals of the threshold are in the record already.
    experiment = replace(plan.experiment, resamples=0)
    with shutdown_guard():
        prepared = prepare(experiment, cache)
        result = execute(experiment, prepared, cache)
        outer = judge(experiment, prepared, cache, result)
        recorded = store.get(run_id)
        if recorded is None or score_digest(result) != recorded.tags.get("score_digest"):
            note = "Executed again to be judged, the run gave other scores than it has on record."
            outer = replace(outer, notes=(note,))
        store.add(run_id, outer_items(outer))
    return outer


def model_item(
    plan: Plan, prepared: Prepared, cache: ExperimentCache, threshold: float | None
) -> ModelFolder:
    """Fit the model on all rows; return it as an item that holds the out-of-fold threshold."""
    final = refit(plan.experiment, prepared, cache)

    def write(folder: Path) -> None:
        final.fitted.save(folder, final.preparation.to_json())
        if threshold is not None:
            (folder / "threshold.json").write_text(json.dumps({"threshold": threshold}))

    columns = {column.name: column.categorical for column in prepared.table.columns}
    return ModelFolder(MODEL, write, columns, _requirements())


def _requirements() -> tuple[str, ...]:
    """Return what loads a kept model: Cutscore itself, which brings its libraries."""
    return tuple(line for line in environment_text().splitlines() if line.startswith("cutscore=="))
