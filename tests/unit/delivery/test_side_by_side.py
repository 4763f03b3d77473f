"""Two models on the same labelled rows, by hand and as the gate of a promotion."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cutscore.cli import main
from cutscore.delivery.bare import prove
from cutscore.delivery.finding import load_from
from cutscore.delivery.gate import PromotionGate
from cutscore.delivery.promoting import Wish, promote
from cutscore.delivery.recutting import recut
from cutscore.delivery.side_by_side import side_by_side
from cutscore.errors import RequestError


@pytest.fixture
def store(credit):
    return credit.store()


def test_costs_swaps_and_approval_are_those_of_counting_by_hand(
    credit, store, loans_csv, tmp_path, capsys, monkeypatch
):
    frame = pd.read_csv(loans_csv)
    flipped = np.random.default_rng(2).random(len(frame)) < 0.3
    frame["defaulted"] = np.where(flipped, 1, frame["defaulted"])
    frame.to_csv(tmp_path / "later.csv", index=False)
    run = credit.runs["few"]
    promote(store, run, PromotionGate(), Wish("champion", prover=prove))
    new = recut(store, run, tmp_path / "later.csv", "defaulted")
    first, second = load_from(store, new.version), load_from(store, "champion")
    made = side_by_side(first, second, tmp_path / "later.csv", "defaulted")

    rows, target = frame.drop(columns="defaulted"), frame["defaulted"].to_numpy()
    a, b = (each.decide(rows, ignore_unknown=True).flagged for each in (first, second))
    costs = [np.where(f, target == 0, 10.0 * target).mean() for f in (a, b)]
    assert made.cost_per_row == pytest.approx(costs)
    assert made.difference[0] == pytest.approx(costs[0] - costs[1])
    assert made.difference[1] < made.difference[0] < made.difference[2] < 0
    assert made.approval == pytest.approx([1 - a.mean(), 1 - b.mean()])
    assert made.swaps.only_this.size == (a & ~b).sum()
    assert made.swaps.only_this.positives == target[a & ~b].sum()
    assert made.verdict == f"{new.version} is cheaper"

    uri = ["--store", store.uri, "--target", "defaulted"]
    assert main(["models", "compare", new.version, "champion", f"{tmp_path}/later.csv", *uri]) == 0
    assert f"{new.version} is cheaper" in capsys.readouterr().out
    words = ["models", "compare", new.version, "champion", f"{tmp_path}/later.csv", "--json", *uri]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["swap_set"]["only_this"]["size"] == made.swaps.only_this.size

    asked = {"prover": prove, "rows": tmp_path / "later.csv", "target": "defaulted"}
    passed = promote(store, new.version, PromotionGate(), Wish("champion", **asked))
    assert passed.done, passed.refused
    assert "95 % interval" in passed.checks[-1].found
    back = promote(store, run, PromotionGate(), Wish("champion", **asked))
    assert [check.name for check in back.refused] == ["comparison"]
    assert "at most 1.00% more is allowed" in back.refused[0].found


def test_models_of_other_costs_are_not_compared(credit, store, loans_csv):
    from dataclasses import replace

    from cutscore.cost.fixed import FixedCost

    one = load_from(store, credit.runs["few"])
    other = load_from(store, credit.runs["few"])
    other.model = replace(other.model, prices=FixedCost(3.0, 1.0))
    with pytest.raises(RequestError, match="were kept with other costs"):
        side_by_side(one, other, loans_csv, "defaulted")
