"""Slots, samplers and patience on real studies in memory."""

from __future__ import annotations

import optuna
import pytest

from cutscore.config.search_settings import SearchSettings
from cutscore.search.locks import StorageLock
from cutscore.search.sampler import SlotSampler
from cutscore.search.slots import DIED, SLOT, finished, free_slot, take_slot
from cutscore.search.worker import _since_best

OWNER = {"host": "here", "pid": "1"}


@pytest.fixture
def study():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(sampler=SlotSampler(SearchSettings(startup_trials=2)))


@pytest.fixture
def lock(tmp_path):
    return StorageLock(f"sqlite:///{tmp_path / 'optuna.db'}")


def value(trial):
    return trial.suggest_float("x", 0, 1) + trial.suggest_int("n", 0, 9)


def test_slots_run_out(study, lock):
    taken = [take_slot(study, lock, 3, OWNER) for _ in range(4)]
    assert [trial.user_attrs[SLOT] for trial in taken[:3]] == [0, 1, 2]
    assert taken[3] is None
    assert all(trial.user_attrs["pid"] == "1" for trial in taken[:3])


def test_slot_of_a_dead_trial_is_taken_again_with_the_same_values(study, lock):
    trials = [take_slot(study, lock, 2, OWNER) for _ in range(2)]
    values = [value(trial) for trial in trials]
    study.tell(trials[1], values[1])
    trials[0].set_user_attr(DIED, "process 1 has ended")
    study.tell(trials[0], state=optuna.trial.TrialState.FAIL)
    again = take_slot(study, lock, 2, {**OWNER, "pid": "2"})
    assert again.user_attrs[SLOT] == 0
    assert again.user_attrs["retry_of"] == 0
    assert value(again) == values[0]
    assert take_slot(study, lock, 2, OWNER) is None
    assert [trial.number for trial in finished(study.trials)] == [1]


def test_the_third_that_dies_in_a_slot_uses_it_up(study, lock):
    for died in range(3):
        assert free_slot(study.trials, 1) == 0
        assert finished(study.trials) == []
        trial = take_slot(study, lock, 1, OWNER)
        assert trial.user_attrs.get("retry_of") == (died - 1 if died else None)
        trial.set_user_attr(DIED, "process 1 has ended")
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    assert free_slot(study.trials, 1) is None
    assert [trial.number for trial in finished(study.trials)] == [2]
    assert free_slot(study.trials, 2) == 1


def test_failure_of_its_own_uses_the_slot_up(study, lock):
    study.tell(take_slot(study, lock, 1, OWNER), state=optuna.trial.TrialState.FAIL)
    assert free_slot(study.trials, 1) is None


def test_trial_left_waiting_is_taken_first(study, lock):
    study.enqueue_trial({"x": 0.5}, user_attrs={SLOT: 0, "pid": "dead"})
    trial = take_slot(study, lock, 1, OWNER)
    assert (trial.user_attrs[SLOT], trial.user_attrs["pid"]) == (0, "1")
    assert take_slot(study, lock, 1, OWNER) is None


def test_grid_points_are_dealt_by_slot(study, lock):
    points = [{"x": 0.25, "n": 3}, {"x": 0.75, "n": 1}]
    dealt = [take_slot(study, lock, 2, OWNER, points) for _ in points]
    assert [value(trial) for trial in dealt] == [3.25, 1.75]


def test_sampler_depends_on_slot_and_history_alone(lock):
    def search(interruptions):
        study = optuna.create_study(sampler=SlotSampler(SearchSettings(startup_trials=2)))
        for slot in range(8):
            if slot in interruptions:  # another process takes the slot, proposes, and dies
                study.sampler = SlotSampler(SearchSettings(startup_trials=2))
                lost = take_slot(study, lock, 8, OWNER)
                value(lost)
                lost.set_user_attr(DIED, "killed")
                study.tell(lost, state=optuna.trial.TrialState.FAIL)
                study.sampler = SlotSampler(SearchSettings(startup_trials=2))
            trial = take_slot(study, lock, 8, OWNER)
            study.tell(trial, value(trial))
        return [trial.params for trial in finished(study.trials)]

    assert search(()) == search((3, 6))
    assert len({str(params) for params in search(())}) == 8


def test_patience_counts_from_the_best():
    study = optuna.create_study()
    for loss in (3.0, 1.0, 2.0, None, 1.0):
        trial = study.ask()
        if loss is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, loss)
    assert _since_best(finished(study.trials), lower=True) == 3
    assert _since_best(finished(study.trials), lower=False) == 4
    assert _since_best([], lower=True) == 0
