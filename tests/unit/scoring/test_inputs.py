"""The file that says what a kept model takes."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest

from cutscore.data.table import TableSource
from cutscore.errors import StoreError
from cutscore.features.combined import Combined
from cutscore.features.derivation import derivation_of
from cutscore.features.domain import Domain
from cutscore.preparation import fit_preparation
from cutscore.records import RawColumn, RawTable, Table
from cutscore.scoring.inputs import INPUTS_JSON, Inputs, inputs_of, load_inputs

RAW = RawTable(
    (
        RawColumn("income", reading={"kind": "number", "decimal": ",", "thousands": "."}),
        RawColumn("day", "date"),
        RawColumn("Größe", "category", ("klein", '"quoted"')),
    ),
    ("bad", "id"),
    "id",
    ("", "NA"),
)
INPUTS = Inputs(
    RAW,
    derivation_of(Combined({"HALF": "income / 2"}, ("income", "day"))),
    {"income": (float(np.float32(0.1)), 1e30), "day": (-3.5, 2.0**40)},
)


def test_what_was_saved_is_loaded_to_the_last_digit(tmp_path):
    INPUTS.save(tmp_path)
    found = load_inputs(tmp_path)
    assert found.raw == RAW
    assert found.ranges == INPUTS.ranges
    assert found.derivation.to_json() == INPUTS.derivation.to_json()


def test_sources_are_the_raw_columns_of_a_made_one():
    made = derivation_of(Combined({"SUM": 'income + "Größe"::INTEGER'}, ("income", "day")))
    assert set(made.sources("SUM")) == {"income", "Größe"}
    assert made.sources("income^2") == ("income",)
    assert made.sources("income*day") == ("income", "day")
    assert made.sources("income") == ()


def test_models_of_older_versions_have_no_such_file(tmp_path):
    assert load_inputs(tmp_path) is None


@dataclass(frozen=True)
class TheirFeatures(Domain):
    """A features class of a user's own, which does more than the one it is made from."""

    def build(self, dataset):
        made = super().build(dataset)
        return Table(made.columns, made.values * np.float32(2))


def test_features_of_a_users_own_class_are_taken_as_they_are_with_their_labels(loans_csv):
    labels = {"income": "monthly income", "HALF": "half of it"}
    data = TableSource(
        path=str(loans_csv), target="defaulted", labels=labels, domain={"HALF": "income / 2"}
    ).load()
    for kind, more in ((TheirFeatures, ("HALF",)), (Domain, ())):
        strategy = kind({"HALF": "income / 2"})
        table = strategy.build(data)
        everyone = np.arange(data.rows)
        made = fit_preparation(table, everyone, impute=False, encode=False, scale=False)
        found = inputs_of(data, strategy, made)
        assert [raw.name for raw in found.raw.columns] == [*data.table.names, *more]
        assert found.raw.labels == labels


def changed(**changes):
    return lambda state: json.dumps(state | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lambda _: "{", "is damaged"),
        (lambda _: "[]", "is damaged"),
        (changed(format=99), "has format 99, this version of Cutscore reads format"),
        (changed(columns=[{"name": "income"}]), "is damaged: 'levels'"),
        (changed(columns=7), "is damaged"),
        (changed(ranges={"income": [1]}), "is damaged"),
        (changed(features={"expressions": {}}), "features are damaged: 'products'"),
        (
            changed(features={"expressions": {"X": "read_text('/etc/passwd')"}, "products": []}),
            "an expression is not allowed",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, text, message):
    INPUTS.save(tmp_path)
    path = tmp_path / INPUTS_JSON
    path.write_text(text(json.loads(path.read_text())))
    with pytest.raises(StoreError, match=message):
        load_inputs(tmp_path)
