from __future__ import annotations

import sys
from shlex import quote

import pytest

from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers
from cutscore.errors import RequestError
from cutscore.sweep.cells import plan_request


@pytest.fixture
def composer(in_folder):
    return Composer(find_layers(working_dir=in_folder))


def faults(composer, *overrides, multirun=False):
    with pytest.raises(RequestError) as caught:
        plan_request(composer, overrides, multirun=multirun)
    return {fault.setting: str(fault) for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("override", "setting", "hint"),
    [
        ("samplng=smote", "samplng", 'Did you mean "sampling"'),
        ("sampling=smot", "sampling", 'Did you mean "smote"'),
        ("model.params.nestimators=3", "model.params.nestimators", "model.params.n_estimators"),
        ("validation.fold=3", "validation.fold", 'Did you mean "validation.folds"'),
        ("experment=quickstart", "experment", 'Did you mean "experiment"'),
        ("experiment=quickstrt", "experiment", 'Did you mean "quickstart"'),
        ("validation.folds=five", "validation.folds", "integer"),
        ("validation.folds=1", "validation.folds", "greater than or equal to 2"),
        ("cost.false_negative=-1", "cost.false_negative", "greater than or equal to 0"),
        ("cost.false_negative=lots", "cost.false_negative", "number"),
        ("seed=-1", "seed", "0 to 2^31"),
        ("threads=0", "threads", "from 1"),
        ("model.refit=maybe", "model.refit", "best"),
        ("tracking.uri=ftp://x/y", "tracking", "sqlite"),
        ("model._target_=no.such.Class", "model._target_", "cannot be imported"),
        ("features._target_=builtins.dict", "features._target_", "build"),
    ],
)
def test_a_bad_setting_is_named_with_what_is_allowed(composer, override, setting, hint):
    found = faults(composer, override)
    assert any(key.startswith(setting) for key in found), found
    assert hint in " ".join(found.values())


def test_all_faults_come_at_once(composer):
    found = faults(
        composer, "samplng=smote", "features=domian", "validation.folds=one", "model.parms.x=1",
        "cost.false_negative=-1", "x y",
    )  # fmt: skip
    expected = {
        "samplng", "features", "validation.folds", "model.parms.x", "cost.false_negative", '"x y"',
    }  # fmt: skip
    assert set(found) == expected


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (("folds=0", "period=month", "gap=1.5"), {"validation.folds", "validation"}),
        (("window=3", "period=5"), {"validation.period"}),  # which may be meant to go with a window
    ],
)
def test_faults_between_settings_come_with_those_of_single_ones(composer, words, settings):
    words = ["validation=time_ordered", "data.time=x", *(f"validation.{each}" for each in words)]
    assert set(faults(composer, *words)) == settings


def test_all_zero_costs_are_refused(composer):
    found = faults(composer, "cost.false_negative=0", "cost.false_positive=0")
    assert "all 0" in found["cost"]


def test_a_group_scheme_needs_a_group_column(composer):
    assert "data.group" in faults(composer, "validation=grouped")
    assert "data.time" in faults(composer, "validation=time_ordered")


def test_a_comma_without_multirun_says_what_to_add(composer):
    assert "-m" in faults(composer, "features=baseline,domain")["overrides"]


def test_every_bad_cell_of_a_sweep_is_told(composer):
    found = faults(composer, "features=baseline,domian,foo", "sampling=nine", multirun=True)
    assert set(found) == {"features", "sampling"}


def test_a_setting_that_one_cell_lacks_names_the_cell(composer):
    found = faults(composer, "sampling=smote,none", "sampling.neighbours=3", multirun=True)
    assert "sampling=none" in found["sampling.neighbours"]


def test_other_sweepers_are_refused(composer, monkeypatch):
    assert "hydra/sweeper" in faults(composer, "hydra/sweeper=optuna")


def test_sweep_keys_and_names(composer):
    request = plan_request(
        composer, ["features=domain,baseline", "model=xgboost,dummy"], multirun=True
    )
    assert request.swept == ("features", "model")
    assert [cell.name for cell in request.cells] == [
        "exp01_cv_domain_none_xgboost",
        "exp02_cv_domain_none_dummy",
        "exp03_cv_baseline_none_xgboost",
        "exp04_cv_baseline_none_dummy",
    ]


def test_the_command_line_wins_over_an_experiments_grid(composer):
    request = plan_request(
        composer, ["experiment=feature_grid", "sampling=none,balanced"], multirun=False
    )
    assert request.multirun
    assert len(request.cells) == 8


def test_an_expression_can_be_added_without_python(composer):
    request = plan_request(
        composer, ["features=domain", '+data.domain.LATE="age + 1"'], multirun=False
    )
    assert request.cells[0].plan.experiment.features.expressions["LATE"] == "age + 1"


def test_a_sklearn_style_target_is_wrapped(composer):
    request = plan_request(
        composer,
        ["model=sklearn", "model._target_=sklearn.naive_bayes.GaussianNB"],
        multirun=False,
    )
    assert request.cells[0].plan.experiment.model.estimator == "sklearn.naive_bayes.GaussianNB"


@pytest.mark.parametrize(
    ("body", "lacking"),
    [
        ("def sample(self, training): ...", "it has no check()."),
        (
            "def check(self, target_train): ...\n    def sample(self, training): ...",
            "it has no needs_complete and no synthesises.",
        ),
    ],
)
def test_what_a_strategy_of_the_users_own_lacks_is_named(
    in_folder, composer, monkeypatch, body, lacking
):
    monkeypatch.syspath_prepend(in_folder)
    (in_folder / "own_sampler.py").write_text(f"class Mine:\n    {body}\n")
    found = faults(composer, "sampling._target_=own_sampler.Mine")["sampling._target_"]
    sys.modules.pop("own_sampler")
    assert lacking in found
    assert "cutscore.sampling.Sampler says what there must be" in found


