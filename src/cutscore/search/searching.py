"""A search from its first trial to its summary."""

from __future__ import annotations

import time
from dataclasses import replace

from cutscore.config.build import Plan
from cutscore.config.compose import Composer
from cutscore.experiment import Workbench
from cutscore.run import labels, open_store
from cutscore.search.checks import checked_space
from cutscore.search.healing import heal, running_elsewhere
from cutscore.search.outcome import (
    SearchOutcome,
    command,
    count_finished,
    failures,
    own_overrides,
    study_record,
)
from cutscore.search.parent import (
    Parent,
    is_whole,
    known_parent,
    parent_items,
    parent_run,
    tag_best,
)
from cutscore.search.parts import Assignment, Desk, SearchJob, folds_of
from cutscore.search.records import StudyRecord
from cutscore.search.settings import SearchSettings
from cutscore.search.slots import free_slot
from cutscore.search.space import Space, parse_space
from cutscore.search.storage import check_storage, open_storage, storage_url
from cutscore.search.study import check_study, definition, open_study, study_key
from cutscore.search.workers import Crew
from cutscore.search.working import stop_reason, work
from cutscore.tracking.lifeline import lifeline
from cutscore.tracking.news import Step, tell

WAIT_SECONDS = 1.0


def check_search(plan: Plan, composer: Composer, bench: Workbench) -> None:
    """Check a plan's search as far as that goes without writing: space, storage, earlier study.

    Raises
    ------
    RequestError
        With what is wrong.
    """
    space = checked_space(plan, composer)
    url = storage_url(plan.search, plan.tracking)
    if plan.search.sampler == "grid":
        space.grid()
    if not check_storage(url):
        return
    _, digest = folds_of(plan, bench)
    words = definition(plan.search, space)
    storage = open_storage(url)
    check_study(storage, study_key(plan, digest), words, new=plan.search.new_study)


def search(plan: Plan, bench: Workbench, job: SearchJob) -> SearchOutcome:
    """Run a plan's search to its declared total, or go on with it, and return its outcome.

    Raises
    ------
    RequestError
        If the storage or its study cannot be used.
    """
    with lifeline() as life:
        desk = _open(plan, bench, job)
        for line in heal(desk):
            tell(job.progress, Step("", line=line))
        known = known_parent(desk)
        if is_whole(known) and not running_elsewhere(desk) and not _goes_on(desk):
            desk = _under(desk, known.info.run_id if known else "")
            return replace(_outcome(desk, stop_reason(desk) or ""), nothing_to_do=True)
        with parent_run(desk, life) as parent:
            desk = _under(desk, parent.run_id)
            stopped = _work(desk)
            outcome = _end(desk, parent, stopped)
        if parent.writer is None and not is_whole(known_parent(desk)):
            with parent_run(desk, life) as parent:  # who led has died
                outcome = _end(desk, parent, stopped)
        return outcome


def _open(plan: Plan, bench: Workbench, job: SearchJob) -> Desk:
    """Open storage, study and store of a search."""
    settings: SearchSettings = plan.search
    folds, digest = folds_of(plan, bench)
    space = parse_space(settings.space, plan.overrides)
    url = storage_url(settings, plan.tracking)
    storage = open_storage(url)
    study = open_study(storage, plan, space, digest, folds)
    store, client = open_store(plan)
    deadline = None if settings.timeout is None else time.time() + settings.timeout
    task = Assignment(job, url, study.study_name, "", _total(settings, space), folds, deadline)
    composer = Composer(job.layers, job.primary)
    return Desk(task, composer, plan, space, storage, study, store, client, bench)


def _total(settings: SearchSettings, space: Space) -> int:
    """Return the number of slots: a grid has no more than it has points."""
    if settings.sampler == "grid" and space.size is not None:
        return min(settings.trials, space.size)
    return settings.trials


def _under(desk: Desk, parent_id: str) -> Desk:
    return replace(desk, task=replace(desk.task, parent_id=parent_id))


def _work(desk: Desk) -> str:
    """Have trials run until none is left to run; return why it stopped before, '' if it did not."""
    crew = Crew(desk, desk.settings.workers)
    while _goes_on(desk) or running_elsewhere(desk):
        if _goes_on(desk):
            _run_trials(desk, crew)
        if crew.gave_up:
            return f"{crew.in_a_row} workers died in a row, and no trial was finished in between"
        _wait_for_others(desk)
    return stop_reason(desk) or ""


def _run_trials(desk: Desk, crew: Crew) -> None:
    if desk.settings.workers > 1:
        crew.work()
    else:
        work(desk)


def _wait_for_others(desk: Desk) -> None:
    """Wait until no process elsewhere runs a trial, or one that died has given its slot back."""
    told = False
    while others := running_elsewhere(desk):
        if not told:
            hosts = sorted({str(trial.user_attrs.get("host")) for trial in others})
            line = f"waiting for {len(others)} trial(s) of other processes ({', '.join(hosts)})"
            tell(desk.task.job.progress, Step("", line=line))
            told = True
        time.sleep(WAIT_SECONDS)
        for line in heal(desk):
            tell(desk.task.job.progress, Step("", line=line))
        if _goes_on(desk):
            return


def _goes_on(desk: Desk) -> bool:
    """Return whether a slot is free and nothing speaks against another trial."""
    free = free_slot(desk.study.get_trials(deepcopy=False), desk.task.total)
    return free is not None and stop_reason(desk) is None


def _end(desk: Desk, parent: Parent, stopped: str) -> SearchOutcome:
    """Record what came of the search, if this process leads it, and return it."""
    outcome = _outcome(desk, stopped)
    study, writer = outcome.study, parent.writer
    if writer is None or study is None:
        return outcome
    tag_best(desk, parent.run_id, study.best)
    writer.write(parent_items(desk, outcome, study))
    if study.best is None:
        writer.fail(outcome.failure)
    else:
        writer.complete()
    return outcome


def _outcome(desk: Desk, stopped: str) -> SearchOutcome:
    """Return the outcome of the best trial, with the whole study."""
    study = study_record(desk)
    done, total = count_finished(desk), desk.task.total
    named = {
        "stopped": stopped if done < total else "",
        "total": total,
        "finished": done,
        "workers": desk.settings.workers,
        "parent_id": desk.task.parent_id,
    }
    objective = str(desk.plan.experiment.threshold.objective)
    if study.best is None:
        return SearchOutcome(
            desk.task.job.name,
            desk.task.parent_id,
            "failed",
            objective,
            labels(desk.plan),
            failure=f"no trial of {done} is complete: {failures(study)}",
            study=study,
            **named,  # type: ignore[arg-type]
        )
    best = study.best
    overrides = own_overrides(desk, best)
    return SearchOutcome(
        desk.task.job.name,
        best.run_id,
        "complete",
        objective,
        _labels(desk, study),
        best.metrics,
        study=study,
        overrides=overrides,
        command=command(overrides),
        **named,  # type: ignore[arg-type]
    )


def _labels(desk: Desk, study: StudyRecord) -> dict[str, str]:
    """Return the labels of the best trial: those of the cell, and its own values."""
    own = {key: str(value) for key, value in (study.best.params if study.best else {}).items()}
    return {**labels(desk.plan), **own}
