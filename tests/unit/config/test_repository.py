from __future__ import annotations

import os

import pytest
from hydra._internal.config_repository import ConfigRepository
from omegaconf import OmegaConf
from strategies import LAYERS

from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers
from cutscore.config.overrides import parse_overrides


@pytest.mark.parametrize("words", [["experiment=home_credit_grid"], ["cost=columns", "seed=7"]])
def test_a_config_is_what_hydras_own_repository_gives_each_time(words):
    composer = Composer(LAYERS)
    loader = composer.hydra.config_loader
    kept = loader.repository
    loader.repository = ConfigRepository(loader.get_search_path())
    expected = OmegaConf.to_container(composer.compose(parse_overrides(words)))
    loader.repository = kept
    for _ in range(2):
        composer.compose([])  # what was composed before leaves nothing behind
        composed = composer.compose(parse_overrides(words))
        assert OmegaConf.to_container(composed) == expected


def test_a_file_that_has_changed_is_read_again(tmp_path):
    option = tmp_path / "conf" / "cost" / "mine.yaml"
    option.parent.mkdir(parents=True)
    text = "_target_: cutscore.cost.fixed.FixedCost\nfalse_negative: {}\nfalse_positive: 1\n"
    composer = Composer(find_layers(working_dir=tmp_path))
    for number, cost in enumerate((3, 4)):
        option.write_text(text.format(cost))
        os.utime(option, (number, number))
        composed = composer.compose(parse_overrides(["cost=mine", f"seed={number}"]))
        assert composed.cost.false_negative == cost
