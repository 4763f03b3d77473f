"""Every YAML in conf/ is composed and built; every strategy has a YAML."""

from __future__ import annotations

import dataclasses
import importlib

import pytest
import yaml
from strategies import LAYERS, classes

import cutscore
from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import EXPERIMENT, GROUPS, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.config.parts import FAMILIES

OPTIONS = [(group, option) for group in GROUPS for option in LAYERS.options(group)]
NEEDED = {
    ("data", "home_credit"): ["data.path=x"],
    ("data", "table"): ["data.path=x.csv", "data.target=y"],
    ("model", "sklearn"): ["model._target_=sklearn.naive_bayes.GaussianNB"],
    ("validation", "grouped"): ["data.group=age"],
    ("validation", "time_ordered"): ["data.time=age"],
    ("features", "polynomial"): [],
    ("search", "custom"): ["search.space.sampling='choice(none,balanced)'"],
}


@pytest.fixture(scope="module")
def composer():
    return Composer(LAYERS)


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_option_builds(composer, group, option):
    overrides = [f"{group}={option}", *NEEDED.get((group, option), [])]
    plan = compose_plan(composer, parse_overrides(overrides))
    assert plan.choices[group] == option


@pytest.mark.parametrize("option", sorted(set(LAYERS.options("search")) - {"none", "custom"}))
def test_a_space_goes_with_the_model_it_is_named_after(composer, option):
    from cutscore.search.space import space_of
    from cutscore.sweep.cells import plan_request

    request = plan_request(composer, [f"search={option}", f"model={option}"], multirun=False)
    assert space_of(request.cells[0].plan).entries


@pytest.mark.parametrize("name", LAYERS.options(EXPERIMENT))
def test_experiment_builds_every_cell(composer, name):
    from cutscore.sweep.cells import plan_request

    request = plan_request(composer, [f"experiment={name}"], multirun=False)
    cells = {"quickstart": 4, "feature_grid": 16, "model_selection": 5}
    cells |= {"home_credit_grid": 16, "home_credit_models": 5}
    assert len(request.cells) == cells.get(name, 1)
    assert len({cell.name for cell in request.cells}) == len(request.cells)


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_setting_has_a_line_in_its_yaml(group, option):
    body = yaml.safe_load(LAYERS.options(group)[option].read_text())
    if body["_target_"] == "???":
        return
    module, _, name = body["_target_"].rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    fields = {field.name for field in dataclasses.fields(cls)}
    assert set(body) - {"_target_", "defaults"} <= fields
    if group not in ("data", "model"):
        assert set(body) - {"_target_"} == fields


TARGETS = [(g, f"{cls.__module__}.{cls.__qualname__}") for g in FAMILIES for cls in classes(g)]


@pytest.mark.parametrize(("group", "target"), TARGETS)
def test_every_strategy_has_a_yaml(group, target):
    bodies = [yaml.safe_load(path.read_text()) for path in LAYERS.options(group).values()]
    assert target in {body["_target_"] for body in bodies}


def test_schema_nodes_do_not_show_among_options(composer):
    for group in GROUPS:
        assert not [name for name in composer.options(group) if name.startswith("_")]


def test_packaged_folder_is_beside_the_code():
    assert (packaged_folder() / "config.yaml").is_file()
    assert cutscore.__version__
