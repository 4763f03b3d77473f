"""The same classifier with a new calibrator and threshold, from rows whose class came later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cutscore.calibration import Calibration
from cutscore.calibration.inverse import raw_threshold
from cutscore.calibration.isotonic import Isotonic
from cutscore.calibration.none import NoCalibration
from cutscore.calibration.sigmoid import Sigmoid
from cutscore.cost.matrix import CostMatrix
from cutscore.data.relational.new_folder import FolderSettings
from cutscore.delivery.finding import model_files, scorer_of
from cutscore.delivery.labelled_rows import read_labelled
from cutscore.delivery.registry import MODEL, NamedModel, resolve
from cutscore.errors import Fault, RequestError
from cutscore.experiment.drift import scored_reference
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.metrics import confusion_at
from cutscore.records import OutOfFold, Scores, Target, fit_calibrator
from cutscore.report.items import Item, Metric, ModelFolder, Param, Tag, Text
from cutscore.report.record import figure_item
from cutscore.report.record_spec import KIND_TAG, RECUT
from cutscore.report.threshold_json import Evidence, json_text, threshold_json
from cutscore.runs.opening import open_store
from cutscore.runs.port import RunStore
from cutscore.runs.registry import ModelVersion
from cutscore.runs.settings import TrackingSettings
from cutscore.runs.values import RunDetail
from cutscore.scoring.check_rows import CheckRows, load_check_rows
from cutscore.scoring.decision import Decision
from cutscore.scoring.drift_reference import REFERENCE_JSON, ScoredReference
from cutscore.scoring.folder import THRESHOLD_JSON, save_model
from cutscore.scoring.kept_model import KeptModel
from cutscore.scoring.scorer import Scorer
from cutscore.threshold import ThresholdRule
from cutscore.threshold.bayes import Bayes
from cutscore.threshold.certainty import certainty_of, evidence_cuts
from cutscore.threshold.evidence import cross_fit, reference
from cutscore.threshold.exact import Exact
from cutscore.threshold.implied import frontier_of
from cutscore.validation.stratified_groups import stratified_group_labels

FEWEST = 50
"""Rows of each class below which nothing is cut anew."""
PARTS, SEED = 5, 42
CalibrationName = Literal["none", "sigmoid", "isotonic"]
_CALIBRATIONS: Mapping[CalibrationName, Calibration] = {
    "none": NoCalibration(),
    "sigmoid": Sigmoid(),
    "isotonic": Isotonic(),
}


@dataclass(frozen=True)
class Recut:
    """What came of it; costs are per row, on the new rows.

    Attributes
    ----------
    version, parent : titles of the new version and of the one (or the run) that it was made of
    run_id : the run that holds the evidence
    rows, positives, unlabelled : what it stands on, and rows without a class, passed over
    old_cost, new_cost : of the decisions as they were, and cross-fitted as they would be
    old_threshold, threshold : None where each row is decided by its own costs
    """

    version: str
    parent: str
    run_id: str
    rows: int
    positives: int
    unlabelled: int
    old_cost: float
    new_cost: float
    old_threshold: float | None
    threshold: float | None


def recut(
    store: RunStore,
    word: str,
    rows: Path,
    target: str,
    *,
    calibration: CalibrationName = "sigmoid",
    settings: FolderSettings | None = None,
    name: str = "",
) -> Recut:
    """Calibrate a model's scores and choose its threshold anew, and register the result.

    Calibrator and threshold are fitted on all rows; their cost is told cross-fitted over five
    stratified parts. The alias stays where it is.

    Parameters
    ----------
    store : RunStore
        Where the model is, and the new version comes.
    word : str
        A version, an alias, or a run that kept a model.
    rows, target : Path, str
        Labelled rows as `cutscore predict` takes them, and their column of classes; rows without a
        class are passed over.
    calibration : {"none", "sigmoid", "isotonic"}
        How scores become probabilities.
    settings : FolderSettings, optional
        How the file is made up.
    name : str
        The registered model; '' for the version's own, or the run's experiment.

    Raises
    ------
    RequestError
        If there is no such model, it cannot be cut anew, or with all that is wrong with the rows.
    """
    found = resolve(store, word)
    parent_run = _run_of(store, found)
    parent = found.version.title if found.version else parent_run.summary.name
    with model_files(store, found) as folder:
        scorer, checks = scorer_of(folder, parent, {}), load_check_rows(folder)
    made = _cut(scorer, rows, target, _CALIBRATIONS[calibration], settings or FolderSettings())
    named = name or (found.version.name if found.version else parent_run.summary.experiment)
    version = _register(store, named, made, checks, parent, parent_run)
    return Recut(
        version=version.title,
        parent=parent,
        run_id=version.run_id or "",
        rows=made.rows,
        positives=made.positives,
        unlabelled=made.unlabelled,
        old_cost=made.old_cost,
        new_cost=made.new_cost,
        old_threshold=scorer.threshold,
        threshold=made.document["threshold"],
    )


def _register(
    store: RunStore,
    name: str,
    made: _Cut,
    checks: CheckRows | None,
    parent: str,
    parent_run: RunDetail,
) -> ModelVersion:
    """Write the run that holds the evidence, and return the version that is made of it."""
    own = open_store(TrackingSettings(store.uri, experiment=parent_run.summary.experiment))
    with (
        shutdown_guard() as life,
        own.open(f"{parent_run.summary.name}_recut", tags={KIND_TAG: RECUT}, life=life) as run,
    ):
        run.write(_items(made, checks, parent, parent_run))
        run.complete()
    model_id = own.read(run.run_id).models[-1]
    tags = {"recut_of": parent, "recut_rows": str(made.rows), "run": run.name}
    return own.registry.register(name, run.run_id, model_id, tags)


@dataclass(frozen=True, eq=False)
class _Cut:
    """A model cut anew, its threshold.json, and figures per row."""

    model: KeptModel
    document: Mapping[str, Any]
    rows: int
    positives: int
    unlabelled: int
    old_cost: float
    new_cost: float


def _cut(
    scorer: Scorer, rows: Path, target: str, calibration: Calibration, settings: FolderSettings
) -> _Cut:
    model = scorer.model
    taken = read_labelled(scorer, rows, target, settings, FEWEST)
    truth, costs = taken.target, taken.costs
    oof = _as_out_of_fold(model.shares.correct(taken.score), truth)
    told, scored = _evidence(oof, costs, Bayes() if model.by_own_costs else Exact(), calibration)
    calibrator, chosen = told.calibrator, told.reference.chosen
    note = (
        f"Cut anew on {len(truth):,} later rows, {taken.positives:,} positive; the classifier is "
        "older."
    )
    document = threshold_json(
        told,
        raw_threshold=raw_threshold(chosen.threshold, calibration, calibrator, oof),
        bayes_risk=None,
        no_model_rule=None,
        notes=[note, *taken.notes],
    )
    drift = model.reference
    if drift is not None and taken.counts is not None:
        number = len(truth) + taken.unlabelled
        drift = replace(drift, rows=number, counts=taken.counts, scored=scored)
    new_cost = told.crossfit.cost_per_row
    assert isinstance(new_cost, float)  # noqa: S101  # five parts inform each other
    return _Cut(
        model=replace(model, decision=Decision(calibrator, chosen.rule), reference=drift),
        document=document,
        rows=len(truth),
        positives=taken.positives,
        unlabelled=taken.unlabelled,
        old_cost=costs.total(truth, taken.flagged) / len(truth),
        new_cost=new_cost,
    )


def _evidence(
    oof: OutOfFold, costs: CostMatrix, rule: ThresholdRule, calibration: Calibration
) -> tuple[Evidence, ScoredReference]:
    """Return what calibrator and decision stand on, and what of it later rows are held against."""
    calibrator = fit_calibrator(calibration, oof.score, oof.target, None)
    decided = replace(oof, score=calibrator.apply(oof.score))
    known = type(calibration).__name__
    chosen = reference(decided, costs, rule, origin="external", calibration=known)
    cuts = evidence_cuts(decided, costs, rule, chosen)
    certainty = certainty_of(
        decided, costs, rule, chosen.chosen, cuts, frontier_of(cuts),
        groups=None, resamples=1_000, seed=SEED,
    )  # fmt: skip
    crossfit = cross_fit(oof, costs, rule, calibration)
    told = Evidence(
        rows=len(oof.target),
        positives=int(oof.target.sum(dtype=np.int64)),
        reference=chosen,
        crossfit=crossfit,
        certainty=certainty,
        calibrator=calibrator,
        row_counts=confusion_at(oof.target, chosen.chosen.rule.flag(decided.score, costs)),
    )
    return told, scored_reference(decided, chosen, crossfit, certainty, cuts.roc_auc)


def _as_out_of_fold(score: Scores, target: Target) -> OutOfFold:
    """Return scores of rows that the classifier has not seen, in five parts for cross-fitting."""
    part = stratified_group_labels(target, None, [1 / PARTS] * PARTS, SEED).astype(np.int16)
    rows = np.arange(len(target), dtype=np.int64)
    return OutOfFold(rows, np.zeros(len(rows), np.int16), part, part, target, score)


def _items(
    made: _Cut, checks: CheckRows | None, parent: str, parent_run: RunDetail
) -> Iterator[Item]:
    """Yield the record of a model that was cut anew."""
    for key, value in parent_run.params.items():
        if key.startswith("cost."):
            yield Param(key, value)
    yield Tag("recut_of", parent)
    yield Tag("recut_of_run", parent_run.summary.run_id)
    yield Metric("rows", made.rows)
    yield Metric("positives", made.positives)
    yield Metric("old_cost_per_row", made.old_cost)
    yield Metric("crossfit_cost_per_row", made.new_cost)
    threshold = made.document["threshold"]
    if threshold is not None:
        yield figure_item("threshold", threshold)
    yield Text(THRESHOLD_JSON, json_text(made.document))
    if made.model.reference is not None:
        yield Text(REFERENCE_JSON, made.model.reference.text)
    answered = None if checks is None else _answered(made.model, checks)
    write = partial(save_model, model=made.model, document=made.document, check_rows=answered)
    yield ModelFolder("model", write)


def _answered(model: KeptModel, checks: CheckRows) -> CheckRows:
    """Return the parent's check rows with the answers of the model that was cut anew."""
    if not checks.rows:
        return checks
    answer = Scorer(model).decide(list(checks.rows))
    answers = {name: values.tolist() for name, values in answer.columns().items()}
    return replace(checks, answers=answers)


def _run_of(store: RunStore, found: NamedModel) -> RunDetail:
    """Return the run that a model was kept by."""
    wanted = found.version.run_id if found.version else found.run.run_id if found.run else ""
    summary = store.get(wanted) if wanted else None
    if summary is None or summary.deleted:
        title = found.version.title if found.version is not None else wanted
        raise RequestError(Fault(MODEL, f"the run of {title} is not in this store."))
    return store.read(summary.run_id)
