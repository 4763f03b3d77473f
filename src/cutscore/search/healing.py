"""Trials whose process has died: found, told as what they are, and their slots given back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cutscore.report.record_spec import COMPLETE_TAG, FAILURE_TAG, PRUNED_TAG
from cutscore.search.parts import STATE_TAG, STUDY_TAG, TRIAL_TAG, Desk
from cutscore.search.slots import DIED, REASON, RUN_ID
from cutscore.tracking.liveness import judge_life
from cutscore.tracking.writer import end_run

if TYPE_CHECKING:
    from mlflow import entities
    from optuna.trial import FrozenTrial


def heal(desk: Desk) -> list[str]:
    """Settle every running trial whose process is dead; return a line on each.

    A trial whose run was complete, or pruned, before its process died is told as that. Any other
    is told as failed and gives its slot back.
    """
    from optuna.trial import TrialState

    lines = []
    with desk.storage.lock:
        for trial in desk.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            run = _run_of(desk, trial)
            life = judge_life(_signs(trial, run))
            if life.dead:
                lines.append(_settle_dead(desk, trial, run, life.reason))
    return lines


def running_elsewhere(desk: Desk) -> list[FrozenTrial]:
    """Return the trials that other processes are running."""
    from optuna.trial import TrialState

    running = desk.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return [trial for trial in running if not _own(desk, trial)]


def _own(desk: Desk, trial: FrozenTrial) -> bool:
    keys = ("host", "pid", "process_start")
    return all(trial.user_attrs.get(key) == desk.identity[key] for key in keys)


def _signs(trial: FrozenTrial, run: entities.Run | None) -> dict[str, str]:
    """Return what speaks of a trial's process: the trial's own attributes, then the run's tags."""
    signs = {key: str(value) for key, value in trial.user_attrs.items()}
    return signs if run is None else {**signs, **run.data.tags}


def _run_of(desk: Desk, trial: FrozenTrial) -> entities.Run | None:
    """Return the run of a trial, None if it died before it had one.

    The run is looked for by its tags, which it has from its first moment; the trial learns the
    run's id only afterwards.
    """
    study = desk.task.study.replace("'", "")
    condition = f"tags.`{STUDY_TAG}` = '{study}' AND tags.`{TRIAL_TAG}` = '{trial.number}'"
    found = desk.client.search_runs([desk.store.experiment_id], condition, max_results=1)
    return found[0] if found else None


def _settle_dead(desk: Desk, trial: FrozenTrial, run: entities.Run | None, reason: str) -> str:
    """Tell how a trial ended whose process cannot do so any more."""
    tags: Mapping[str, str] = run.data.tags if run is not None else {}
    if run is not None and COMPLETE_TAG in tags:
        values = [run.data.metrics.get(metric) for metric in desk.settings.metrics]
        if None not in values:
            _tell(desk, trial, run, "COMPLETE", "", values)
            return f"trial {trial.number} had finished before {reason}"
    if run is not None and PRUNED_TAG in tags:
        _tell(desk, trial, run, "PRUNED", tags[PRUNED_TAG])
        return f"trial {trial.number} had been pruned before {reason}"
    storage, trial_id = desk.storage.rdb, trial._trial_id
    storage.set_trial_user_attr(trial_id, DIED, reason)
    told = f"its worker died: {reason}"
    if run is not None and run.info.status == "RUNNING":
        end_run(desk.client, run.info.run_id, "FAILED", {FAILURE_TAG: told})
    _tell(desk, trial, run, "FAIL", told)
    return f"trial {trial.number} is repeated: {reason}"


def _tell(
    desk: Desk,
    trial: FrozenTrial,
    run: entities.Run | None,
    state: str,
    reason: str,
    values: list[Any] | None = None,
) -> None:
    from optuna.trial import TrialState

    if run is not None:
        desk.client.set_tag(run.info.run_id, STATE_TAG, state)
        desk.storage.rdb.set_trial_user_attr(trial._trial_id, RUN_ID, run.info.run_id)
    if reason:
        desk.storage.rdb.set_trial_user_attr(trial._trial_id, REASON, reason)
    desk.study.tell(trial.number, values, state=TrialState[state])
