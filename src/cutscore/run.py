"""One config, executed and recorded: sweeps, searches and reruns all come through here."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from cutscore.config.build import Plan
from cutscore.errors import CutscoreError, RequestError
from cutscore.experiment import (
    OnFold,
    Prepared,
    Workbench,
    execute,
    prepare,
    refit,
    shares_bins,
    unheard,
)
from cutscore.report.items import DatasetUsed, Item, Metric, ModelFolder, Param, Tag, Text
from cutscore.report.record import record_items
from cutscore.report.redact import redact
from cutscore.report.result import Result
from cutscore.store.init import Store, init_store
from cutscore.tracking.client import open_client
from cutscore.tracking.lifeline import lifeline
from cutscore.tracking.memory import PeakMemory
from cutscore.tracking.models import log_model_folder
from cutscore.tracking.provenance import code_tags, environment_text
from cutscore.tracking.retry import outage_of
from cutscore.tracking.writer import RunWriter, open_run

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger(__name__)

MODEL = "model"
UNSENT = "unsent"


@dataclass(frozen=True)
class Job:
    """Where and as what a plan is run.

    `log_file` is the file that logging writes to, kept as the artifact run.log; `on_fold` hears of
    progress.
    """

    name: str
    log_file: Path | None = None
    parent_id: str | None = None
    on_fold: OnFold = unheard

    @property
    def unsent(self) -> Path:
        """Where the record is saved when the store goes away for good."""
        return (self.log_file.parent if self.log_file else Path("outputs").absolute()) / UNSENT


@dataclass(frozen=True)
class RunOutcome:
    """What came of a run: enough for a leaderboard, small enough to send between processes.

    `labels` are the chosen options of each group and the overridden settings; `metrics` are those
    without steps, `notes` what a user should know of the data and the costs.
    """

    name: str
    run_id: str
    status: Literal["complete", "failed"]
    objective: str
    labels: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    failure: str = ""

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


def execute_run(plan: Plan, bench: Workbench, job: Job) -> RunOutcome:
    """Execute a plan and record it whole.

    Any fault or error ends the run FAILED, with the traceback as an artifact, and is told in the
    outcome: one bad run must not end a sweep.
    """
    named = labels(plan)
    objective = str(plan.experiment.threshold.objective)
    run_id = ""
    try:
        store, client = open_store(plan, wait=True)
        with (
            lifeline() as life,
            open_run(
                client,
                store.experiment_id,
                job.name,
                parent_id=job.parent_id,
                life=life,
                unsent=job.unsent,
            ) as writer,
        ):
            run_id = writer.run_id
            metrics, notes = _record(plan, bench, job, writer)
            writer.complete()
    except Exception as error:
        log.info("run %s failed", job.name, exc_info=error)
        return RunOutcome(job.name, run_id, "failed", objective, named, failure=_reason(error))
    return RunOutcome(job.name, run_id, "complete", objective, named, metrics, notes)


def keep_model(plan: Plan, bench: Workbench, run_id: str, threshold: float) -> str:
    """Fit a finished run's model on all rows and log it with that run; return the model's id."""
    _, client = open_store(plan, wait=True)
    with lifeline():
        prepared = prepare(plan.experiment, bench)
        return log_model_folder(client, run_id, model_item(plan, prepared, bench, threshold))


def model_item(plan: Plan, prepared: Prepared, bench: Workbench, threshold: float) -> ModelFolder:
    """Fit the model on all rows; return it as an item that holds the out-of-fold threshold."""
    final = refit(plan.experiment, prepared, bench)

    def write(folder: Path) -> None:
        final.fitted.save(folder, final.preparation.to_json())
        (folder / "threshold.json").write_text(json.dumps({"threshold": threshold}))

    columns = {column.name: column.categorical for column in prepared.table.columns}
    return ModelFolder(MODEL, write, columns, _requirements())


def _record(
    plan: Plan, bench: Workbench, job: Job, writer: RunWriter
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Execute the plan, write every item of its record, and return its metrics and notes."""
    start = time.perf_counter()
    writer.write(_request_items(plan))
    metrics: dict[str, float] = {}
    with PeakMemory() as memory:
        prepared = prepare(plan.experiment, bench)
        writer.write(_data_items(plan, prepared))
        _log_data(prepared)
        result = execute(plan.experiment, prepared, bench, job.on_fold)
        writer.write(_kept(record_items(result, job.name, plan.report), metrics))
        if plan.experiment.model.refit is True:
            # A kept model answers with raw scores, so it needs the cut-off on their scale.
            writer.write([model_item(plan, prepared, bench, result.raw_threshold)])
    _log_result(result, metrics)
    closing: list[Item] = [
        Metric("peak_memory_mb", memory.megabytes),
        Metric("seconds_total", time.perf_counter() - start),
        Text("run.log", _log_text(job.log_file)),
    ]
    writer.write(_kept(closing, metrics))
    return metrics, result.notes


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
