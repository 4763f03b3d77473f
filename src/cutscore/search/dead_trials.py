"""Trials whose process has died: found, told as what they are, and their slots given back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cutscore.report.record_spec import PRUNED_TAG
from cutscore.runs.liveness import Liveness, judge_life
from cutscore.runs.values import RunSummary
from cutscore.search.context import STATE_TAG, STUDY_TAG, TRIAL_TAG, TrialContext
from cutscore.search.slots import DIED, MOST_DEATHS, REASON, RUN_ID, WORKER, lost_trials
from cutscore.search.tree_counts import told_metric

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def close_dead_trials(context: TrialContext, worker: str | None = None) -> list[str]:
    """Close every running trial whose process is dead; return a line on each.

    The process of `worker` is known to be dead, wherever it was.

    A trial whose run was complete, or pruned, before its process died is told as that. Any other
    is told as failed and gives its slot back, unless too many have died in it.
    """
    from optuna.trial import TrialState

    lines = []
    with context.storage.lock:
        for trial in context.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            run = _run_of(context, trial)
            life = judge_life(_signs(trial, run))
            if worker is not None and trial.user_attrs.get(WORKER) == worker:
                life = Liveness("dead", "its process was lost")
            if life.dead:
                lines.append(_close_dead(context, trial, run, life.reason))
    return lines


def running_elsewhere(context: TrialContext) -> list[FrozenTrial]:
    """Return the trials that other processes are running."""
    from optuna.trial import TrialState

    running = context.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [trial for trial in running if not _own(context, trial)]


def _own(context: TrialContext, trial: FrozenTrial) -> bool:
    keys = ("host", "pid", "process_start")
    return all(trial.user_attrs.get(key) == context.identity[key] for key in keys)


def _signs(trial: FrozenTrial, run: RunSummary | None) -> dict[str, str]:
    """Return what speaks of a trial's process: the trial's own attributes, then the run's tags."""
    signs = {key: str(value) for key, value in trial.user_attrs.items()}
    return signs if run is None else {**signs, **run.tags}


def _run_of(context: TrialContext, trial: FrozenTrial) -> RunSummary | None:
    """Return the run of a trial, None if it died before it had one.

    The run is looked for by its tags, which it has from its first moment; the trial learns the
    run's id only afterwards.
    """
    tags = {STUDY_TAG: context.task.study, TRIAL_TAG: str(trial.number)}
    found = context.store.find(context.store.experiment, tags, limit=1)
    return found[0] if found else None


def _close_dead(
    context: TrialContext, trial: FrozenTrial, run: RunSummary | None, reason: str
) -> str:
    """Tell how a trial ended whose process cannot do so any more."""
    tags: Mapping[str, str] = run.tags if run is not None else {}
    if run is not None and run.complete:
        values = [run.metrics.get(told_metric(m, run.metrics)) for m in context.settings.metrics]
        if None not in values:
            _tell(context, trial, run, "COMPLETE", "", values)
            return f"trial {trial.number} had finished before {reason}"
    if run is not None and PRUNED_TAG in tags:
        _tell(context, trial, run, "PRUNED", tags[PRUNED_TAG])
        return f"trial {trial.number} had been pruned before {reason}"
    storage, trial_id = context.storage.rdb, trial._trial_id
    storage.set_trial_user_attr(trial_id, DIED, reason)
    told = f"its worker died: {reason}"
    if run is not None and run.open:
        context.store.close(run, told)
    _tell(context, trial, run, "FAIL", told)
    trials = context.study.get_trials(deepcopy=False)
    if trial.number not in lost_trials(trials):
        return f"trial {trial.number} failed, as {MOST_DEATHS} with its values died: {reason}"
    return f"trial {trial.number} is repeated: {reason}"


def _tell(
    context: TrialContext,
    trial: FrozenTrial,
    run: RunSummary | None,
    state: str,
    reason: str,
    values: list[Any] | None = None,
) -> None:
    from optuna.trial import TrialState

    if run is not None:
        context.store.tag(run.run_id, {STATE_TAG: state})
        context.storage.rdb.set_trial_user_attr(trial._trial_id, RUN_ID, run.run_id)
    if reason:
        context.storage.rdb.set_trial_user_attr(trial._trial_id, REASON, reason)
    context.study.tell(trial.number, values, state=TrialState[state])