def test_a_grid_may_name_options_by_a_pattern(composer):
    request = plan_request(composer, ["sampling=glob(*smote*)"], multirun=True)
    assert [cell.plan.choices["sampling"] for cell in request.cells] == [
        "smote",
        "smote_undersample",
    ]


@pytest.mark.parametrize("word", ["sampling=glob(zz*)", "seed=glob(*)", "seed=range(3, 1)"])
def test_a_sweep_over_nothing_is_told(composer, word):
    key = word.partition("=")[0]
    assert "stands for no value" in faults(composer, word, multirun=True)[key]


@pytest.fixture
def two_experiments(in_folder):
    """Two named experiments with grids of their own, and a third with none."""
    folder = in_folder / "conf" / "experiment"
    folder.mkdir(parents=True)
    grid = "hydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n"
    head = "# @package _global_\n"
    first = f"{head}seed: 1\nthreads: 1\n{grid}      sampling: none,balanced\n"
    (folder / "first.yaml").write_text(first)
    second = f"{head}seed: 2\ncost: {{false_negative: 7}}\n{grid}      model: xgboost,dummy\n"
    (folder / "second.yaml").write_text(second)
    (folder / "third.yaml").write_text(f"{head}tracking: {{experiment: elsewhere}}\n")
    return Composer(find_layers(working_dir=in_folder))


@pytest.mark.parametrize("word", ["first,second", "glob([f*rst,sec*])"])
def test_each_experiment_of_a_sweep_runs_its_own_grid(two_experiments, word):
    request = plan_request(two_experiments, [f"experiment={word}"], multirun=False)
    assert [cell.name for cell in request.cells] == [
        "exp01_cv_baseline_none_lightgbm_first",
        "exp02_cv_baseline_balanced_lightgbm_first",
        "exp03_cv_baseline_none_xgboost_second",
        "exp04_cv_baseline_none_dummy_second",
    ]
    assert [cell.plan.experiment.seed for cell in request.cells] == [1, 1, 2, 2]
    assert set(request.swept) == {"sampling", "experiment", "model"}
    assert request.experiments == ("first", "second")
    assert request.named
    assert not request.same_costs


def test_the_command_line_wins_over_every_experiments_grid(two_experiments):
    words = ["experiment=first,second", "sampling=smote", "model=dummy"]
    request = plan_request(two_experiments, words, multirun=False)
    assert [cell.plan.choices["sampling"] for cell in request.cells] == ["smote", "smote"]
    assert [cell.plan.choices["model"] for cell in request.cells] == ["dummy", "dummy"]


def test_experiments_that_are_kept_apart_are_refused_with_their_commands(two_experiments):
    found = faults(two_experiments, "experiment=first,third", multirun=True)
    assert set(found) == {"tracking.experiment"}
    assert "(cutscore, elsewhere)" in found["tracking.experiment"]
    commands = "cutscore run experiment=first; cutscore run experiment=third"
    assert commands in found["tracking.experiment"]
    words = ["experiment=first,third", "tracking.experiment=both"]
    assert len(plan_request(two_experiments, words, multirun=True).cells) == 3
    assert "-m" in faults(two_experiments, *words)["overrides"]


def test_one_launch_is_asked_for_where_experiments_differ_in_it(two_experiments, in_folder):
    body = "# @package _global_\ndefaults:\n  - override /hydra/launcher: joblib\n"
    (in_folder / "conf" / "experiment" / "side.yaml").write_text(body)
    composer = Composer(find_layers(working_dir=in_folder))
    words = ["experiment=first,side"]
    assert set(faults(composer, *words, multirun=True)) == {"hydra.launcher"}
    given = [*words, "hydra/launcher=basic"]
    assert len(plan_request(composer, given, multirun=True).cells) == 3


def test_cells_of_one_sweep_are_kept_in_one_place(composer):
    found = faults(composer, "tracking.experiment=a,b", multirun=True)
    assert "(a, b)" in found["tracking.experiment"]


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("+experiment=quickstart", "Leave the + out: experiment=quickstart."),
        ("++experiment=quickstart", "Leave the ++ out: experiment=quickstart."),
        ("+sampling=smote", "Leave the + out: sampling=smote."),
        ("+data.target=x", "Leave the + out: data.target=x."),
        ("sampling={neighbours: 3}", "sampling.neighbours=..."),
    ],
)
def test_what_is_written_otherwise_is_told(composer, word, advice):
    key = word.lstrip("+").partition("=")[0]
    assert advice in faults(composer, word)[key]


def test_a_mapping_that_adds_entries_is_told_how_to(composer):
    found = faults(composer, "features=domain", "data.domain={A: 'age + 1', B: age}")
    assert set(found) == {"data.domain.A", "data.domain.B"}
    added, only = "+data.domain={A: 'age + 1', B: age}", ["~data.domain"]
    for words in ([added], [*only, added]):
        for word in words:
            assert quote(word) in found["data.domain.A"]
        request = plan_request(composer, ["features=domain", *words], multirun=False)
        expressions = request.cells[0].plan.experiment.features.expressions
        assert expressions["A"] == "age + 1"
        assert (len(expressions) == 2) == (len(words) == 2)


def test_an_entry_of_an_empty_mapping_is_told_how_to_add_it(composer):
    words = ["data=table", "data.path=x", "data.target=y", "data.domain.A=age"]
    assert (
        "Settings there: none yet. To add one, write +data.domain.A="
        in faults(composer, *words)["data.domain.A"]
    )
