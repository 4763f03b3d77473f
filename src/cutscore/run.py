"""One config, executed and recorded: sweeps, searches and reruns all come through here."""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from cutscore.care.init import Store, init_store
from cutscore.config.build import Plan
from cutscore.errors import CutscoreError, RequestError, RunPruned
from cutscore.experiment import (
    ExperimentCache,
    OnFold,
    Prepared,
    Progress,
    execute,
    ignore_progress,
    judge,
    prepare,
    refit,
    shares_bins,
)
from cutscore.records import FoldResult
from cutscore.report.items import DatasetUsed, Item, Metric, ModelFolder, Param, Tag, Text
from cutscore.report.outer import OuterEvaluation, outer_items
from cutscore.report.record import fold_items, record_items, score_digest
from cutscore.report.redact import redact
from cutscore.report.result import Result
from cutscore.runs.client import open_client
from cutscore.runs.memory import PeakMemory
from cutscore.runs.models import log_model_folder
from cutscore.runs.provenance import code_tags, environment_text
from cutscore.runs.retry import outage_of
from cutscore.runs.shutdown_guard import shutdown_guard
from cutscore.runs.writer import RunWriter, add_to_run, open_run

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger(__name__)

MODEL = "model"
UNSENT = "unsent"


class RunObserver:
    """Follows one run from its first tag to its last; what a search needs of a run.

    A run that `fold` or `accept` ends by raising keeps what was written until then.
    """

    def opened(self, run_id: str) -> None:
        """Hear that the run exists in the store."""

    def fold(self, progress: Progress) -> None:
        """Hear of progress as `OnFold` does; may raise RunPruned to end the run early."""

    def items(self) -> Iterable[Item]:
        """Return what to record besides; asked once, also when the run breaks off."""
        return ()

    def accept(self, metrics: Mapping[str, float]) -> None:
        """Look at the metrics before the run is called complete; may raise to fail it."""


@dataclass(frozen=True)
class Job:
    """Where and as what a plan is run.

    `log_file` is the file that logging writes to, kept as the artifact run.log; `on_fold` hears of
    progress; `tags` are set from the first moment. `judge` lets the rows of an outer split judge
    the run at once: for runs that nobody chooses among. `place` is the plan's open store, for who
    makes many runs there.
    """

    name: str
    log_file: Path | None = None
    parent_id: str | None = None
    on_fold: OnFold = ignore_progress
    tags: Mapping[str, str] = field(default_factory=dict)
    observer: RunObserver = field(default_factory=RunObserver)
    judge: bool = False
    place: tuple[Store, MlflowClient] | None = None

    @property
    def unsent(self) -> Path:
        """Where the record is saved when the store goes away for good."""
        return (self.log_file.parent if self.log_file else Path("outputs").absolute()) / UNSENT


@dataclass
class _Hearing:
    """Passes news of folds on, and keeps what is finished."""

    job: Job
    finished: Sequence[FoldResult] = ()

    def hear(self, progress: Progress) -> None:
        """Take in one piece of news."""
        self.finished = progress.finished
        self.job.on_fold(progress)
        self.job.observer.fold(progress)


@dataclass(frozen=True)
class RunOutcome:
    """What came of a run: enough for a leaderboard, small enough to send between processes.

    `labels` are the chosen options of each group and the overridden settings; `metrics` are those
    without steps, `notes` what a user should know of the data and the costs. Of a run that was
    ended early or failed, `failure` is the reason, `error` the kind of error and `trace` its
    traceback.
    """

    name: str
    run_id: str
    status: Literal["complete", "failed", "pruned"]
    objective: str
    labels: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failure: str = ""
    error: str = ""
    trace: str = ""

    def label(self, key: str) -> str:
        """Return the chosen option or value for a key, '' where there is none."""
        return self.labels.get(key, "")


def labels(plan: Plan) -> dict[str, str]:
    """Return the chosen option of each group, and the overridden settings."""
    pairs = (text.lstrip("+").partition("=") for text in plan.overrides)
    given = {key: value for key, _, value in pairs if key not in plan.choices}
    return {**plan.choices, **given}


def open_store(plan: Plan, *, wait: bool = False) -> tuple[Store, MlflowClient]:
    """Make the plan's store ready, once and under a lock, and return a client for it.

    With `wait` a store that does not answer is waited for, as the client's calls always do.
    """
    address, minutes = plan.tracking.address(), plan.tracking.retry_minutes
    make = partial(init_store, address.uri, address.artifacts, plan.tracking.experiment)
    store = outage_of(address.uri, minutes).call(make) if wait else make()
    return store, open_client(store.uri, minutes)


