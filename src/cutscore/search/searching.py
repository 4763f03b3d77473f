"""A search from its first trial to its summary."""

from __future__ import annotations

import time
from dataclasses import replace

from cutscore.config.build import Plan, compose_plan
from cutscore.config.compose import Composer
from cutscore.config.search_settings import SearchSettings
from cutscore.errors import StoreError
from cutscore.experiment import ExperimentCache
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.report.outer import OuterEvaluation, outer_items
from cutscore.report.redact import redact
from cutscore.runs.opening import open_store
from cutscore.runs.values import RunSummary
from cutscore.search.context import SearchJob, TrialContext, WorkerTask, folds_of
from cutscore.search.dead_trials import close_dead_trials, running_elsewhere
from cutscore.search.outcome import SearchOutcome, search_outcome
from cutscore.search.outer_evaluation import judge_best, judge_parts, outer_part_count, part_job
from cutscore.search.parent import SearchRun, known_parent, parent_items, parent_run, tag_best
from cutscore.search.ray_workers import RayWorkerPool
from cutscore.search.slots import free_slot
from cutscore.search.space import Space, space_of
from cutscore.search.storage import open_storage, storage_url
from cutscore.search.study import open_study
from cutscore.search.tree_counts import counted_trees
from cutscore.search.worker import stop_reason, work
from cutscore.search.workers import WorkerPool

WAIT_SECONDS = 1.0


def search(plan: Plan, cache: ExperimentCache, job: SearchJob) -> SearchOutcome:
    """Run a plan's search to its declared total, or go on with it, and return its outcome.

    With validation.outer=nested each outer part has a search first, whose winner it judges; what
    is returned is the winner of the search on all rows.

    Raises
    ------
    RequestError
        If the study was made with another space.
    StoreError
        If the storage does not answer, or the study's runs are not in this store.
    """
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return _search(plan, cache, job)
    except (OptunaError, SQLAlchemyError) as error:
        where = redact(storage_url(plan.search_settings, plan.tracking))
        words = redact(" ".join(str(error.__cause__ or error).split()))
        raise StoreError(f"the search's storage {where} cannot be used: {words}") from error


def _search(plan: Plan, cache: ExperimentCache, job: SearchJob) -> SearchOutcome:
    with shutdown_guard() as life:
        context = _open(plan, cache, job)
        _close_dead_trials(context)
        known = known_parent(context)
        if known is not None and known.complete and not _has_work(context):
            context = _under(context, known.run_id)
            return _known_outcome(context, known)
        with parent_run(context, life) as parent:
            context = _under(context, parent.run_id)
            outer = _search_parts(context, plan, cache)
            stopped = _work(context)
            outcome = _end(context, parent, stopped, outer)
        led = known_parent(context)
        if parent.writer is None and not (led is not None and led.complete):
            with parent_run(context, life) as parent:  # who led has died
                outcome = _end(context, parent, stopped, outer)
        return outcome


def _search_parts(
    context: TrialContext, plan: Plan, cache: ExperimentCache
) -> OuterEvaluation | None:
    """Run the search of each outer part and have the parts judge their winners."""
    if not plan.experiment.validation.nested:
        return None
    outcomes = []
    for part in range(outer_part_count(plan)):
        job = part_job(context.task.job, part, context.task.parent_id)
        own = compose_plan(context.composer, job.overrides)
        outcomes.append(search(own, cache, job))
    return judge_parts(context, outcomes)


def _open(plan: Plan, cache: ExperimentCache, job: SearchJob) -> TrialContext:
    """Open storage, study and store of a search."""
    settings = plan.search_settings
    folds, digest = folds_of(plan, cache)
    space = space_of(plan)
    url = storage_url(settings, plan.tracking)
    storage = open_storage(url)
    study = open_study(storage, plan, space, digest, folds)
    store = open_store(plan.tracking)
    deadline = None if settings.timeout is None else time.time() + settings.timeout
    if isinstance(counted := counted_trees(plan, space), str):
        job.progress.say(counted)
    task = WorkerTask(job, url, study.study_name, "", _total(settings, space), folds, deadline)
    composer = Composer(job.layers, job.primary)
    return TrialContext(task, composer, plan, space, storage, study, store, cache)


