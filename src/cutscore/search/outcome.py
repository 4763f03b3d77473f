"""What came of a search."""

from __future__ import annotations

import shlex
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutscore.config.overrides import PLAIN_RUN, Override, texts_of
from cutscore.launch.outcome import RunOutcome, labels
from cutscore.records import Undefined
from cutscore.report.figures.search.tree_counts import COLOURS
from cutscore.runs.values import RunSummary
from cutscore.search.context import TrialContext
from cutscore.search.importances import importances
from cutscore.search.records import Scale, StudyRecord, TrialRecord, best_of, ranked
from cutscore.search.slots import DIED, REASON, RUN_ID, finished
from cutscore.search.tree_counts import TREE_COUNTS

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

OPTIMISM = (
    "The best of many trials looks better than it is: its figures were used to choose it, and no "
    "outer split (validation.outer) kept rows apart to judge it on."
)
EMPTY = StudyRecord("", (), (), {})


@dataclass(frozen=True)
class SearchOutcome(RunOutcome):
    """The best trial's outcome, and what a summary of the search tells besides.

    Attributes
    ----------
    study : all trials
    shares : importances of the settings
    parent_id : the search's own run
    total, finished : slots, and how many of them are filled
    stopped : why not all are
    overrides, command : what reproduces the best trial
    workers : how many processes ran trials
    nothing_to_do : every slot was filled before
    outer : figures on rows that no trial has seen, None where there are none
    """

    study: StudyRecord = EMPTY
    shares: dict[str, float] | Undefined = Undefined("there is no trial")  # noqa: RUF009
    parent_id: str = ""
    total: int = 0
    finished: int = 0
    stopped: str = ""
    overrides: tuple[Override, ...] = ()
    command: str = ""
    workers: int = 1
    nothing_to_do: bool = False
    outer: Mapping[str, float] | None = None


def search_outcome(context: TrialContext, stopped: str) -> SearchOutcome:
    """Return the outcome of the best trial, with the whole study."""
    study = study_record(context)
    shares = importances(study)
    done, total = count_finished(context), context.task.total
    named: dict[str, Any] = {
        "stopped": stopped if done < total else "",
        "total": total,
        "finished": done,
        "workers": context.settings.workers,
        "parent_id": context.task.parent_id,
        "study": study,
        "shares": shares,
    }
    objective = str(context.plan.experiment.threshold.objective)
    if study.best is None:
        return SearchOutcome(
            context.task.job.name,
            context.task.parent_id,
            "failed",
            objective,
            labels(context.plan),
            failure=f"no trial of {done} is complete: {failures(study)}",
            **named,
        )
    best = study.best
    overrides = own_overrides(context, best)
    return SearchOutcome(
        context.task.job.name,
        best.run_id,
        "complete",
        objective,
        _labels(context, study),
        best.metrics,
        overrides=overrides,
        command=command(overrides),
        **named,
    )


def _labels(context: TrialContext, study: StudyRecord) -> dict[str, str]:
    """Return the labels of the best trial: those of the cell, and its own values."""
    own = {key: str(value) for key, value in (study.best.params if study.best else {}).items()}
    return {**labels(context.plan), **own}


def study_record(context: TrialContext) -> StudyRecord:
    """Return the study and its trials as plain values, with the metrics of their runs."""
    trials = context.study.get_trials(deepcopy=False)
    runs = {run.run_id: run for run in _runs(context, len(trials))}
    records = tuple(_record(trial, runs) for trial in trials)
    goals = tuple(zip(context.settings.metrics, context.settings.directions, strict=True))
    space = {entry.key: _scale(entry) for entry in context.space.entries}
    return StudyRecord(context.task.study, goals, records, space, best_of(records, goals))


def with_tree_costs(context: TrialContext, study: StudyRecord) -> StudyRecord:
    """Return the study with what each number of trees cost in the best trials, as recorded."""
    if context.counted is None:
        return study
    found = {}
    for trial in ranked(study.trials, study.objectives)[: len(COLOURS)]:
        with tempfile.TemporaryDirectory() as folder:
            path = context.store.download(trial.run_id, TREE_COUNTS, Path(folder))
            if path is not None:
                trees, cost = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2).T
                allowed = np.isfinite(cost)
                found[trial.number] = trees[allowed], cost[allowed]
    return replace(study, tree_costs=found)


def count_finished(context: TrialContext) -> int:
    """Return how many slots are filled."""
    return len(finished(context.study.get_trials(deepcopy=False)))


def failures(study: StudyRecord) -> str:
    """Return the commonest reasons why trials failed."""
    reasons = Counter(trial.reason for trial in study.trials if trial.state == "FAIL")
    words = [f"{reason} ({times} x)" for reason, times in reasons.most_common(3)]
    return "; ".join(words) or "no trial was run"


def command(overrides: Sequence[Override]) -> str:
    """Return the command line that runs these overrides, quoted for a shell."""
    return shlex.join(["cutscore", "run", *texts_of(overrides)])


def own_overrides(context: TrialContext, best: TrialRecord) -> tuple[Override, ...]:
    """Return the overrides that reproduce a trial: thread counts, which change nothing, aside."""
    proposed = context.space.overrides(best.params)
    return (*context.given, *proposed, PLAIN_RUN)


def _runs(context: TrialContext, trials: int) -> list[RunSummary]:
    return context.store.find(parent_id=context.task.parent_id, limit=2 * trials + 10)


def _record(trial: FrozenTrial, runs: Mapping[str, RunSummary]) -> TrialRecord:
    run = runs.get(str(trial.user_attrs.get(RUN_ID, "")))
    seconds = None
    if trial.datetime_start and trial.datetime_complete:
        seconds = (trial.datetime_complete - trial.datetime_start).total_seconds()
    complete = trial.state.name == "COMPLETE"
    state: Any = trial.state.name
    return TrialRecord(
        number=trial.number,
        state=state,
        values=tuple(trial.values) if complete and trial.values is not None else None,
        params=dict(trial.params),
        run_id=str(trial.user_attrs.get(RUN_ID, "")),
        name=run.name if run else "",
        seconds=seconds,
        partial={step - 1: value for step, value in trial.intermediate_values.items()},
        reason=str(trial.user_attrs.get(REASON) or trial.user_attrs.get(DIED, "")),
        metrics=run.metrics if run else {},
    )


def _scale(entry: Any) -> Scale:
    if entry.kind == "categorical":
        return Scale("categorical", choices=entry.choices)
    return Scale(entry.kind, entry.log, entry.low, entry.high, entry.step)