def execute_run(plan: Plan, cache: ExperimentCache, job: Job) -> RunOutcome:
    """Execute a plan and record it whole.

    Any fault or error ends the run FAILED, with the traceback as an artifact, and is told in the
    outcome: one bad run must not end a sweep. A hopeless run ends as pruned.
    """
    named = labels(plan)
    objective = str(plan.experiment.threshold.objective)
    run_id = ""
    try:
        store, client = job.place or open_store(plan, wait=True)
        with (
            shutdown_guard() as life,
            open_run(
                client,
                store.experiment_id,
                job.name,
                tags=job.tags,
                parent_id=job.parent_id,
                life=life,
                unsent=job.unsent,
            ) as writer,
        ):
            run_id = writer.run_id
            job.observer.opened(run_id)
            metrics, notes = _record(plan, cache, job, writer)
            job.observer.accept(metrics)
            writer.complete()
    except RunPruned as end:
        return RunOutcome(job.name, run_id, "pruned", objective, named, failure=str(end))
    except Exception as error:
        log.info("run %s failed", job.name, exc_info=error)
        return failed_outcome(job.name, run_id, objective, named, error)
    return RunOutcome(job.name, run_id, "complete", objective, named, metrics, notes)


def failed_outcome(
    name: str, run_id: str, objective: str, named: Mapping[str, str], error: Exception
) -> RunOutcome:
    """Return what is told of a run that an error ended."""
    return RunOutcome(
        name,
        run_id,
        "failed",
        objective,
        named,
        failure=_reason(error),
        error=type(error).__name__,
        trace="".join(traceback.format_exception(error)),
    )


def keep_model(plan: Plan, cache: ExperimentCache, run_id: str, threshold: float) -> str:
    """Fit a finished run's model on all rows and log it with that run; return the model's id."""
    _, client = open_store(plan, wait=True)
    with shutdown_guard():
        prepared = prepare(plan.experiment, cache)
        return log_model_folder(client, run_id, model_item(plan, prepared, cache, threshold))


def judge_run(plan: Plan, cache: ExperimentCache, run_id: str) -> OuterEvaluation:
    """Judge a finished run on its outer rows, write the figures into it and return them.

    The run is executed once more, which gives the same bits; if it does not (another machine or
    other library versions), a note says so.

    Raises
    ------
    ValueError
        If the plan holds no row out.
    """
    _, client = open_store(plan)
    # Intervals of the threshold are in the record already.
    experiment = replace(plan.experiment, resamples=0)
    with shutdown_guard():
        prepared = prepare(experiment, cache)
        result = execute(experiment, prepared, cache)
        outer = judge(experiment, prepared, cache, result)
        recorded = client.get_run(run_id).data.tags.get("score_digest")
        if score_digest(result) != recorded:
            note = "Executed again to be judged, the run gave other scores than it has on record."
            outer = replace(outer, notes=(note,))
        add_to_run(client, run_id, outer_items(outer))
    return outer


def model_item(
    plan: Plan, prepared: Prepared, cache: ExperimentCache, threshold: float
) -> ModelFolder:
    """Fit the model on all rows; return it as an item that holds the out-of-fold threshold."""
    final = refit(plan.experiment, prepared, cache)

    def write(folder: Path) -> None:
        final.fitted.save(folder, final.preparation.to_json())
        (folder / "threshold.json").write_text(json.dumps({"threshold": threshold}))

    columns = {column.name: column.categorical for column in prepared.table.columns}
    return ModelFolder(MODEL, write, columns, _requirements())


