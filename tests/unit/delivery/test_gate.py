"""The gate as it is declared: a YAML of conf/promote, or of a folder that ranks above it."""

from __future__ import annotations

import dataclasses

import pytest
import yaml
from strategies import LAYERS

from cutscore.config.parts import build_part
from cutscore.delivery.gate import GROUP, PromotionGate, read_gate
from cutscore.errors import RequestError

GATE = "_target_: cutscore.delivery.gate.PromotionGate\n"


@pytest.mark.parametrize("option", LAYERS.options(GROUP))
def test_every_packaged_gate_is_built_and_names_every_setting(option):
    body = yaml.safe_load(LAYERS.options(GROUP)[option].read_text())
    assert set(body) - {"_target_"} == {field.name for field in dataclasses.fields(PromotionGate)}
    made = build_part(GROUP, body)
    if option == "default":
        assert made == PromotionGate()


def test_a_folder_of_ones_own_ranks_above(in_folder):
    (in_folder / "conf" / "promote").mkdir(parents=True)
    (in_folder / "conf" / "promote" / "strict.yaml").write_text(
        f"{GATE}metric: AUC\ntolerance: 0\n"
    )
    assert read_gate("strict") == PromotionGate("roc_auc", 0.0)
    assert read_gate() == PromotionGate()
    with pytest.raises(RequestError, match=r'"strikt"; there are default, none, strict\. Did you'):
        read_gate("strikt")


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (
            f"{GATE}metric: crossfit_cots\ntolerence: 0\n",
            [
                'promote.tolerence: there is no such setting. Did you mean "tolerance"',
                "crossfit_cost",
            ],
        ),
        (
            f"{GATE}tolerance: -1\ncheck_rows: often\n",
            ["promote.tolerance: -1 is not allowed", "promote.check_rows: 'often' is not allowed"],
        ),
        (
            f"{GATE}metric: threshold\n",
            ["no metric 'threshold'"],
        ),
        ("metric: roc_auc\n", ["promote._target_: this group needs"]),
        ("_target_: collections.Counter\n", ["Counter is no PromotionGate"]),
        ("a: [\n", ["is not YAML"]),
    ],
)
def test_all_that_is_wrong_with_a_gate_is_told(in_folder, body, messages):
    (in_folder / "conf" / "promote").mkdir(parents=True)
    (in_folder / "conf" / "promote" / "default.yaml").write_text(body)
    with pytest.raises(RequestError) as caught:
        read_gate()
    assert [message for message in messages if message not in str(caught.value)] == []
