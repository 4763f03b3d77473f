"""A model cut anew on later rows: a version with its evidence, linked to where it came from."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cutscore.delivery import recutting
from cutscore.delivery.bare import prove
from cutscore.delivery.finding import load_from
from cutscore.delivery.gate import PromotionGate
from cutscore.delivery.promoting import Wish, promote
from cutscore.delivery.recutting import recut
from cutscore.errors import RequestError
from cutscore.runs.lookups import artifact_text
from cutscore.runs.values import missing_from_record


@pytest.fixture
def store(credit):
    return credit.store()


@pytest.fixture
def later(loans_csv, tmp_path, monkeypatch):
    """The loans, of which twice as many were not paid back; the last ones are not known yet."""
    monkeypatch.setattr(recutting, "FEWEST", 20)
    frame = pd.read_csv(loans_csv)
    weak = np.random.default_rng(1).random(len(frame)) < 0.12
    frame["defaulted"] = (frame["defaulted"].astype(bool) | weak).astype(float)
    frame.loc[frame.index[-30:], "defaulted"] = np.nan
    frame.to_csv(tmp_path / "later.csv", index=False)
    return tmp_path / "later.csv", frame


def test_the_classifier_stays_and_threshold_and_evidence_are_new(credit, store, later):
    path, frame = later
    parent = load_from(store, credit.runs["few"])
    made = recut(store, credit.runs["few"], path, "defaulted")
    assert (made.version, made.rows, made.unlabelled) == ("tests/1", len(frame) - 30, 30)
    assert made.positives == frame["defaulted"].sum()
    new = load_from(store, "tests/1")
    rows = frame.drop(columns="defaulted")
    before, after = (each.decide(rows, ignore_unknown=True) for each in (parent, new))
    assert (before.score == after.score).all()
    assert new.threshold == made.threshold
    known = frame["defaulted"].notna().to_numpy()
    rate = frame["defaulted"].mean()
    assert after.probability[known].mean() == pytest.approx(rate, abs=0.02)
    target = frame["defaulted"][known].to_numpy()
    spent = np.where(before.flagged[known], target == 0, 10.0 * target)
    assert made.old_cost == pytest.approx(spent.mean())
    detail = store.read(made.run_id)
    assert missing_from_record(detail) == []
    document = json.loads(artifact_text(store, made.run_id, "threshold.json"))
    assert document["crossfit"]["cost_per_row"] == made.new_cost
    assert "later rows" in document["notes"][0]
    assert detail.summary.tags["recut_of_run"] == credit.runs["few"]
    assert new.model.reference.scored.base_rate == pytest.approx(rate)
    assert new.model.reference.rows == len(frame)
    dry = promote(store, "tests/1", PromotionGate(), Wish("champion", prover=prove, dry_run=True))
    assert dry.refused == ()


@pytest.mark.parametrize(
    ("change", "target", "message"),
    [
        (lambda f: f[f["defaulted"] != 1], "defaulted", "only 0 rows are of class 1"),
        (
            lambda f: f[f["defaulted"] == 1].head(9),
            "defaulted",
            "only 9 rows are of class 1 and 0 rows are of class 0, ",
        ),
        (lambda f: f.assign(defaulted=2), "defaulted", "defaulted: 0 or 1 is needed"),
        (lambda f: f.drop(columns="age"), "defaulted", "age: the column is missing"),
        (lambda f: f, "defualted", 'no column "defualted". Did you mean "defaulted"'),
    ],
)
def test_rows_that_cannot_carry_it_are_refused(credit, store, later, change, target, message):
    path, frame = later
    change(frame).to_csv(path, index=False)
    before = len(store.find())
    with pytest.raises(RequestError) as error:
        recut(store, credit.runs["few"], path, target)
    assert message in str(error.value)
    assert len(store.find()) == before
    assert store.registry.models() == []
