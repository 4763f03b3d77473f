from __future__ import annotations

import pytest

from cutscore.cli.help import run_help
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


def test_an_unreadable_primary_config_is_told(in_folder):
    (in_folder / "conf").mkdir()
    (in_folder / "conf" / "config.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RequestError, match="not YAML"):
        find_layers(working_dir=in_folder)


def test_help_comes_where_the_folder_is_another_projects(in_folder):
    (in_folder / "conf").mkdir()
    (in_folder / "conf" / "config.yaml").write_text("defaults: [{db: mysql}]\n")
    told = run_help(["--help"])
    assert "silently replace" in " ".join(told.split())
    assert "CUTSCORE_CONF=" in told
    assert "give_me_some_credit" in told
    assert "no folder nowhere" in " ".join(run_help(["--config-dir", "nowhere"]).split())


def test_the_environment_leaves_the_local_folder_out_or_names_another(in_folder, monkeypatch):
    (in_folder / "conf").mkdir()
    (in_folder / "conf" / "config.yaml").write_text("defaults: [{db: mysql}]\n")
    write_cost(in_folder / "other", "mine", 7)
    monkeypatch.setenv("CUTSCORE_CONF", "")
    assert find_layers(working_dir=in_folder).folders == (packaged_folder(),)
    monkeypatch.setenv("CUTSCORE_CONF", "other")
    assert find_layers(working_dir=in_folder).folders == (in_folder / "other", packaged_folder())
    monkeypatch.setenv("CUTSCORE_CONF", "nowhere")
    with pytest.raises(RequestError, match="CUTSCORE_CONF: there is no folder nowhere"):
        find_layers(working_dir=in_folder)


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
