"""The look-alike of Home Credit, made when it is asked for and read by its declaration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from strategies import LAYERS

from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.overrides import parse_overrides
from cutscore.data.relational.new_rows import TableInputs
from cutscore.features.domain import Domain
from cutscore.features.polynomial import Polynomial
from cutscore.scoring.door import Door
from cutscore.scoring.inputs import Inputs


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Home Credit's declaration over 300 made applicants."""
    asked = ["data=home_credit_synthetic", "data.applicants=300"]
    data = compose_plan(Composer(LAYERS), parse_overrides(asked)).experiment.data
    place = tmp_path_factory.mktemp("made")
    return replace(data, path=str(place / "made"), cache=str(place / "cache"))


@pytest.fixture(scope="module")
def data(source):
    return source.load()


@pytest.fixture(scope="module")
def tables(source, data):
    return {path.stem: pq.read_table(path).to_pandas() for path in Path(data.source).iterdir()}


def column(data, name):
    return data.table.values[:, data.table.names.index(name)].astype(float)


def test_there_is_one_row_for_each_applicant(data, tables):
    people = tables["application_train"].sort_values("SK_ID_CURR")
    assert data.ids.tolist() == people["SK_ID_CURR"].tolist()
    assert data.target.tolist() == people["TARGET"].tolist()
    assert len(data.table.names) > 180
    assert not {"TARGET", "SK_ID_CURR"} & set(data.table.names)


def test_aggregates_are_what_pandas_makes_of_the_tables(data, tables):
    bureau = tables["bureau"].groupby("SK_ID_CURR")
    counted = bureau.size().reindex(data.ids, fill_value=0)
    np.testing.assert_array_equal(column(data, "BUREAU_N"), counted)
    debt, credit = (
        bureau[name].sum(min_count=1) for name in ("AMT_CREDIT_SUM_DEBT", "AMT_CREDIT_SUM")
    )
    np.testing.assert_allclose(
        column(data, "BUREAU_DEBT_SHARE"), (debt / credit).reindex(data.ids), rtol=1e-6
    )
    paid = tables["installments_payments"]
    instalments = paid.groupby(["SK_ID_CURR", "SK_ID_PREV", "NUM_INSTALMENT_NUMBER"]).agg(
        day=("DAYS_ENTRY_PAYMENT", "max"), due=("DAYS_INSTALMENT", "max")
    )
    late = (instalments["day"] - instalments["due"]).clip(lower=0)
    mean = late.groupby("SK_ID_CURR").mean().reindex(data.ids)
    np.testing.assert_allclose(column(data, "INST_LATE_MEAN"), mean, rtol=1e-6)
    last = tables["previous_application"].sort_values("DAYS_DECISION").groupby("SK_ID_CURR")
    refused = last["NAME_CONTRACT_STATUS"].apply(lambda each: (each == "Refused").mean())
    np.testing.assert_allclose(
        column(data, "PREV_REFUSED_SHARE"), refused.reindex(data.ids), rtol=1e-6
    )


def test_sentinels_are_missing_and_categories_stay_categories(data, tables):
    people = tables["application_train"].sort_values("SK_ID_CURR")
    idle = (people["DAYS_EMPLOYED"] == 365243).to_numpy()
    assert idle.any()
    np.testing.assert_array_equal(np.isnan(column(data, "DAYS_EMPLOYED")), idle)
    np.testing.assert_array_equal(column(data, "NOT_EMPLOYED"), idle)
    kinds = {each.name: each.levels for each in data.table.columns}
    assert "XNA" not in kinds["ORGANIZATION_TYPE"]
    assert kinds["REGION_RATING_CLIENT"] == ("1", "2", "3")
    assert kinds["PREV_LAST_PRODUCT"]


def test_ratios_and_products_are_made_of_it(source, data):
    domain = Domain(source.domain).build(data)
    assert len(source.domain) == 28
    assert len(domain.names) == len(data.table.names) + 28
    assert len(Polynomial(source.polynomial).build(data).names) == len(data.table.names) + 10


def test_applicants_given_by_their_tables_have_the_bits_of_training(data, tables):
    inputs = TableInputs.from_json(data.tables)
    given = {name: tables[name] for name in inputs.sources}
    door = Door(Inputs(data.raw, tables=inputs))
    together = door.arrow(inputs.features_for(given, door.wanted).rows)
    order = np.argsort(together.ids)
    assert together.table.values[order].tobytes() == data.table.values.tobytes()
    for at in range(0, 300, 10):
        own = {
            name: rows[rows["SK_ID_CURR"] == data.ids[at]]
            for name, rows in given.items()
            if "SK_ID_CURR" in rows
        }
        months = given["bureau_balance"]
        loans = own["bureau"]["SK_ID_BUREAU"]
        own["bureau_balance"] = months[months["SK_ID_BUREAU"].isin(loans)]
        alone = door.arrow(inputs.features_for(own, door.wanted).rows)
        assert alone.table.values.tobytes() == data.table.values[[at]].tobytes()


def test_tables_and_features_are_made_once(source, data):
    before = {path: path.stat().st_mtime_ns for path in Path(data.source).iterdir()}
    again = source.load()
    assert again.digest == data.digest
    assert {path: path.stat().st_mtime_ns for path in Path(data.source).iterdir()} == before
    assert len(list(Path(source.cache).glob("*.parquet"))) == 1
    assert not [path for path in Path(source.path).iterdir() if path.name.startswith(".making")]


def test_what_cannot_be_made_is_refused(source):
    with pytest.raises(ValueError, match='Did you mean "home_credit"'):
        replace(source, collection="home_credt")
    with pytest.raises(ValueError, match="at least 100"):
        replace(source, applicants=5)


def test_applicants_without_a_target_have_the_features_of_new_applicants(source, data, tables):
    """Through a file of their own or by their tables: the same bits."""
    path = replace(source, apply="application_test").unlabelled()
    made = pq.read_table(path)
    known = TableInputs.from_json(data.tables)
    people = tables["application_test"].sort_values("SK_ID_CURR")
    assert made["SK_ID_CURR"].to_pylist() == people["SK_ID_CURR"].tolist()
    given = {name: tables[name] for name in known.sources if name != "application_train"}
    names = list(data.table.names)
    assert set(names) <= set(made.column_names)
    expected = known.features_for({**given, "application_train": people}, names).rows
    assert expected.num_rows == len(people) > 40
    for name in expected.column_names:
        assert made[name].combine_chunks().equals(expected[name].combine_chunks()), name
