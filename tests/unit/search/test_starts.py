"""What is tried first, and what is never tried twice."""

from __future__ import annotations

import math
from collections import Counter

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.search.entry import SpaceEntry
from cutscore.search.locks import StorageLock
from cutscore.search.slots import take_slot
from cutscore.search.space import Space, space_of
from cutscore.search.starts import enqueue_faults, spread_points, twin_of

SPACE = (
    "search.space={model.params.num_leaves:'range(8,64)',model.params.max_depth:'range(8,12)',"
    "sampling:'choice(none,balanced)',model.params.learning_rate:'interval(0.05,0.2)'}"
)


@pytest.fixture(scope="module")
def plan():
    composer = Composer(find_layers(working_dir=packaged_folder()))
    named = "search.enqueue=[{model.params.num_leaves:9},{sampling:balanced}]"
    return compose_plan(composer, parse_overrides(["search=custom", SPACE, named]))


@pytest.fixture(scope="module")
def space(plan):
    return space_of(plan)


def test_what_is_not_named_is_drawn(tmp_path, plan, space):
    lock = StorageLock(f"sqlite:///{tmp_path / 'optuna.db'}")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    points = plan.search_settings.enqueue
    drawn = [space.suggest(take_slot(study, lock, 4, {"pid": "1"}, points)) for _ in range(4)]
    for values, point in zip(drawn, points, strict=False):
        assert values | point == values
        assert 8 <= values["model.params.max_depth"] < 12


@pytest.mark.parametrize(
    ("point", "told"),
    [
        (7, "no mapping"),
        ({}, "no mapping"),
        ({"model.params.num_leafs": 9}, "num_leafs is not in the space"),
        ({"model": {"params": {"num_leaves": 64}}}, "64 is outside of range(8, 64)"),
        ({"sampling": "smote"}, "'smote' is outside of choice(none, balanced)"),
        ({"model.params.max_depth": 9}, "many numbers of trees"),
    ],
)
def test_what_cannot_be_tried_is_told(point, told, space):
    faults = list(enqueue_faults([{"sampling": "none"}, point], space, "model.params.max_depth"))
    assert [fault.setting for fault in faults] == ["search.enqueue[1]"]
    assert told in str(faults[0])


def test_values_of_an_entry():
    steps = SpaceEntry("x", "float", 0.1, 0.9, step=0.2)
    assert steps.allows(0.3)
    assert not steps.allows(0.4)
    whole = SpaceEntry("x", "int", 1, 9, step=2)
    assert whole.allows(3)
    assert not any(whole.allows(value) for value in (2, 3.0, 11, "3", True, None))
    choices = SpaceEntry("x", "categorical", choices=(1, None, "a"))
    assert choices.allows(None)
    assert not choices.allows(True)


KINDS = (
    SpaceEntry("interval", "float", 2.0, 10.0),
    SpaceEntry("log", "float", 1e-4, 1.0, log=True),
    SpaceEntry("steps", "float", 0.1, 0.8, step=0.1),
    SpaceEntry("whole", "int", 3, 34, step=1),
    SpaceEntry("whole_log", "int", 1, 200, step=1, log=True),
    SpaceEntry("choice", "categorical", choices=("a", None, 3, False)),
)


@given(st.floats(0, 1, exclude_max=True), st.sampled_from(KINDS))
def test_each_share_of_a_scale_is_a_value(share, entry):
    assert entry.allows(entry.at(share))
    assert entry.at(0.0) == entry.ends()[0]
    last = entry.high if entry.kind != "categorical" else entry.choices[-1]
    assert entry.at(1 - 2**-53) == (pytest.approx(last) if entry.continuous else last)


@pytest.mark.parametrize("seed", range(3))
def test_the_first_eight_points_leave_no_eighth_of_a_scale_out(seed):
    points = spread_points(Space(KINDS), 8, seed)
    eighths = {
        "interval": lambda x: int(x - 2),
        "log": lambda x: int(2 * math.log10(x * 1e4)),
        "steps": lambda x: round(10 * x) - 1,
        "whole": lambda x: (x - 3) // 4,
    }
    for key, eighth in eighths.items():
        assert sorted(eighth(point[key]) for point in points) == list(range(8))
    assert set(Counter(point["choice"] for point in points).values()) == {2}


def test_points_are_those_of_the_seed_whatever_their_number():
    few, many, other = (spread_points(Space(KINDS), *how) for how in ((3, 1), (20, 1), (20, 2)))
    assert few == many[:3]
    assert len({str(point) for point in (*many, *other)}) == 40
    assert spread_points(Space(()), 5, 1) == []


def test_a_trial_with_the_values_of_one_that_ended_is_known():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))

    def trial_of(x, end):
        study.enqueue_trial({"x": x})
        trial = study.ask()
        trial.suggest_int("x", 0, 9)
        if end is not None:
            study.tell(
                trial, 1.0 if end == "COMPLETE" else None, state=optuna.trial.TrialState[end]
            )
        return trial

    trial_of(1, "FAIL")
    trial_of(2, "COMPLETE")
    trial_of(3, None)
    for x, twin in ((1, None), (2, 1), (3, None)):
        trial = trial_of(x, None)
        assert twin_of(trial, study.get_trials(), ["x"]) == twin
