"""Samplers that start anew for each slot, so that a search can be interrupted and go on alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from cutscore.config.search_settings import SearchSettings
from cutscore.search.slots import slot_of

NSGAII_POPULATION = 50


class SlotSampler(BaseSampler):
    """Makes the inner sampler anew for each trial, seeded by the search's seed and the slot.

    What a slot is given then depends on the trials finished before it and on nothing that a
    process remembers. A grid's points are fixed when a slot is taken, so nothing is drawn there.
    """

    def __init__(self, settings: SearchSettings, read_off: str | None = None) -> None:
        """Sample for these settings; `read_off` is a parameter that trials have and none draws."""
        self._settings = settings
        self._read_off = read_off
        self._inner = self._made(0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Make the sampler of this trial's slot."""
        self._inner = self._made(slot_of(trial))
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return what the inner sampler draws together."""
        together = self._inner.infer_relative_search_space(study, trial)
        return {key: drawn for key, drawn in together.items() if key != self._read_off}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw values together."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw one value by itself."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Tell the inner sampler that a trial is finished."""
        self._inner.after_trial(study, trial, state, values)

    def _made(self, slot: int) -> BaseSampler:
        seed = int(np.random.SeedSequence([self._settings.seed, slot]).generate_state(1)[0])
        startup = self._settings.startup_trials
        if self._settings.sampler == "tpe":
            return TPESampler(seed=seed, n_startup_trials=startup)
        if self._settings.sampler == "nsgaii":
            population = max(2, min(NSGAII_POPULATION, startup))
            return NSGAIISampler(seed=seed, population_size=population)
        return RandomSampler(seed=seed)
