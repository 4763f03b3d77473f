"""One trial: its values become overrides, the overrides a run, the run an answer to the study."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cutscore.config.build import Plan, compose_plan
from cutscore.config.overrides import PLAIN_RUN, Override, parse_override
from cutscore.config.search_settings import SearchSettings
from cutscore.errors import CutscoreError
from cutscore.experiment import Experiment, FoldProgress, prune_value
from cutscore.launch.executing import execute_run
from cutscore.launch.job import Job, RunObserver, logged_to
from cutscore.launch.outcome import RunOutcome, failed_outcome, labels
from cutscore.launch.progress import ProgressEvent, ProgressLog
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.records import Undefined
from cutscore.report.items import Item, Metric
from cutscore.report.redact import redact
from cutscore.search.context import STATE_TAG, STUDY_TAG, TRIAL_TAG, TrialContext
from cutscore.search.pruning import end_if_hopeless
from cutscore.search.slots import ERROR, REASON, RUN_ID, TRACE

if TYPE_CHECKING:
    from optuna import Study, Trial

State = Literal["COMPLETE", "PRUNED", "FAIL"]


class UndefinedMetricError(CutscoreError):
    """A trial's run has no finite value of the metric that is searched for."""


@dataclass(frozen=True)
class TrialEnd:
    """How a trial ended: its values (complete), or the reason."""

    number: int
    name: str
    state: State
    values: tuple[float, ...] = ()
    reason: str = ""


@dataclass
class TrialObserver(RunObserver):
    """Links a trial and its run, reports folds to the pruner and checks the result."""

    study: Study
    trial: Trial
    settings: SearchSettings
    experiment: Experiment
    log: ProgressLog
    name: str
    reported: dict[int, float] = field(default_factory=dict)

    def opened(self, run_id: str) -> None:
        """Write the run's id to the trial."""
        self.trial.set_user_attr(RUN_ID, run_id)

    def on_fold(self, progress: FoldProgress) -> None:
        """Report the finished folds; end a hopeless trial."""
        done, total = progress.done, progress.total
        if done < total:  # the end is told with the trial's state
            self.log.add(ProgressEvent(self.name, done, total))
        if not done or self.settings.several:
            return
        metric, direction = self.settings.metrics[0], self.settings.directions[0]
        value = prune_value(self.experiment, progress, metric, lower=direction == "minimize")
        if isinstance(value, Undefined) or not math.isfinite(value):
            return
        self.reported[done] = value
        end_if_hopeless(self.study, self.trial, self.settings, value, done, total)

    def items(self) -> Iterable[Item]:
        """Return the value after each fold."""
        return [Metric("prune_value", value, step - 1) for step, value in self.reported.items()]

    def check_metrics(self, metrics: Mapping[str, float]) -> None:
        """Refuse a run whose metric is no number: nothing can be learnt from it."""
        for metric in self.settings.metrics:
            if metric not in metrics:
                raise UndefinedMetricError(f"{metric} does not exist for this run")
            if not math.isfinite(metrics[metric]):
                raise UndefinedMetricError(f"{metric} is {metrics[metric]}")


def run_trial(context: TrialContext, trial: Trial) -> TrialEnd:
    """Run a trial that this process has taken, and tell the study how it ended."""
    name = f"{context.task.job.prefix}_trial{trial.number:03d}"
    try:
        values = context.space.suggest(trial)
        overrides = trial_overrides(context, values)
        plan = compose_plan(context.composer, overrides)
    except (CutscoreError, ValueError) as error:
        outcome = _record_failure(context, trial, name, error)
        return finish_trial(context, trial, outcome)
    name = f"{name}_{plan.choices['features']}_{plan.choices['sampling']}"
    observer = TrialObserver(
        context.study, trial, context.settings, plan.experiment, context.task.job.progress, name
    )
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


def trial_overrides(context: TrialContext, values: Mapping[str, object]) -> list[Override]:
    """Return the overrides that a person would type to run these values."""
    threads = [parse_override(f"threads={context.task.threads}")] if context.task.threads else []
    given = [*context.given, *threads]
    proposed = context.space.overrides(values)  # type: ignore[arg-type]
    return [*given, *proposed, PLAIN_RUN]


def finish_trial(context: TrialContext, trial: Trial, outcome: RunOutcome) -> TrialEnd:
    """Write a run's end to its tag and then to the study."""
    from optuna.exceptions import UpdateFinishedTrialError
    from optuna.trial import TrialState

    states: dict[str, State] = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    state = states[outcome.status]
    values = tuple(
        outcome.metrics[metric] for metric in context.settings.metrics if state == "COMPLETE"
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
