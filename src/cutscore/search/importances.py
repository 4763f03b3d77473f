"""Which of the searched settings made the difference."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from cutscore.records import Undefined
from cutscore.search.arrays import numeric
from cutscore.search.records import Scale, StudyRecord, TrialRecord, Value

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

ENOUGH = 50
"""Complete trials from which the best tenth are five, as PED-ANOVA's authors recommend."""


def importances(study: StudyRecord) -> dict[str, float] | Undefined:
    """Return each setting's share in what makes a trial one of the best tenth, greatest first.

    The shares sum to 1. They are Optuna's PED-ANOVA (Watanabe, Bansal, Hutter 2023), found anew
    from the trials in memory; with several objectives the best tenth are those nearest the front.
    Ties are ordered by name.
    """
    complete = study.complete
    if len(complete) < 2:
        return Undefined(f"it takes 2 complete trials, and there are {len(complete)}")
    if len({trial.values for trial in complete}) == 1:
        return Undefined(f"all {len(complete)} complete trials have the same value")
    varied = [key for key in study.space if _varies(key, complete)]
    if not varied:
        return Undefined("no setting had two values in the complete trials")
    shares = _shares(study, varied)
    constant = {key: 0.0 for key in study.space if key not in shares}
    return dict(sorted((shares | constant).items(), key=lambda entry: (-entry[1], entry[0])))


def _shares(study: StudyRecord, keys: list[str]) -> dict[str, float]:
    """Let Optuna weigh the settings on a copy of the study in memory."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            # It warns of few trials; the number of trials stands beside the shares.
            warnings.simplefilter("ignore")
            directions = [direction for _, direction in study.objectives]
            copy = optuna.create_study(directions=directions)
            scales = {key: _distribution(study.space[key], key, study.complete) for key in keys}
            copy.add_trials([_frozen(trial, scales) for trial in study.complete])
            found = optuna.importance.get_param_importances(copy, params=keys)
    finally:
        optuna.logging.set_verbosity(before)
    return {key: float(share) for key, share in found.items()}


def _frozen(trial: TrialRecord, scales: dict[str, BaseDistribution]) -> FrozenTrial:
    """Return a trial as Optuna holds it, with the settings that it had."""
    from optuna.trial import create_trial

    had: dict[str, Any] = {
        key: value
        for key, value in trial.params.items()
        if key in scales and (not hasattr(scales[key], "low") or _is_number(value))
    }
    distributions = {key: scales[key] for key in had}
    return create_trial(params=had, distributions=distributions, values=list(trial.values or ()))


def _distribution(scale: Scale, key: str, trials: tuple[TrialRecord, ...]) -> BaseDistribution:
    """Return the space of one setting, wide enough for what the trials had.

    Steps are left out: PED-ANOVA lays a grid of its own.
    """
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    had = [trial.params[key] for trial in trials if key in trial.params]
    if scale.kind == "categorical":
        return CategoricalDistribution(list(dict.fromkeys([*scale.choices, *had])))
    numbers = [numeric(value) for value in had if _is_number(value)]
    ends = [*numbers, *(end for end in (scale.low, scale.high) if end is not None)]
    low, high = min(ends), max(ends)
    log = scale.log and low > 0
    if scale.kind == "int":
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def _varies(key: str, trials: tuple[TrialRecord, ...]) -> bool:
    """Return whether two trials had different values."""
    return len({trial.params[key] for trial in trials if key in trial.params}) > 1


def _is_number(value: Value) -> bool:
    """Return whether this is a finite number."""
    number = numeric(value)
    return number == number and abs(number) != float("inf")
