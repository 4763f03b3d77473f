"""A plan, executed and recorded whole."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cutscore.config.build import Plan
from cutscore.errors import RunPruned
from cutscore.experiment import ExperimentCache, FoldProgress, Prepared, execute, judge, prepare
from cutscore.experiment.drift import drift_reference
from cutscore.launch.delivering import Delivery, delivery_items
from cutscore.launch.job import Job, LogFile, RunObserver
from cutscore.launch.keeping import final_model, model_item
from cutscore.launch.memory import PeakMemory
from cutscore.launch.outcome import RunOutcome, failed_outcome, labels
from cutscore.launch.request import data_items, request_items
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.metrics.catalogue import HEADLINE
from cutscore.records import FoldResult
from cutscore.report.fold_times import fold_time_items, fold_time_lines
from cutscore.report.items import Item, Metric, Tag, Text
from cutscore.report.outer import outer_items
from cutscore.report.record import fold_items, record_items
from cutscore.report.record_spec import FOLDS_TAG, STEPPED
from cutscore.report.redact import redact
from cutscore.report.result import Result
from cutscore.report.threshold_json import run_json
from cutscore.runs.opening import open_store
from cutscore.runs.port import OpenRun
from cutscore.scoring.drift_reference import REFERENCE_JSON
from cutscore.validation.splitting import rows_to_fit

log = logging.getLogger(__name__)
PROGRESS_SECONDS = 2.0
"""An open run says how many folds are done no more often than this: quick ones pay nothing."""


@dataclass
class _FinishedFolds:
    """Passes progress on, and keeps what is finished for the record of a run that breaks off."""

    observer: RunObserver
    writer: OpenRun
    folds: Sequence[FoldResult] = ()
    told: float = field(default_factory=time.monotonic)

    def on_fold(self, progress: FoldProgress) -> None:
        """Keep the finished folds and pass the progress on."""
        self.folds = progress.finished
        if progress.done < progress.total and time.monotonic() - self.told > PROGRESS_SECONDS:
            self.writer.write([Tag(FOLDS_TAG, f"{progress.done} of {progress.total}")])
            self.told = time.monotonic()
        self.observer.on_fold(progress)


def execute_run(plan: Plan, cache: ExperimentCache, job: Job) -> RunOutcome:
    """Execute a plan and record it whole.

    Any fault or error ends the run FAILED, with the traceback as an artifact, and is told in the
    outcome: one bad run must not end a sweep. A hopeless run ends as pruned.
    """
    named = labels(plan)
    objective = str(plan.experiment.threshold.objective)
    run_id = ""
    try:
        store = job.store or open_store(plan.tracking, wait=True)
        with (
            shutdown_guard() as life,
            store.open(
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
            job.observer.check_metrics(metrics)
            writer.complete()
    except RunPruned as end:
        return RunOutcome(job.name, run_id, "pruned", objective, named, failure=str(end))
    except Exception as error:
        log.info("run %s failed", job.name, exc_info=error)
        return failed_outcome(job.name, run_id, objective, named, error)
    return RunOutcome(job.name, run_id, "complete", objective, named, metrics, notes)


def _record(
    plan: Plan, cache: ExperimentCache, job: Job, writer: OpenRun
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Execute the plan, write every item of its record, and return its metrics and notes."""
    start = time.perf_counter()
    metrics: dict[str, float] = {}
    with PeakMemory() as memory:
        plan, folds = _settled(plan, cache, job, writer)
        prepared = prepare(plan.experiment, cache)
        writer.write(data_items(plan, prepared))
        writer.write(_kept(_split_items(plan, prepared, job.name), metrics))
        _log_data(prepared)
        result = _execute(plan, prepared, cache, job, writer, folds)
        items = record_items(result, job.name, plan.report, by_period=job.observer.by_period)
        writer.write(_kept(items, metrics))
        reference = drift_reference(plan.experiment, prepared, cache, result)
        writer.write([Text(REFERENCE_JSON, reference.text)])
        if job.judge and prepared.outer_costs is not None:
            outer = judge(plan.experiment, prepared, cache, result)
            writer.write(_kept(outer_items(outer), metrics))
        if plan.experiment.model.refit is True or plan.report.delivery:
            document = run_json(result)
            final = final_model(plan, prepared, cache, document, reference)
            writer.write([model_item(final, prepared, document)])
            if plan.report.delivery:
                delivery = Delivery(job.name, writer.run_id, plan, prepared, result, final)
                writer.write(delivery_items(delivery, metrics))
    _log_result(result, metrics)
    writer.write(_kept(job.observer.items(), metrics))
    closing: list[Item] = [
        Metric("peak_memory_mb", memory.megabytes),
        Metric("seconds_total", time.perf_counter() - start),
        Text("run.log", _log_text(job.log)),
    ]
    writer.write(_kept(closing, metrics))
    return metrics, result.notes


def _settled(
    plan: Plan, cache: ExperimentCache, job: Job, writer: OpenRun
) -> tuple[Plan, Iterator[FoldResult] | None]:
    """Return what the run is of, and write down what was asked for, even if it breaks off."""
    try:
        settled = job.observer.settle(plan, cache)
        plan = settled.plan
    finally:
        writer.write(request_items(plan))
    return plan, settled.folds


def _execute(
    plan: Plan,
    prepared: Prepared,
    cache: ExperimentCache,
    job: Job,
    writer: OpenRun,
    folds: Iterator[FoldResult] | None,
) -> Result:
    """Execute the plan; if it breaks off, record what its finished folds gave."""
    finished = _FinishedFolds(job.observer, writer)
    try:
        return execute(plan.experiment, prepared, cache, finished.on_fold, folds)
    except Exception as error:
        writer.write(fold_items(finished.folds))
        writer.write(job.observer.items())
        writer.write([Metric("folds_finished", len(finished.folds))])
        writer.write([Text("run.log", _log_text(job.log))])
        if isinstance(error, RunPruned):
            writer.prune(str(error))
        raise


def _kept(items: Iterable[Item], metrics: dict[str, float]) -> Iterator[Item]:
    """Pass items on, keeping the metrics that have no steps."""
    for item in items:
        if isinstance(item, Metric) and not item.key.startswith(STEPPED):
            metrics[item.key] = item.value
        yield item


def _split_items(plan: Plan, prepared: Prepared, name: str) -> Iterator[Item]:
    """Return what is known of the folds before the first fit."""
    dataset = prepared.dataset
    to_fit = rows_to_fit(plan.experiment.validation, dataset, np.arange(dataset.rows))
    return fold_time_items(prepared.folds, dataset.target, name, len(to_fit))


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
    for line in fold_time_lines(prepared.folds):
        log.info("%s", line)


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
    log.info("threshold %s, cross-fitted cost %s", metrics.get("threshold"), metrics.get(HEADLINE))


def _log_text(log_file: LogFile | None) -> str:
    """Return what has been logged so far."""
    for handler in logging.getLogger().handlers:
        handler.flush()
    text = log_file.text() if log_file else ""
    return redact(text) or "(nothing was logged to a file)\n"
