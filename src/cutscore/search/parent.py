"""The run of a search: it holds its trials together and keeps what came of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

import yaml

from cutscore.config.overrides import texts_of
from cutscore.errors import StoreError
from cutscore.launch.shutdown_guard import ShutdownGuard
from cutscore.records.decision import rule_words
from cutscore.report.items import Item, Metric, Param, Tag, Text
from cutscore.report.record_spec import KIND_TAG, SEARCH
from cutscore.report.redact import redact
from cutscore.runs.liveness import writer_alive
from cutscore.runs.parents import open_parent
from cutscore.runs.port import OpenRun
from cutscore.runs.values import RunSummary
from cutscore.search.context import STUDY_TAG, TrialContext
from cutscore.search.outcome import OPTIMISM, SearchOutcome, with_tree_costs
from cutscore.search.records import StudyRecord, TrialRecord
from cutscore.search.report import search_items
from cutscore.search.study import DEFINITION, PARENT
from cutscore.search.tree_counts import counted_trees

BEST_TAG = "best"


@dataclass(frozen=True)
class SearchRun:
    """A search's run; `writer` is None for who only helps another process that leads."""

    run_id: str
    writer: OpenRun | None


@contextmanager
def parent_run(context: TrialContext, life: ShutdownGuard) -> Iterator[SearchRun]:
    """Open the study's own run: made, gone on with, or joined where another process leads.

    Raises
    ------
    StoreError
        If the study's run is not in this store.
    """
    with ExitStack() as stack:
        with context.storage.lock:
            known = known_parent(context)
            if known is not None and writer_alive(known):
                writer = None
            else:
                writer = stack.enter_context(_opened(context, known, life))
                if known is None:
                    context.study.set_user_attr(PARENT, writer.run_id)
        if writer is not None:
            yield SearchRun(writer.run_id, writer)
        else:
            yield SearchRun(known.run_id if known else "", None)


def known_parent(context: TrialContext) -> RunSummary | None:
    """Return the study's own run, None if it has none yet.

    Raises
    ------
    StoreError
        If the study's run is not in this store: its trials' runs are elsewhere too.
    """
    run_id = context.study.user_attrs.get(PARENT)
    if run_id is None:
        return None
    run = context.store.get(run_id)
    if run is None or run.deleted:
        raise StoreError(
            f'the runs of the study "{context.task.study}" are not in this store (its own was '
            f"{run_id}). Name the store they are in as tracking.uri, or another search.storage."
        )
    return run


def parent_items(context: TrialContext, outcome: SearchOutcome) -> Iterator[Item]:
    """Yield what was asked for, what came of it, and the best trial's threshold.

    What may differ when a study is gone on with is a tag or a metric: params are written once.
    """
    settings, study = context.settings, outcome.study
    words: Mapping[str, str] = context.study.user_attrs[DEFINITION]
    for key, value in words.items():
        yield Param(key, value)
    counted = counted_trees(context.plan, context.space)
    tags = {
        "pruner": settings.pruner,
        "workers": str(settings.workers),
        "stopped": outcome.stopped or "all trials are finished",
    }
    for key, value in tags.items():
        yield Tag(key, value)
    if counted is not None:
        read_off = counted if isinstance(counted, str) else ", ".join(map(str, counted.counts))
        yield Tag("tree_counts", read_off)
    yield Metric("folds_spared", study.spared.folds)
    yield Metric("trials", outcome.total)
    yield Metric("trials_complete", study.count("COMPLETE"))
    yield Metric("trials_pruned", len(study.pruned))
    yield Metric("trials_failed", study.count("FAIL"))
    body = {
        "study": study.name,
        "definition": dict(words),
        "overrides": texts_of(context.plan.overrides),
    }
    yield Text("search.yaml", redact(yaml.safe_dump(body, sort_keys=False)))
    if study.best is not None:
        yield from _best_items(study, study.best, outcome)
    yield from search_items(with_tree_costs(context, study), outcome.shares)


def tag_best(context: TrialContext, parent_id: str, best: TrialRecord | None) -> None:
    """Tag the best trial's run, and take the tag from an earlier best."""
    store = context.store
    for run in store.find(store.experiment, {BEST_TAG: "true"}, parent_id=parent_id):
        if best is None or run.run_id != best.run_id:
            store.tag(run.run_id, {BEST_TAG: None})
    if best is not None:
        store.tag(best.run_id, {BEST_TAG: "true"})


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
        "rule": rule_words(best.metrics.get("threshold")),
        "values": {
            metric: value
            for (metric, _), value in zip(study.objectives, best.values or (), strict=True)
        },
        "command": redact(outcome.command),
        "note": OPTIMISM if outcome.outer is None else "",
        "outer": dict(outcome.outer or {}),
    }
    yield Text("best_threshold.json", json.dumps(chosen, indent=2) + "\n")


def _opened(
    context: TrialContext, known: RunSummary | None, life: ShutdownGuard
) -> AbstractContextManager[OpenRun]:
    """Make the study's run or go on with it; trials of other machines go on when this one ends."""
    return open_parent(
        context.store,
        context.task.job.name,
        {KIND_TAG: SEARCH, STUDY_TAG: context.task.study},
        life,
        context.unsent,
        again=None if known is None else known.run_id,
        parent_id=context.task.job.parent_id,
        only_dead=True,
    )
