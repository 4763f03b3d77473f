from __future__ import annotations

import pytest

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError

OWN = "_target_: cutscore.cost.fixed.FixedCost\nfalse_negative: {}\nfalse_positive: 1\n"


def write_cost(folder, name, value):
    (folder / "cost").mkdir(parents=True, exist_ok=True)
    (folder / "cost" / f"{name}.yaml").write_text(OWN.format(value))
    return folder


def false_negative(layers, option):
    plan = compose_plan(Composer(layers), parse_overrides([f"cost={option}"]))
    return plan.experiment.cost.false_negative


def test_a_local_conf_adds_and_replaces_options(in_folder):
    write_cost(in_folder / "conf", "mine", 7)
    write_cost(in_folder / "conf", "fixed", 8)
    layers = find_layers(working_dir=in_folder)
    assert false_negative(layers, "mine") == 7
    assert false_negative(layers, "fixed") == 8
    assert len(layers.replaced()) == 1
    assert layers.replaced()[0].startswith("cost/fixed")


def test_config_dir_ranks_above_the_local_conf(in_folder):
    write_cost(in_folder / "conf", "fixed", 8)
    write_cost(in_folder / "other", "fixed", 9)
    layers = find_layers(str(in_folder / "other"), in_folder)
    assert false_negative(layers, "fixed") == 9


def test_a_foreign_primary_config_is_refused(in_folder):
    (in_folder / "conf").mkdir()
    (in_folder / "conf" / "config.yaml").write_text("defaults: [{db: mysql}]\n")
    with pytest.raises(RequestError, match="silently replace") as caught:
        find_layers(working_dir=in_folder)
    assert "config.yaml" in caught.value.faults[0].setting


def test_a_copy_of_our_primary_config_is_taken(in_folder):
    (in_folder / "conf").mkdir()
    text = (packaged_folder() / "config.yaml").read_text().replace("seed: 42", "seed: 43")
    (in_folder / "conf" / "config.yaml").write_text(text)
    config = Composer(find_layers(working_dir=in_folder)).compose([])
    assert config.seed == 43


def test_the_packaged_folder_is_no_layer_above_itself():
    layers = find_layers(working_dir=packaged_folder().parent)
    assert layers.folders == (packaged_folder(),)


def test_config_dir_must_be_a_folder(in_folder):
    with pytest.raises(RequestError, match="no folder"):
        find_layers(str(in_folder / "nowhere"), in_folder)
