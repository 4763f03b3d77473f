"""The validation report of a run: what the store holds on it, put before a model validator."""

from __future__ import annotations

import csv
import json
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cutscore.config.overrides import texts_of
from cutscore.delivery.finding import model_folder
from cutscore.delivery.judged_run import JudgedRun, find_judged, outer_rows, read_frame
from cutscore.errors import RequestError
from cutscore.launch.environment import parse_environment
from cutscore.records import Undefined
from cutscore.report.calibrated import calibrated_of
from cutscore.report.fold_times import FOLDS_PICTURE, FOLDS_TABLE
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.over_time import SCHEMA_VERSION as PERIODS_VERSION
from cutscore.report.page.cutoff import CutoffFacts, calibration_bins
from cutscore.report.record_spec import OUTER_ARTIFACT
from cutscore.report.settings import ReportSettings
from cutscore.report.validator.facts import OtherRun, ReasonFacts, ValidationFacts
from cutscore.report.validator.page import validation_page
from cutscore.report.validator.swaps import SwapSet, aligned, swap_set
from cutscore.rerun.stored import RecordedRun, read_recorded_runs
from cutscore.runs.comparing import compare
from cutscore.runs.port import RunStore
from cutscore.runs.values import missing_from_record
from cutscore.scoring.reference import REASONS_JSON
from cutscore.threshold.cut_table import cut_table_of
from cutscore.threshold.implied import frontier_of

T = TypeVar("T")

_PICTURES = (
    FOLDS_PICTURE,
    "roc_curve.png",
    "pr_curve.png",
    "calibration.png",
    "cost_curve.png",
    "confusion_matrix.png",
    "threshold_by_ratio.png",
    "feature_importance.png",
    "periods.png",
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
    parts = _Parts(store, judged, folder)
    recorded = _recorded(store, judged, parts.lost)
    pictures = {name: parts.read(name, Path.read_bytes) for name in _PICTURES}
    outer = "no rows were held out from all choices (validation.outer)"
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
        outer=parts.read(OUTER_ARTIFACT, _outer) or outer,
        in_time="time" in summary.tags.get("validation", ""),
        fold_times=parts.read(FOLDS_TABLE, _rows) or (),
        importance=parts.read("feature_importance.csv", _importance) or (),
        pictures={name: png for name, png in pictures.items() if png is not None},
        cutoff=_cutoff(judged, recorded.config, parts.read("periods.json", _periods)),
        reasons=_reasons(store, parts, folder),
        other=None if other is None else _other(judged, other),
        missing=[*missing_from_record(detail), *parts.lost],
        commands=[shlex.join(rerun), shlex.join(shown)],
        full=full,
    )


def _recorded(store: RunStore, judged: JudgedRun, lost: list[str]) -> RecordedRun:
    """Return what the run stored of its settings; a report can do without, and tells so."""
    try:
        return read_recorded_runs(store, [judged.detail])[0]
    except RequestError:
        lost.append("a config.yaml that can be read")
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


@dataclass
class _Parts:
    """The files that a report can do without: what cannot be read is left out, and told."""

    store: RunStore
    judged: JudgedRun
    folder: Path
    lost: list[str] = field(default_factory=list)

    def read(self, name: str, how: Callable[[Path], T]) -> T | None:
        """Return what a file of the run holds, None where there is none that can be read."""
        run_id = self.judged.detail.summary.run_id
        if all(file.path != name for file in self.judged.detail.artifacts):
            return None
        path = self.store.download(run_id, name, self.folder)
        return None if path is None else self.attempt(path, how)

    def attempt(self, path: Path, how: Callable[[Path], T]) -> T | None:
        """Return what a file holds, None if it cannot be read."""
        try:
            return how(path)
        except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
            self.lost.append(f"{path.name}, which cannot be read ({type(error).__name__})")
            return None


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _importance(path: Path) -> list[tuple[str, float, float]]:
    return [
        (row["feature"], float(row["importance"]), float(row["importance_std"]))
        for row in _rows(path)
    ]


def _added(path: Path) -> list[tuple[str, str, float]]:
    return [
        (row["label"], row["direction"], float(row["mean_absolute_points"])) for row in _rows(path)
    ]


def _outer(path: Path) -> JudgedRows:
    return outer_rows(read_frame(path))


def _periods(path: Path) -> dict[str, Any]:
    """Return the figures over time; ValueError if this version does not know their form."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if document["schema_version"] != PERIODS_VERSION:
        raise ValueError(f"version {document['schema_version']}")
    return document


def _cutoff(
    judged: JudgedRun, config: Mapping[str, Any], periods: Mapping[str, Any] | None
) -> CutoffFacts:
    """Return what the live cut-off tells: that of the run's own page."""
    entries, document, summary = judged.entries, judged.document, judged.detail.summary
    marks = (document[name]["threshold"] for name in ("exact", "grid", "bayes"))
    known = [t for t in (document["threshold"], *marks) if t is not None]
    cuts = cut_table_of(entries.target, entries.score, entries.costs, include=known)
    frontier = frontier_of(cuts)
    bins = (config.get("report") or {}).get("calibration_bins", ReportSettings().calibration_bins)
    calibrated = calibrated_of(
        entries.target, judged.model_score, entries.probability, entries.weights, bins
    )
    return CutoffFacts(
        title=f"Validation report: {summary.name}",
        about=[f"run {summary.run_id}", f"experiment {summary.experiment}", summary.started],
        document=document,
        cuts=cuts,
        costs=entries.costs,
        repeats=judged.passes,
        beta=float(judged.detail.params.get("threshold.beta") or 1.0),
        vertices=[] if isinstance(frontier, Undefined) else frontier.threshold.tolist(),
        calibration=calibration_bins(calibrated),
        periods=periods,
    )


def _reasons(store: RunStore, parts: _Parts, folder: Path) -> ReasonFacts | None:
    """Return what a kept model's reasons are told against; None where none was kept."""
    kept = store.model(parts.judged.detail.summary.run_id, folder / "model")
    home = None if kept is None else model_folder(kept)
    if home is None or not (home / REASONS_JSON).is_file():
        return None
    columns = parts.read("reasons.csv", _added) or ()

    def told(path: Path) -> ReasonFacts:
        state = json.loads(path.read_text(encoding="utf-8"))
        points = float(state["points_to_double"])
        return ReasonFacts(str(state["against"]), int(state["rows"]), points, columns)

    return parts.attempt(home / REASONS_JSON, told)


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
