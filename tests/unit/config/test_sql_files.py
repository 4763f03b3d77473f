"""SQL files become part of the composed config, from the highest layer that has them."""

from __future__ import annotations

import pytest
from strategies import LAYERS

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import Layers
from cutscore.config.overrides import parse_overrides
from cutscore.errors import RequestError

ASKED = ["data=home_credit", "data.path=x"]


def data_of(composer, *words):
    return compose_plan(composer, parse_overrides([*ASKED, *words])).config["data"]


def test_the_text_stands_in_the_config_and_more_comes_from_the_command_line():
    plan = compose_plan(
        Composer(LAYERS),
        parse_overrides([*ASKED, '+data.aggregates.bureau.MY_MAX="max(AMT_CREDIT_SUM)"']),
    )
    assert "BUREAU_DEBT_SHARE" in plan.config["data"]["sql"]["bureau"]
    nodes = {node.name: node for node in plan.experiment.data.declaration().nodes}
    names = [each.name for each in nodes["bureau"].aggregates]
    assert {"BUREAU_DEBT_SHARE", "BUREAU_DEBT_SHARE_active", "MY_MAX"} <= set(names)


def test_a_folder_of_ones_own_stands_above(tmp_path):
    own = tmp_path / "data" / "home_credit"
    own.mkdir(parents=True)
    (own / "bureau.sql").write_text("aggregates:\n  LOANS: count(*)\n")
    composer = Composer(Layers((tmp_path, *LAYERS.folders)))
    data = data_of(composer)
    assert data["sql"]["bureau"] == "aggregates:\n  LOANS: count(*)\n"
    assert "PREV_N" in data["sql"]["previous_application"]


def test_a_file_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(RequestError) as raised:
        data_of(Composer(LAYERS), "data.sql.bureau='${sql:home_credit/burau.sql}'")
    assert 'Did you mean "home_credit/bureau.sql"' in str(raised.value)
    assert "data.sql.bureau" in str(raised.value)
