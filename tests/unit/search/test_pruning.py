"""When a trial may be ended at all."""

from __future__ import annotations

import optuna
import pytest

from cutscore.config.parts import build_part
from cutscore.errors import RunPruned
from cutscore.search.pruning import end_if_hopeless, make_pruner

TARGET = "cutscore.config.search_settings.SearchSettings"


@pytest.mark.parametrize("pruner", ["race", "median", "successive_halving"])
def test_a_space_cannot_have_every_trial_ended(pruner):
    settings = build_part(
        "search", {"_target_": TARGET, "pruner": pruner, "pruner_startup_trials": 0}
    )
    study = optuna.create_study(pruner=make_pruner(settings, folds=3))

    def folds_of(cost):
        trial = study.ask()
        for step in (1, 2, 3):
            try:
                end_if_hopeless(study, trial, settings, cost, step, 3, lambda: "it costs more")
            except RunPruned:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                return step
        study.tell(trial, cost)
        return 3

    # Only when one is complete is there anything to be worse than.
    assert folds_of(5.0) == 3
    assert [folds_of(cost) for cost in (6.0, 7.0)] == [1, 1]
