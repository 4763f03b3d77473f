"""Whole requests with a search, through the composer and the words of the command line."""

from __future__ import annotations

import pytest

from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers
from cutscore.errors import RequestError
from cutscore.search.checks import grid_faults
from cutscore.search.space import parse_space, space_of
from cutscore.sweep.cells import plan_request

EXPERIMENT = """\
# @package _global_
defaults:
  - override /search: lightgbm
search:
  trials: 7
  space:
    model:
      params: {num_leaves: "range(4, 9)"}
    model.params.reg_alpha: off
    +model.params.path_smooth: interval(0, 1)
"""
OFF = "n_estimators max_depth min_child_samples subsample colsample_bytree reg_alpha reg_lambda"


@pytest.fixture(scope="module")
def composer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    (folder / "conf" / "experiment").mkdir(parents=True)
    (folder / "conf" / "experiment" / "mine.yaml").write_text(EXPERIMENT)
    return Composer(find_layers(working_dir=folder))


@pytest.fixture
def planned(composer):
    """Plan a request and return its cells' plans."""

    def plan(*words, multirun=False):
        return [cell.plan for cell in plan_request(composer, words, multirun=multirun).cells]

    return plan


@pytest.fixture
def refused(planned):
    """Plan a wrong request and return its faults by setting."""

    def plan(*words):
        with pytest.raises(RequestError) as caught:
            planned(*words)
        return {
            fault.setting.removeprefix("search.space."): str(fault) for fault in caught.value.faults
        }

    return plan


def test_entries_of_the_command_line_merge_with_those_of_the_option(planned):
    [plan] = planned(
        "search=lightgbm",
        'search.space={model.params.learning_rate:"interval(0.1,0.2)",sampling:"choice(none,smote)"}',
        "search.space.model.params.num_leaves='range(4,9)'",
        f"search.space={{{','.join(f'model.params.{name}:off' for name in OFF.split())}}}",
    )
    assert space_of(plan).described() == {
        "model.params.learning_rate": "interval(0.1, 0.2)",
        "model.params.num_leaves": "range(4, 9)",
        "sampling": "choice(none, smote)",
    }


def test_an_experiment_brings_a_search_that_can_be_turned_off(planned):
    [plan] = planned("experiment=mine", 'search.space={model.params.num_leaves:"range(5,7)"}')
    described = space_of(plan).described()
    assert described["model.params.num_leaves"] == "range(5, 7)"
    assert described["model.params.path_smooth"] == "interval(0.0, 1.0)"
    assert "model.params.reg_alpha" not in described
    assert plan.search.trials == 7
    [plain] = planned("experiment=mine", "search=none")
    assert plain.search is None
    assert plain.fingerprint("digest") == plan.fingerprint("digest"), "a search is no part of it"
    assert plain.config["search"] == {"_target_": "cutscore.config.search_settings.NoSearch"}


def test_every_cell_of_a_sweep_has_the_search(planned):
    plans = planned(
        "features=baseline,domain",
        "search=custom",
        'search.space={sampling:"choice(none,balanced)",threshold.beta:"interval(1,3)"}',
        multirun=True,
    )
    assert [plan.choices["features"] for plan in plans] == ["baseline", "domain"]
    assert [space_of(plan).described() for plan in plans] == [
        {"sampling": "choice(none, balanced)", "threshold.beta": "interval(1.0, 3.0)"}
    ] * 2


def test_everything_wrong_with_a_space_is_told_at_once(refused):
    found = refused(
        "search=custom",
        "search.trials=0",
        "model.params.max_depth=4",
        "search.space={model.params.learning_rate:'interval(-1,0.1)',seed:'range(1,4)',"
        "model.params.num_leaves:'interval(20,150)',sampling:'choice(none,balancd)',"
        "model.params.nleaves:'range(1,4)',cost.false_negative:'interval(1,4)',"
        "model.params.reg_alpha:'interval(3,1)',model.params.max_depth:'range(3,9)',"
        "calibration:'interval(0,1)',model.params.subsampel:off}",
    )
    expected = {
        "search.trials": "greater than or equal to 1",
        "model.params.learning_rate": "allows -1.0, which is refused: params.learning_rate must be",
        "seed": "luckiest",
        "model.params.num_leaves": "write range(low, high + 1)",
        "sampling": 'Did you mean "balanced"',
        "model.params.nleaves": 'Did you mean "model.params.num_leaves"',
        "cost.false_negative": "could not be compared",
        "model.params.reg_alpha": "holds no value",
        "model.params.max_depth": "also sets model.params.max_depth=4",
        "calibration": "isotonic",
        "model.params.subsampel": 'Did you mean "model.params.subsample"',
    }
    assert set(found) == set(expected)
    assert [key for key, words in expected.items() if words not in found[key]] == []


def test_a_space_for_another_model_says_so(refused):
    found = refused("search=lightgbm", "model=xgboost")
    assert set(found) == {"model.params.num_leaves", "model.params.min_child_samples"}
    assert "choose search=xgboost" in found["model.params.num_leaves"]


def test_a_setting_that_only_one_choice_has_is_told_with_another_way(refused):
    space = 'sampling:"choice(none,smote)",sampling.neighbours:"range(3,9)"'
    found = refused("search=custom", f"search.space={{{space}}}")
    told = found["sampling.neighbours"]
    assert "only sampling=smote has this setting" in told
    assert "cutscore run -m sampling=none,smote" in told


def test_values_that_do_not_go_together_are_told(refused):
    found = refused(
        "search=custom",
        "search.space={model:'choice(lightgbm,xgboost)',model.params.num_leaves:'range(3,9)'}",
    )
    assert "model=xgboost model.params.num_leaves=8 do not go together" in found["search.space"]


def test_what_the_metric_measures_cannot_be_searched(refused):
    words = ["search=custom", "search.space.threshold.beta='interval(1,3)'"]
    assert "crossfit_fbeta" in refused(*words, "search.metric=crossfit_fbeta")["threshold.beta"]


def test_a_grid_needs_values_that_can_be_counted(refused):
    found = refused(
        "search=lightgbm", "search.sampler=grid", "search.space={model.params.num_leaves:off}"
    )
    assert "model.params.learning_rate" in found
    assert "model.params.max_depth" not in found


def test_a_grid_that_cannot_be_laid_out_is_refused():
    [fault] = grid_faults(parse_space({"a": "range(500)", "b": "range(500)"}))
    assert "250,000 points" in str(fault)


@pytest.mark.parametrize(
    ("words", "setting", "hint"),
    [
        (["search=custom"], "search.space", "it is empty"),
        (["search=lightgb"], "search", 'Did you mean "lightgbm"'),
        (["search.trials=5"], "search.trials", "no search"),
        (["search.space.sampling='choice(none,smote)'"], "search.space", "no search"),
        (["search=custom", "search.space.sampling=choice(none,smote)"], "sampling", "quotes"),
        (["search=custom", "search.space={sampling:choice(none,smote)}"], "search.space", "Quote"),
        (["search=custom", "~search.space.sampling"], "sampling", "{sampling:off}"),
    ],
)
def test_a_search_that_is_not_said_right_is_explained(refused, words, setting, hint):
    found = refused(*words)
    assert set(found) == {setting}
    assert hint in found[setting]
