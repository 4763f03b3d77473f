"""The run of a search: it holds its trials together and keeps what came of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from cutscore.errors import StoreError
from cutscore.launch.shutdown_guard import ShutdownGuard
from cutscore.report.items import Item, Metric, Param, Tag, Text
from cutscore.report.record_spec import COMPLETE_TAG, FAILURE_TAG, KIND_TAG, PARENT_TAG, SEARCH
from cutscore.report.redact import redact
from cutscore.runs.liveness import judge_life
from cutscore.runs.writer import RunWriter, end_run, open_run, reopen_run
from cutscore.search.outcome import OPTIMISM, SearchOutcome
from cutscore.search.parts import STUDY_TAG, SearchJob, TrialContext
from cutscore.search.records import StudyRecord, TrialRecord
from cutscore.search.report import search_items
from cutscore.search.study import DEFINITION, PARENT

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

BEST_TAG = "best"


@dataclass(frozen=True)
class Parent:
    """A search's run; `writer` is None for who only helps another process that leads."""

    run_id: str
    writer: RunWriter | None


@contextmanager
def parent_run(context: TrialContext, life: ShutdownGuard) -> Iterator[Parent]:
    """Open the study's own run: made, gone on with, or joined where another process leads.

    Raises
    ------
    StoreError
        If the study's run is not in this store.
    """
    with ExitStack() as stack:
        with context.storage.lock:
            known = known_parent(context)
            if known is None:
                writer = stack.enter_context(_made(context, context.task.job, life))
                context.study.set_user_attr(PARENT, writer.run_id)
            elif _led_by_another(known):
                writer = None
            else:
                run_id = known.info.run_id
                again = reopen_run(context.client, run_id, life=life, unsent=context.unsent)
                writer = stack.enter_context(again)
        if writer is None:
            yield Parent(known.info.run_id if known else "", None)
            return
        closer = _TrialCloser(context.client, writer.run_id, context.store.experiment_id)
        stack.callback(life.register(closer.close, last=True))
        yield Parent(writer.run_id, writer)


def known_parent(context: TrialContext) -> entities.Run | None:
    """Return the study's own run, None if it has none yet.

    Raises
    ------
    StoreError
        If the study's run is not in this store: its trials' runs are elsewhere too.
    """
    from mlflow.exceptions import MlflowException

    run_id = context.study.user_attrs.get(PARENT)
    if run_id is None:
        return None
    try:
        run = context.client.get_run(run_id)
    except MlflowException as error:
        run = None
        cause: Exception | None = error
    else:
        cause = None
    if run is None or run.info.lifecycle_stage == "deleted":
        raise StoreError(
            f'the runs of the study "{context.task.study}" are not in this store (its own was '
            f"{run_id}). Name the store they are in as tracking.uri, or another search.storage."
        ) from cause
    return run


def is_whole(run: entities.Run | None) -> bool:
    """Return whether a search's run is complete."""
    return run is not None and COMPLETE_TAG in run.data.tags


def parent_items(context: TrialContext, outcome: SearchOutcome) -> Iterator[Item]:
    """Yield what was asked for, what came of it, and the best trial's threshold.

    What may differ when a study is gone on with is a tag or a metric: params are written once.
    """
    settings, study = context.settings, outcome.study
    words: Mapping[str, str] = context.study.user_attrs[DEFINITION]
    for key, value in words.items():
        yield Param(key, value)
    tags = {
        "pruner": settings.pruner,
        "workers": str(settings.workers),
        "stopped": outcome.stopped or "all trials are finished",
    }
    for key, value in tags.items():
        yield Tag(key, value)
    yield Metric("trials", outcome.total)
    for word, state in (("complete", "COMPLETE"), ("pruned", "PRUNED"), ("failed", "FAIL")):
        yield Metric(f"trials_{word}", sum(trial.state == state for trial in study.trials))
    body = {
        "study": study.name,
        "definition": dict(words),
        "overrides": list(context.plan.overrides),
    }
    yield Text("search.yaml", redact(yaml.safe_dump(body, sort_keys=False)))
    if study.best is not None:
        yield from _best_items(study, study.best, outcome)
    yield from search_items(study, outcome.shares)


def tag_best(context: TrialContext, parent_id: str, best: TrialRecord | None) -> None:
    """Tag the best trial's run, and take the tag from an earlier best."""
    marked = context.client.search_runs(
        [context.store.experiment_id],
        f"tags.`{PARENT_TAG}` = '{parent_id}' AND tags.`{BEST_TAG}` = 'true'",
    )
    for run in marked:
        if best is None or run.info.run_id != best.run_id:
            context.client.delete_tag(run.info.run_id, BEST_TAG)
    if best is not None:
        context.client.set_tag(best.run_id, BEST_TAG, "true")


def _best_items(study: StudyRecord, best: TrialRecord, outcome: SearchOutcome) -> Iterator[Item]:
    yield Tag("best_run", best.run_id)
    yield Tag("best_trial", str(best.number))
    yield Tag("best_command", redact(outcome.command))
    for (metric, _), value in zip(study.objectives, best.values or (), strict=True):
        yield Metric(f"best_{metric}", value)
    chosen = {
        "run_id": best.run_id,
        "name": best.name,
        "trial": best.number,
        "threshold": best.metrics.get("threshold"),
        "values": {
            metric: value
            for (metric, _), value in zip(study.objectives, best.values or (), strict=True)
        },
        "command": redact(outcome.command),
        "note": OPTIMISM if outcome.outer is None else "",
        "outer": dict(outcome.outer or {}),
    }
    yield Text("best_threshold.json", json.dumps(chosen, indent=2) + "\n")


def _made(
    context: TrialContext, job: SearchJob, life: ShutdownGuard
) -> AbstractContextManager[RunWriter]:
    return open_run(
        context.client,
        context.store.experiment_id,
        job.name,
        tags={KIND_TAG: SEARCH, STUDY_TAG: context.task.study},
        parent_id=job.parent_id,
        life=life,
        unsent=context.unsent,
    )


def _led_by_another(run: entities.Run) -> bool:
    """Return whether a living process has this run open."""
    return run.info.status == "RUNNING" and judge_life(run.data.tags).state == "alive"


@dataclass(frozen=True)
class _TrialCloser:
    """Closes the runs that this machine's workers left open; those of others go on."""

    client: MlflowClient
    parent_id: str
    experiment_id: str

    def close(self, reason: str) -> None:
        """End the open runs of dead processes."""
        condition = f"tags.`{PARENT_TAG}` = '{self.parent_id}' AND attributes.status = 'RUNNING'"
        for run in self.client.search_runs([self.experiment_id], condition):
            if judge_life(run.data.tags).dead:
                end_run(self.client, run.info.run_id, "KILLED", {FAILURE_TAG: reason})
