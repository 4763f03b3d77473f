"""A finished run's model fitted on all rows, and its verdict on the outer rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from cutscore.config.build import Plan
from cutscore.experiment import ExperimentCache, Prepared, execute, judge, prepare, refit
from cutscore.experiment.drift import drift_reference
from cutscore.experiment.reference import with_reference
from cutscore.launch.provenance import environment_text
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.report.items import ModelFolder
from cutscore.report.outer import OuterEvaluation, outer_items
from cutscore.report.record import score_digest
from cutscore.report.threshold_json import run_json
from cutscore.runs.lookups import artifact_text, kept_model
from cutscore.runs.opening import open_store
from cutscore.scoring.check_rows import draw_check_rows
from cutscore.scoring.decision import Decision
from cutscore.scoring.drift_reference import REFERENCE_JSON, DriftReference
from cutscore.scoring.folder import THRESHOLD_JSON, save_model
from cutscore.scoring.kept_model import KeptModel

MODEL = "model"


def keep_model(plan: Plan, cache: ExperimentCache, run_id: str) -> str:
    """Fit a finished run's model on all rows and log it with that run; return the model's id.

    It decides as the run's own `threshold.json` says, and carries its `reference.json`; if one of
    them is lost, or the run is of an older version, it is executed once more.
    """
    store = open_store(plan.tracking, wait=True)
    with shutdown_guard():
        prepared = prepare(plan.experiment, cache)
        document, scored = (
            None if text is None else json.loads(text)
            for text in (artifact_text(store, run_id, n) for n in (THRESHOLD_JSON, REFERENCE_JSON))
        )
        if document is None or scored is None:
            result = execute(plan.experiment, prepared, cache)
            document = document or run_json(result)
            reference = drift_reference(plan.experiment, prepared, cache, result)
        else:
            reference = drift_reference(plan.experiment, prepared, cache).with_scores(scored)
        final = final_model(plan, prepared, cache, document, reference)
        store.add(run_id, [model_item(final, prepared, document)])
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


def final_model(
    plan: Plan,
    prepared: Prepared,
    cache: ExperimentCache,
    document: Mapping[str, Any],
    reference: DriftReference,
) -> KeptModel:
    """Fit the model on all rows; it decides as a run's document says, and carries its reference."""
    final = refit(plan.experiment, prepared, cache, Decision.from_json(document))
    grouped = with_reference(final, prepared, plan.report, plan.experiment.seed)
    return replace(grouped, reference=reference)


def model_item(final: KeptModel, prepared: Prepared, document: Mapping[str, Any]) -> ModelFolder:
    """Return a model as an item; `document` is the `threshold.json` of its run."""
    check_rows = draw_check_rows(final, prepared.dataset, prepared.table)
    write = partial(save_model, model=final, document=document, check_rows=check_rows)
    return ModelFolder(MODEL, write, _requirements())


def _requirements() -> tuple[str, ...]:
    """Return what loads a kept model: Cutscore itself, which brings its libraries."""
    return tuple(line for line in environment_text().splitlines() if line.startswith("cutscore=="))
