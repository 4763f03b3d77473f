"""Which trials are hopeless, and why, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from cutscore.config.search_settings import SearchSettings
from cutscore.errors import RunPruned

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.pruners import BasePruner

PERCENTILE = 25.0
"""With pruner=percentile a trial goes on while it is among the best quarter."""

REDUCTION = 3
"""Successive halving and hyperband keep one of three at each step: with five folds, at 1 and 3."""


RACED = (
    "crossfit_cost",
    "crossfit_cost_per_row",
    "crossfit_cost_fold_mean",
    "crossfit_savings",
)
"""Metrics that follow from a sum of costs over rows, so that trials can be compared by rows."""


def races(settings: SearchSettings) -> bool:
    """Return whether trials race by rows; pruner=race goes by medians for other metrics."""
    return settings.pruner == "race" and settings.metrics[0] in RACED


def prunes_from(settings: SearchSettings) -> int:
    """Return the number of complete trials before any is ended: one tells enough in a race."""
    given = settings.pruner_startup_trials
    return max(1, given) if given is not None else 1 if races(settings) else 5


def make_pruner(settings: SearchSettings, folds: int) -> BasePruner:
    """Return the pruner; all of them can act after the first fold."""
    from optuna import pruners

    startup = prunes_from(settings)
    match settings.pruner:
        case "race" | "median":
            return pruners.MedianPruner(n_startup_trials=startup, n_warmup_steps=0)
        case "percentile":
            return pruners.PercentilePruner(PERCENTILE, n_startup_trials=startup, n_warmup_steps=0)
        case "successive_halving":
            return pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=REDUCTION)
        case "hyperband":
            return pruners.HyperbandPruner(
                min_resource=1, max_resource=folds, reduction_factor=REDUCTION
            )
        case _:
            return pruners.NopPruner()


def end_if_hopeless(
    study: Study,
    trial: Trial,
    settings: SearchSettings,
    value: float,
    step: int,
    folds: int,
    race: Callable[[], str | None],
) -> None:
    """Report the value after `step` finished folds of `folds`; raise RunPruned if it is bad.

    Halving would prune from the second trial on, so all pruners wait for the startup trials. Where
    trials race, `race` says why this one will not win.
    """
    from optuna.trial import TrialState

    trial.report(value, step=step)
    racing = races(settings)
    if step >= folds or not (racing or trial.should_prune()):
        return
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < prunes_from(settings):
        return
    if racing:
        if why := race():
            raise RunPruned(f"pruned after fold {step} of {folds}: {why} (race)")
        return
    there = [t.intermediate_values[step] for t in complete if step in t.intermediate_values]
    beside = f"; the median of {len(there)} complete trials was {np.median(there):.6g} there"
    raise RunPruned(
        f"pruned after fold {step} of {folds}: prune_value, in place of {settings.metrics[0]}, "
        f"was {value:.6g}{beside if there else ''} ({settings.pruner} pruner)"
    )