def _record(
    plan: Plan, cache: ExperimentCache, job: Job, writer: RunWriter
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Execute the plan, write every item of its record, and return its metrics and notes."""
    start = time.perf_counter()
    writer.write(_request_items(plan))
    metrics: dict[str, float] = {}
    with PeakMemory() as memory:
        prepared = prepare(plan.experiment, cache)
        writer.write(_data_items(plan, prepared))
        _log_data(prepared)
        result = _execute(plan, prepared, cache, job, writer)
        writer.write(_kept(record_items(result, job.name, plan.report), metrics))
        if job.judge and prepared.outer_costs is not None:
            outer = judge(plan.experiment, prepared, cache, result)
            writer.write(_kept(outer_items(outer), metrics))
        if plan.experiment.model.refit is True:
            # A kept model answers with raw scores, so it needs the cut-off on their scale.
            writer.write([model_item(plan, prepared, cache, result.raw_threshold)])
    _log_result(result, metrics)
    writer.write(job.observer.items())
    closing: list[Item] = [
        Metric("peak_memory_mb", memory.megabytes),
        Metric("seconds_total", time.perf_counter() - start),
        Text("run.log", _log_text(job.log_file)),
    ]
    writer.write(_kept(closing, metrics))
    return metrics, result.notes


def _execute(
    plan: Plan, prepared: Prepared, cache: ExperimentCache, job: Job, writer: RunWriter
) -> Result:
    """Execute the plan; if it breaks off, record what its finished folds gave."""
    hearing = _Hearing(job)
    try:
        return execute(plan.experiment, prepared, cache, hearing.hear)
    except Exception as error:
        writer.write(fold_items(hearing.finished))
        writer.write(job.observer.items())
        writer.write([Metric("folds_finished", len(hearing.finished))])
        writer.write([Text("run.log", _log_text(job.log_file))])
        if isinstance(error, RunPruned):
            writer.prune(str(error))
        raise


def _request_items(plan: Plan) -> Iterator[Item]:
    """Yield what was asked for and what it was asked of: known before anything is loaded."""
    experiment = plan.experiment
    for key, value in _leaves(_recorded_config(plan)):
        yield Param(key, value)
    choices = plan.choices
    tags = {
        "feature_strategy": choices["features"],
        "sampling_method": choices["sampling"],
        "model": choices["model"],
        "validation": choices["validation"],
        "cost": choices["cost"],
        "threshold_objective": str(experiment.threshold.objective),
        **code_tags(),
    }
    for key, value in tags.items():
        yield Tag(key, value)
    yield Text("config.yaml", redact(yaml.safe_dump(_recorded_config(plan), sort_keys=False)))
    body = {"choices": dict(choices), "overrides": list(plan.overrides)}
    yield Text("overrides.yaml", redact(yaml.safe_dump(body, sort_keys=False)))
    yield Text("environment.txt", environment_text())


def _data_items(plan: Plan, prepared: Prepared) -> Iterator[Item]:
    """Yield what is known of the data once it is loaded."""
    dataset, table = prepared.dataset, prepared.table
    bins = "shared" if shares_bins(plan.experiment, table) else "fold"
    yield Tag("binning", bins if hasattr(plan.experiment.model, "binning") else "none")
    yield Tag("data_digest", dataset.digest)
    yield Tag("fingerprint", plan.fingerprint(dataset.digest))
    yield Metric("rows", dataset.rows)
    yield Metric("positives", dataset.positives)
    yield Metric("duplicates", dataset.duplicates)
    yield Metric("features", len(table.columns))
    columns = {c.name: "string" if c.categorical else "double" for c in table.columns}
    yield DatasetUsed(
        plan.choices["data"],
        dataset.digest,
        dataset.source,
        dataset.rows,
        dataset.positives,
        columns,
    )


def _recorded_config(plan: Plan) -> dict[str, Any]:
    """Return the resolved config without what Cutscore filled in to launch the job."""
    return {key: value for key, value in plan.config.items() if key != "job"}


def _leaves(node: object, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a config with dotted keys; lists and empty mappings are leaves."""
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, redact(node) if isinstance(node, str) else node


def _kept(items: Iterable[Item], metrics: dict[str, float]) -> Iterator[Item]:
    """Pass items on, keeping the metrics that have no steps."""
    for item in items:
        if isinstance(item, Metric) and not item.key.startswith("fold_"):
            metrics[item.key] = item.value
        yield item


def _requirements() -> tuple[str, ...]:
    """Return what loads a kept model: Cutscore itself, which brings its libraries."""
    return tuple(line for line in environment_text().splitlines() if line.startswith("cutscore=="))


def _reason(error: Exception) -> str:
    if isinstance(error, RequestError):
        return "; ".join(str(fault) for fault in error.faults)
    if isinstance(error, CutscoreError):
        return str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _log_data(prepared: Prepared) -> None:
    dataset = prepared.dataset
    log.info(
        "%s: %d rows, %d positive, %d duplicates, %d features, digest %s",
        dataset.name,
        dataset.rows,
        dataset.positives,
        dataset.duplicates,
        len(prepared.table.columns),
        dataset.digest,
    )


def _log_result(result: Result, metrics: Mapping[str, float]) -> None:
    for fold in result.folds:
        log.info(
            "repeat %d fold %d: fitted on %d rows, validation %s",
            fold.fold.repeat,
            fold.fold.number,
            fold.fitted_rows,
            dict(fold.validation),
        )
        for note in fold.notes:
            log.warning("fold %d: %s", fold.fold.number, note)
    for note in result.notes:
        log.warning("%s", note)
    log.info(
        "threshold %s, cross-fitted cost %s", metrics.get("threshold"), metrics.get("crossfit_cost")
    )


def _log_text(path: Path | None) -> str:
    """Return what has been logged so far."""
    for handler in logging.getLogger().handlers:
        handler.flush()
    if path is None or not path.exists():
        return "(nothing was logged to a file)\n"
    return redact(path.read_text(encoding="utf-8", errors="replace"))
