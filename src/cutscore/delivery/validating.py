"""The validation report of a run: what the store holds on it, put before a model validator."""

from __future__ import annotations

import csv
import json
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cutscore.config.overrides import texts_of
from cutscore.delivery.finding import model_folder
from cutscore.delivery.judged_run import JudgedRun, find_judged, outer_rows
from cutscore.errors import RequestError
from cutscore.launch.environment import parse_environment
from cutscore.records import Undefined
from cutscore.report.figures.calibration import reliability
from cutscore.report.page.cutoff import CutoffFacts, reliability_bins
from cutscore.report.record_spec import OUTER_ARTIFACT
from cutscore.report.settings import ReportSettings
from cutscore.report.validator.facts import OtherRun, ReasonFacts, ValidationFacts
from cutscore.report.validator.page import validation_page
from cutscore.report.validator.rows import JudgedRows
from cutscore.report.validator.swaps import SwapSet, aligned, swap_set
from cutscore.rerun.stored import RecordedRun, read_recorded_runs
from cutscore.runs.comparing import compare
from cutscore.runs.port import RunStore
from cutscore.runs.values import missing_from_record
from cutscore.scoring.reference import REASONS_JSON
from cutscore.threshold.cut_table import cut_table_of
from cutscore.threshold.implied import frontier_of

_PICTURES = (
    "roc_curve.png",
    "pr_curve.png",
    "calibration.png",
    "cost_curve.png",
    "confusion_matrix.png",
    "threshold_by_ratio.png",
    "feature_importance.png",
)


@dataclass(frozen=True)
class ValidationReport:
    """A report as HTML, and the run that it is about."""

    name: str
    run_id: str
    html: str


def validation_report(
    store: RunStore,
    run: str,
    against: str | None = None,
    *,
    full: bool = False,
    store_words: Sequence[str] = (),
) -> ValidationReport:
    """Return the report of a run, read only.

    Parameters
    ----------
    run, against
        Words for runs: an id, the beginning of it, a name, a version, an alias.
    store_words
        What names the store in a command.

    Raises
    ------
    RequestError
        If a word stands for no run, or for one that holds no rows that can be judged.
    """
    with tempfile.TemporaryDirectory(prefix="cutscore-") as temporary:
        folder = Path(temporary)
        judged = find_judged(store, run, folder)
        other = None
        if against is not None:
            (folder / "other").mkdir()
            other = find_judged(store, against, folder / "other", "--against")
        facts = _facts(store, judged, other, folder, full, store_words)
    return ValidationReport(facts.name, facts.run_id, validation_page(facts))


def _facts(
    store: RunStore,
    judged: JudgedRun,
    other: JudgedRun | None,
    folder: Path,
    full: bool,
    store_words: Sequence[str],
) -> ValidationFacts:
    detail = judged.detail
    summary = detail.summary
    there = {file.path for file in detail.artifacts}

    def fetch(name: str) -> Path | None:
        return store.download(summary.run_id, name, folder) if name in there else None

    recorded = _recorded(store, judged)
    pictures = ((name, fetch(name)) for name in _PICTURES)
    importance = [
        (row["feature"], float(row["importance"]), float(row["importance_std"]))
        for row in _rows(fetch("feature_importance.csv"))
    ]
    rerun = ["cutscore", "rerun", summary.run_id[:12], *store_words]
    shown = ["cutscore", "runs", "show", summary.run_id[:12], "--all", *store_words]
    return ValidationFacts(
        name=summary.name,
        run_id=summary.run_id,
        experiment=summary.experiment,
        started=summary.started,
        metrics=summary.metrics,
        tags=summary.tags,
        params=detail.params,
        document=judged.document,
        config=recorded.config,
        choices=recorded.choices,
        overrides=texts_of(recorded.overrides),
        environment=parse_environment(recorded.environment),
        dataset=_dataset(judged),
        rows=judged.rows,
        passes=judged.passes,
        outer=_outer(fetch(OUTER_ARTIFACT)),
        in_time="time" in recorded.choices.get("validation", ""),
        importance=importance,
        pictures={name: path.read_bytes() for name, path in pictures if path is not None},
        cutoff=_cutoff(judged),
        reasons=_reasons(store, summary.run_id, folder, _rows(fetch("reasons.csv"))),
        other=None if other is None else _other(judged, other),
        missing=missing_from_record(detail),
        commands=[shlex.join(rerun), shlex.join(shown)],
        full=full,
    )