def _total(settings: SearchSettings, space: Space) -> int:
    """Return the number of slots: a grid has no more than it has points."""
    if settings.sampler == "grid" and space.size is not None:
        return min(settings.trials, space.size)
    return settings.trials


def _under(context: TrialContext, parent_id: str) -> TrialContext:
    return replace(context, task=replace(context.task, parent_id=parent_id))


def _work(context: TrialContext) -> str:
    """Have trials run until none is left to run; return why it stopped before, '' if it did not."""
    pool = RayWorkerPool if context.settings.engine == "ray" else WorkerPool
    crew = pool(context, context.settings.workers)
    while _has_work(context):
        if _goes_on(context):
            _run_trials(context, crew)
        if crew.gave_up:
            return f"{crew.in_a_row} workers died in a row, and no trial was finished in between"
        _wait_for_others(context)
    return stop_reason(context) or ""


def _run_trials(context: TrialContext, crew: WorkerPool) -> None:
    if context.settings.workers > 1 or context.settings.engine == "ray":
        crew.work()
    else:
        work(context)


def _wait_for_others(context: TrialContext) -> None:
    """Wait until no process elsewhere runs a trial, or one that died has given its slot back."""
    told = False
    while others := running_elsewhere(context):
        if not told:
            hosts = sorted({str(trial.user_attrs.get("host")) for trial in others})
            line = f"waiting for {len(others)} trial(s) of other processes ({', '.join(hosts)})"
            context.task.job.progress.say(line)
            told = True
        time.sleep(WAIT_SECONDS)
        _close_dead_trials(context)
        if _goes_on(context):
            return


def _close_dead_trials(context: TrialContext) -> None:
    for line in close_dead_trials(context):
        context.task.job.progress.say(line)


def _has_work(context: TrialContext) -> bool:
    return _goes_on(context) or bool(running_elsewhere(context))


def _goes_on(context: TrialContext) -> bool:
    """Return whether a slot is free and nothing speaks against another trial."""
    free = free_slot(context.study.get_trials(deepcopy=False), context.task.total)
    return free is not None and stop_reason(context) is None


def _end(
    context: TrialContext, parent: SearchRun, stopped: str, outer: OuterEvaluation | None
) -> SearchOutcome:
    """Record what came of the search, if this process leads it, and return it."""
    outcome = search_outcome(context, stopped)
    study, writer = outcome.study, parent.writer
    if study.best is not None and _is_judged_here(context):
        outer = judge_best(context, outcome)
    if outer is not None:
        outcome = replace(outcome, outer=outer.defined(), notes=outer.notes)
    if writer is None:
        return outcome
    tag_best(context, parent.run_id, study.best)
    writer.write(parent_items(context, outcome))
    if outer is not None and context.plan.experiment.validation.nested:
        writer.write(outer_items(outer))
    if study.best is None:
        writer.fail(outcome.failure)
    else:
        writer.complete()
    return outcome


def _is_judged_here(context: TrialContext) -> bool:
    """Return whether the best trial is the winner: the best of a sweep's cell may not be."""
    return context.plan.experiment.validation.holds_out and context.task.job.parent_id is None


def _known_outcome(context: TrialContext, parent: RunSummary) -> SearchOutcome:
    """Return the outcome of a search that has nothing left to do, as its runs tell it."""
    outcome = search_outcome(context, stop_reason(context) or "")
    source = parent.metrics if context.plan.experiment.validation.nested else outcome.metrics
    outer = {key: value for key, value in source.items() if key.startswith("outer_")}
    return replace(outcome, nothing_to_do=True, outer=outer or None)
