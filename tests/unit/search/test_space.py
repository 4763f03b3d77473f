from __future__ import annotations

import optuna
import pytest
from optuna.trial import FixedTrial

from cutscore.config.overrides import parse_overrides, texts_of
from cutscore.errors import RequestError
from cutscore.search.space import parse_space

RAW = {
    "model.params.learning_rate": "tag(log, interval(0.01, 0.3))",
    "model": {"params": {"num_leaves": "range(4, 20, 4)", "subsample": "range(0.5, 1.05, 0.1)"}},
    "sampling": "choice(none, balanced)",
    "+model.params.path_smooth": "interval(0, 1)",
}


def test_trials_propose_values_of_every_entry():
    space = parse_space(RAW)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
    seen = []
    for _ in range(60):
        trial = study.ask()
        values = space.suggest(trial)
        assert trial.distributions == {e.key: e.distribution() for e in space.entries}
        study.tell(trial, 0.0)
        seen.append(values)
    assert {one["model.params.num_leaves"] for one in seen} == {4, 8, 12, 16}
    assert {one["model.params.subsample"] for one in seen} == {0.5, 0.6, 0.7, 0.8, 0.9, 1.0}
    assert {one["sampling"] for one in seen} == {"none", "balanced"}
    rates = [one["model.params.learning_rate"] for one in seen]
    assert min(rates) >= 0.01
    assert max(rates) <= 0.3
    assert sum(rate < 0.055 for rate in rates) > 20, "half of a log scale lies below 0.055"


def test_values_become_the_overrides_that_a_person_would_type():
    space = parse_space(RAW)
    values = {
        "model.params.learning_rate": 0.05,
        "model.params.num_leaves": 8,
        "model.params.subsample": 0.7,
        "sampling": "balanced",
        "model.params.path_smooth": 0.25,
    }
    assert space.suggest(FixedTrial(values)) == values
    assert texts_of(space.overrides(values)) == [
        "model.params.learning_rate=0.05",
        "model.params.num_leaves=8",
        "model.params.subsample=0.7",
        "sampling=balanced",
        "+model.params.path_smooth=0.25",
    ]


def test_one_description_for_spellings_of_the_same_space():
    words = {"b": "range(1,6,2)", "a": {"x": "interval(1,2)"}}
    other = {"a.x": " interval( 1.0, 2.0 )", "b": "range(1, 7, 2)"}
    described = parse_space(words).described()
    assert described == {"a.x": "interval(1.0, 2.0)", "b": "range(1, 6, 2)"}
    assert list(described) == ["a.x", "b"]
    assert described == parse_space(other).described() | {"b": "range(1, 6, 2)"}


@pytest.mark.parametrize("off", ["off", " OFF ", False, None])
def test_off_removes_an_entry(off):
    space = parse_space({"a": "range(3)", "b": off})
    assert [entry.key for entry in space.entries] == ["a"]
    assert space.removed == ("b",)


def test_for_a_key_given_twice_the_later_one_wins_and_the_command_line_over_all():
    dotted_first = {"a.x": "range(2)", "a": {"x": "range(3)"}}
    nested_first = {"a": {"x": "range(3)"}, "a.x": "range(2)"}
    assert parse_space(dotted_first).described() == {"a.x": "range(0, 3)"}
    assert parse_space(nested_first).described() == {"a.x": "range(0, 2)"}
    # What composing makes of `search.space={a.x:"range(2)"}` keeps the place of the first.
    for typed in ("++search.space={a.x:'range(2)'}", "search.space.a.x='range(2)'"):
        assert parse_space(dotted_first, parse_overrides([typed])).described() == {
            "a.x": "range(0, 2)"
        }
    assert parse_space(dotted_first, parse_overrides(["search.space={a.x:off}"])).entries == ()
    later = ["search.space={a.x:off}", "search.space.a={x:'range(5)'}"]
    assert parse_space(dotted_first, parse_overrides(later)).described() == {"a.x": "range(0, 5)"}


def test_a_grid_holds_every_point_once():
    space = parse_space({"a": "range(1,4)", "b": "choice(x,null)", "c": "range(0,0.3,0.1)"})
    points = space.grid()
    assert space.size == len(points) == 18
    assert len({tuple(point.items()) for point in points}) == 18
    assert {point["c"] for point in points} == {0.0, 0.1, 0.2}
    assert points[0] == {"a": 1, "b": "x", "c": 0.0}


def test_a_grid_names_every_continuous_entry():
    space = parse_space({"a": "interval(1,4)", "b": "range(3)", "c": "tag(log,interval(1,2))"})
    assert space.size is None
    with pytest.raises(RequestError) as caught:
        space.grid()
    found = [fault.setting for fault in caught.value.faults]
    assert found == ["search.space.a", "search.space.c"]


def test_every_entry_that_cannot_be_read_is_told():
    with pytest.raises(RequestError) as caught:
        parse_space({"a": "interval(2,1)", "b": {"c": 4}, "d": "range(3)"})
    assert [fault.setting for fault in caught.value.faults] == [
        "search.space.a",
        "search.space.b.c",
    ]