def _recorded(store: RunStore, judged: JudgedRun) -> RecordedRun:
    """Return what the run stored of its settings; a report can do without."""
    try:
        return read_recorded_runs(store, [judged.detail])[0]
    except RequestError:
        return RecordedRun(judged.detail, {}, {}, (), "")


def _dataset(judged: JudgedRun) -> dict[str, str]:
    """Return name and source of the data; MLflow keeps the source as JSON."""
    if not judged.detail.datasets:
        return {}
    known = judged.detail.datasets[0]
    try:
        source = json.loads(known["source"])["uri"]
    except (ValueError, KeyError, TypeError):
        source = known["source"]
    return {"name": known["name"], "source": str(source)}


def _rows(path: Path | None) -> list[dict[str, str]]:
    if path is None:
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _outer(path: Path | None) -> JudgedRows | str:
    if path is None:
        return "no rows were held out from all choices (validation.outer)"
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    frame = {name: table.column(name).to_numpy() for name in table.column_names}
    return outer_rows(frame)


def _cutoff(judged: JudgedRun) -> CutoffFacts:
    """Return what the live cut-off tells: that of the run's own page."""
    entries, document, summary = judged.entries, judged.document, judged.detail.summary
    marks = (document[name]["threshold"] for name in ("exact", "grid", "bayes"))
    known = [t for t in (document["threshold"], *marks) if t is not None]
    cuts = cut_table_of(entries.target, entries.score, entries.costs, include=known)
    frontier = frontier_of(cuts)
    calibration = {}
    if judged.model_score.min() >= 0 and judged.model_score.max() <= 1:
        bins = ReportSettings().calibration_bins
        given = reliability(entries.target, judged.model_score, bins, entries.weights)
        calibration["as the model gives them"] = reliability_bins(given)
        made = entries.with_probability()
        if len(made) and not (entries.score == judged.model_score).all():
            after = reliability(made.target, made.probability, bins, made.weights)
            calibration["calibrated, cross-fitted"] = reliability_bins(after)
    return CutoffFacts(
        title=f"Validation report: {summary.name}",
        about=[f"run {summary.run_id}", f"experiment {summary.experiment}", summary.started],
        document=document,
        cuts=cuts,
        costs=entries.costs,
        repeats=judged.passes,
        beta=float(judged.detail.params.get("threshold.beta") or 1.0),
        vertices=[] if isinstance(frontier, Undefined) else frontier.threshold.tolist(),
        calibration=calibration,
    )


def _reasons(
    store: RunStore, run_id: str, folder: Path, columns: Sequence[dict[str, str]]
) -> ReasonFacts | None:
    """Return what a kept model's reasons are told against; None where none was kept."""
    kept = store.model(run_id, folder / "model")
    home = None if kept is None else model_folder(kept)
    if home is None or not (home / REASONS_JSON).is_file():
        return None
    state = json.loads((home / REASONS_JSON).read_text(encoding="utf-8"))
    return ReasonFacts(
        against=str(state["against"]),
        rows=int(state["rows"]),
        points_to_double=float(state["points_to_double"]),
        columns=[
            (row["label"], float(row["mean_absolute_points"]), row["direction"]) for row in columns
        ],
    )


def _other(judged: JudgedRun, other: JudgedRun) -> OtherRun:
    """Return what a report tells of the run that it compares with."""
    found = compare(judged.detail, other.detail)
    core = ("data.", "features.", "validation.", "sampling.", "calibration.", "model.", "cost.",
            "threshold.", "seed")  # fmt: skip
    summary = other.detail.summary
    return OtherRun(
        name=summary.name,
        run_id=summary.run_id,
        metrics=summary.metrics,
        settings=[
            (each.name, each.first or "not set", each.second or "not set")
            for each in found.settings
            if each.name.startswith(core)
        ],
        swaps=swaps_of(judged, other),
    )


def swaps_of(judged: JudgedRun, other: JudgedRun) -> SwapSet | str:
    """Return the decisions of two runs on the same rows, or why they have none in common."""
    digests = [run.detail.summary.tags.get("data_digest") for run in (judged, other)]
    if None in digests:
        return "a run does not say which data it was made from"
    if digests[0] != digests[1]:
        return "the two were made from different data, by the digests of their content"
    rows, others = judged.rows, other.rows
    at = aligned(rows.ids, others.ids)
    if at is None:
        return (
            "they did not judge the same rows, each once "
            f"({len(rows):,} here, {len(others):,} there)"
        )
    return swap_set(rows, others.flagged[at])
