"""One trial: its values become overrides, the overrides a run, the run an answer to the study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cutscore.config.build import Plan
from cutscore.errors import CutscoreError
from cutscore.launch.executing import execute_run
from cutscore.launch.job import Job, logged_to
from cutscore.launch.outcome import RunOutcome, failed_outcome, labels
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.report.redact import redact
from cutscore.search.context import STATE_TAG, STUDY_TAG, TRIAL_TAG, TrialContext
from cutscore.search.observer import TrialObserver
from cutscore.search.slots import ERROR, REASON, RUN_ID, TRACE
from cutscore.search.starts import twin_of
from cutscore.search.tree_counts import told_metric

if TYPE_CHECKING:
    from optuna import Trial

State = Literal["COMPLETE", "PRUNED", "FAIL"]


@dataclass(frozen=True)
class TrialEnd:
    """How a trial ended: its values (complete), or the reason."""

    number: int
    name: str
    state: State
    values: tuple[float, ...] = ()
    reason: str = ""


def run_trial(context: TrialContext, trial: Trial) -> TrialEnd:
    """Run a trial that this process has taken, and tell the study how it ended."""
    name = f"{context.task.job.prefix}_trial{trial.number:03d}"
    try:
        values = context.suggested(trial)
        if (twin := _twin(context, trial)) is not None:
            return _left_out(context, trial, name, twin)
        plan = context.plan_of(values)
    except (CutscoreError, ValueError) as error:
        outcome = _record_failure(context, trial, name, error)
        return finish_trial(context, trial, outcome)
    name = f"{name}_{plan.choices['features']}_{plan.choices['sampling']}"
    observer = TrialObserver(context, trial, plan.experiment, name)
    folder = context.task.job.folder / "trials"
    with logged_to(folder / f"{name}.log") as log:
        job = Job(
            name=name,
            log=log,
            parent_id=context.task.parent_id,
            tags=_tags(context, trial),
            observer=observer,
            store=context.store,
        )
        outcome = execute_run(plan, context.cache, job)
    return finish_trial(context, trial, outcome)


def _twin(context: TrialContext, trial: Trial) -> int | None:
    """Return the earlier trial that has told already what this one would, if there is one."""
    if context.settings.several:
        return None
    keys = [entry.key for entry in context.drawn.entries]
    return twin_of(trial, context.study.get_trials(deepcopy=False), keys)


def _left_out(context: TrialContext, trial: Trial, name: str, twin: int) -> TrialEnd:
    """Tell a trial as pruned before it began: nothing is run twice."""
    from optuna.trial import TrialState

    reason = f"not run: it has the values of trial {twin}"
    trial.set_user_attr(REASON, reason)
    context.study.tell(trial, state=TrialState.PRUNED)
    return TrialEnd(trial.number, name, "PRUNED", reason=reason)


def finish_trial(context: TrialContext, trial: Trial, outcome: RunOutcome) -> TrialEnd:
    """Write a run's end to its tag and then to the study."""
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    states: dict[str, State] = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    state = states[outcome.status]
    values = tuple(
        outcome.metrics[told_metric(metric, outcome.metrics)]
        for metric in context.settings.metrics
        if state == "COMPLETE"
    )
    if outcome.run_id:
        context.store.tag(outcome.run_id, {STATE_TAG: state})
    for key, text in ((REASON, outcome.failure), (ERROR, outcome.error), (TRACE, outcome.trace)):
        if text:
            trial.set_user_attr(key, redact(text))
    try:
        context.study.tell(trial, list(values) or None, state=TrialState[state])
    except (UpdateFinishedTrialError, ValueError) as error:
        _retract(context, outcome, str(error))
        return TrialEnd(trial.number, outcome.name, "FAIL", reason="it was given up as dead")
    return TrialEnd(trial.number, outcome.name, state, values, outcome.failure)


def _retract(context: TrialContext, outcome: RunOutcome, why: str) -> None:
    """Take a run's completeness back: while this process stood still, its trial was repeated."""
    if not outcome.run_id:
        return
    context.store.tag(outcome.run_id, {STATE_TAG: "FAIL"})
    with context.store.reopen(outcome.run_id) as run:
        run.kill(f"this process was held to be dead, and its trial is repeated ({why})")


def _tags(context: TrialContext, trial: Trial) -> dict[str, str]:
    """Return the tags by which a run is known as a trial."""
    return {STUDY_TAG: context.task.study, TRIAL_TAG: str(trial.number)}


def _record_failure(context: TrialContext, trial: Trial, name: str, error: Exception) -> RunOutcome:
    """Record a trial whose values make no experiment, so that its run says why."""
    plan: Plan = context.plan
    run_id = ""
    try:
        with (
            shutdown_guard() as life,
            context.store.open(
                name,
                tags=_tags(context, trial),
                parent_id=context.task.parent_id,
                life=life,
                unsent=context.unsent,
            ) as writer,
        ):
            run_id = writer.run_id
            trial.set_user_attr(RUN_ID, run_id)
            raise error
    except (CutscoreError, ValueError) as raised:
        objective = str(plan.experiment.threshold.objective)
        return failed_outcome(name, run_id, objective, labels(plan), raised)
