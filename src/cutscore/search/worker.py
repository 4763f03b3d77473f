"""A worker: takes slots and runs their trials until there is nothing left, or reason to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cutscore.launch.progress import ProgressEvent
from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.search.context import TrialContext
from cutscore.search.slots import finished, take_slot
from cutscore.search.trials import TrialEnd, run_trial

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def work(context: TrialContext) -> int:
    """Run trials until no slot is free or the search is to stop; return how many were run."""
    count = 0
    with shutdown_guard():
        while stop_reason(context) is None:
            trial = take_slot(
                context.study,
                context.storage.lock,
                context.task.total,
                context.signed(),
                context.points,
            )
            if trial is None:
                break
            end = run_trial(context, trial)
            count += 1
            folds = context.task.folds
            event = ProgressEvent(end.name, folds, folds, line=_line(context, end))
            context.task.job.progress.add(event)
    return count


def stop_reason(context: TrialContext) -> str | None:
    """Return why no further trial should begin although slots are free; None if one should."""
    settings, deadline = context.settings, context.task.deadline
    if deadline is not None and time.time() >= deadline:
        return f"the timeout of {settings.timeout:g} s is over"
    if settings.patience is None or settings.several:
        return None
    trials = finished(context.study.get_trials(deepcopy=False))
    waited = _since_best(trials, lower=settings.directions[0] == "minimize")
    if waited < settings.patience:
        return None
    return f"{waited} finished trials brought no improvement (patience {settings.patience})"


def _since_best(trials: Sequence[FrozenTrial], *, lower: bool) -> int:
    """Return how many trials have ended since the best one."""
    best: float | None = None
    waited = 0
    for trial in trials:
        waited += 1
        if trial.state.name != "COMPLETE" or trial.value is None:
            continue
        loss = trial.value if lower else -trial.value
        if best is None or loss < best:
            best, waited = loss, 0
    return waited if best is not None else 0


def _line(context: TrialContext, end: TrialEnd) -> str:
    """Return a line on a finished trial, with the best so far."""
    told = ", ".join(f"{value:.6g}" for value in end.values) or end.reason.partition("\n")[0]
    job = context.task.job
    whose = f"{job.prefix}: " if job.parent_id else ""  # searches of a sweep run side by side
    words = f"{whose}trial {end.number} {end.state} {told}".rstrip()
    if context.settings.several:
        return words
    try:
        best = context.study.best_trial
    except ValueError:  # none is complete
        return words
    return f"{words} (best {best.value:.6g}, trial {best.number})"
