"""New applicants, given by their rows in each table, have the features of training."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from relational_tables import written

from cutscore.data.relational.new_rows import TableInputs
from cutscore.errors import RequestError, StoreError
from cutscore.features.domain import Domain
from cutscore.preparation import fit_preparation
from cutscore.scoring.door import Door
from cutscore.scoring.inputs import inputs_of, load_inputs

SQL = """
rows:
  big: amount > 60
windows:
  last2: last 2 by day
aggregates:
  N: count(*)
  AMOUNT [all, last2]: sum(amount)
  KIND: arg_max(kind, day)
  SPREAD: stddev(amount)
  WORST: max(worst)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Forty people with their loans and months, the features of training, and the tables."""
    rng = np.random.default_rng(8)
    loans = pd.DataFrame({"loan": np.arange(150), "id": rng.integers(1, 44, 150)})
    loans["amount"] = np.where(rng.random(150) < 0.1, np.nan, rng.lognormal(5, 2, 150))
    loans["day"] = rng.integers(-500, 0, 150)
    loans["kind"] = rng.choice(["car", "home", "XNA"], 150)
    months = pd.DataFrame({"loan": rng.integers(0, 160, 400), "late": rng.integers(0, 5, 400)})
    people = pd.DataFrame({"id": rng.permutation(40) + 1, "y": rng.integers(0, 2, 40)})
    people["income"] = rng.lognormal(8, 1, 40).round(3)
    people["zone"] = rng.integers(1, 4, 40)
    people["free"] = None
    people.loc[3, "free"] = "x"
    folder = tmp_path_factory.mktemp("tables")
    tables = {"people": people, "loans": loans, "months": months}
    source = written(
        folder,
        tables,
        SQL,
        sentinels={"*": {"kind": ["XNA"]}},
        joined={"SHARE": "AMOUNT / income"},
        categorical=["zone"],
        drop_missing_above=0.7,
        domain={"LEFT": "income - AMOUNT"},
    )
    return source, source.load(), tables


def inputs(source, data):
    strategy = Domain(source.domain)
    table = strategy.build(data)
    preparation = fit_preparation(
        table, np.arange(data.rows), impute=False, encode=False, scale=False
    )
    return inputs_of(data, strategy, preparation)


def rows_of(tables, key):
    loans = tables["loans"][tables["loans"]["id"] == key]
    return {
        "people": tables["people"][tables["people"]["id"] == key].drop(columns=["y", "free"]),
        "loans": loans,
        "months": tables["months"][tables["months"]["loan"].isin(loans["loan"])],
    }


def check(door, tables):
    return door.arrow(door.inputs.tables.features_for(tables, door.wanted).rows)


def test_one_applicant_has_the_bits_of_training_whatever_the_form(made):
    source, data, tables = made
    door = Door(inputs(source, data))
    assert "free" not in data.table.names
    for at, key in enumerate(data.ids.tolist()):
        own = rows_of(tables, key)
        records = {name: rows.to_dict("records") for name, rows in own.items()}
        made_of = partial(pa.RecordBatch.from_pandas, preserve_index=False)
        batches = {name: made_of(rows) for name, rows in own.items()}
        for form in (own, records, batches)[: 3 if at < 5 else 1]:
            checked = check(door, form)
            assert checked.ids == [key]
            assert checked.table.values.tobytes() == data.table.values[[at]].tobytes()


def test_many_applicants_are_answered_in_the_order_given(made):
    source, data, tables = made
    checked = check(Door(inputs(source, data)), {**tables, "people": tables["people"]})
    order = np.argsort(checked.ids)
    assert checked.ids == tables["people"]["id"].tolist()
    np.testing.assert_array_equal(checked.table.values[order], data.table.values)


def test_rows_that_belong_to_nobody_are_counted_as_in_training(made):
    source, data, tables = made
    door = Door(inputs(source, data))
    found = door.inputs.tables.features_for(tables, door.wanted).orphans
    told = {note.split("belong")[0] for note in data.notes if "belong" in note}
    assert {f"{rows} rows of {table} " for table, rows in found.items()} == told
    assert len(told) == 2


def test_no_rows_in_a_child_table_is_normal(made):
    source, data, _ = made
    person = {"id": 7, "income": 100.0, "zone": 2}
    checked = check(Door(inputs(source, data)), {"people": person, "loans": [], "months": []})
    values = dict(zip(data.table.names, checked.table.values[0].tolist(), strict=True))
    assert values["N"] == 0
    assert np.isnan(values["AMOUNT"])


def test_a_kept_model_knows_its_tables(made, tmp_path):
    source, data, tables = made
    kept = inputs(source, data)
    kept.save(tmp_path)
    again = load_inputs(tmp_path)
    first, second = (check(Door(each), rows_of(tables, 5)) for each in (kept, again))
    assert first.table.values.tobytes() == second.table.values.tobytes()


DAMAGE = {
    "expression": ("declared", "joined", {"J": "random()"}),
    "subquery": ("declared", "joined", {"J": "(SELECT 1)"}),
    "type": ("sources", "months", {"loan": "BIGINT", "late": "DOUBLE); DROP TABLE x; --"}),
    "sentinel": ("declared", "sentinels", {"*": {"*": [["x"]]}}),
    "table": ("declared", "tables", {"people": {"key": "id", "odd": 1}}),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_may_not_be_run_is_not_loaded(made, damage):
    _, data, _ = made
    part, key, value = DAMAGE[damage]
    state = {**data.tables, part: {**data.tables[part], key: value}}
    with pytest.raises(StoreError, match="damaged"):
        TableInputs.from_json(state)


def test_all_that_is_wrong_with_the_tables_is_told_at_once(made):
    source, data, _ = made
    door = Door(inputs(source, data))
    wrong = {
        "people": [{"id": 1, "incme": 5.0, "zone": 2}],
        "loans": [{"loan": 1, "id": 1, "amount": "many", "day": -1, "kind": "car"}],
        "cards": [],
    }
    with pytest.raises(RequestError) as raised:
        check(door, wrong)
    told = "\n".join(map(str, raised.value.faults))
    assert 'training had no table "cards"' in told
    assert 'the table "months" is not given' in told
    assert 'people had no column "incme" in training. Did you mean "income"' in told
    assert 'the column "income" is missing' in told
    assert '"amount" must hold numbers' in told
    with pytest.raises(RequestError) as raised:
        check(door, {"people": 5, "loans": [{}, [1]], "months": "none"})
    told = "\n".join(map(str, raised.value.faults))
    assert "rows.people: rows must be dicts, an Arrow table or a data frame, got int." in told
    assert "rows.loans: each row must be a mapping of columns to values; row 1 is not." in told
    assert "rows.months: each row must be a mapping" in told
    person = {"id": 1, "income": 5.0, "zone": 2}
    with pytest.raises(RequestError, match="two rows have the same id"):
        check(door, {"people": [person, person], "loans": [], "months": []})
    loan = {"loan": 1, "id": 1, "amount": 2.0, "day": 3, "kind": "car"}
    with pytest.raises(RequestError, match='"day" is after the decision'):
        check(door, {"people": person, "loans": [loan], "months": []})


def test_threads_that_ask_at_once_get_their_own_rows(made):
    source, data, tables = made
    door = Door(inputs(source, data))
    asked = {key: rows_of(tables, key) for key in data.ids.tolist()}
    start = threading.Barrier(4)

    def ask(keys):
        start.wait()
        return {key: check(door, asked[key]).table.values.tobytes() for key in keys}

    with ThreadPoolExecutor(4) as pool:
        parts = pool.map(ask, [list(asked)[at::4] for at in range(4)])
    found = {key: values for part in parts for key, values in part.items()}
    expected = {k: data.table.values[[at]].tobytes() for at, k in enumerate(data.ids.tolist())}
    assert found == expected
    assert 1 <= len(door.inputs.tables._idle) <= 4


def test_what_is_infinite_is_told_as_in_training(made, tmp_path):
    source, _, tables = made
    own = {"X": "1 / (AMOUNT > 20)::INTEGER"}
    rows = {"loans": {"huge": "1 / (amount > 20)::INTEGER"}}
    loans = {"loans": {"HUGE": "max(huge)"}}
    joined, cache = {**source.joined, **own}, str(tmp_path)
    more = replace(source, rows=rows, aggregates=loans, joined=joined, cache=cache)
    kept = more.load()
    door = Door(inputs(more, kept))
    told = [note for note in kept.notes if "is infinite" in note]
    found = door.inputs.tables.features_for(tables, door.wanted)
    assert found.infinite
    assert [f"{name} is infinite in {n:,} rows" for name, n in found.infinite.items()] == [
        note.split(" of ")[0] for note in told
    ]
    person = {"id": 7, "income": 0.0, "zone": 2}
    loan = {"loan": 1, "id": 7, "amount": 8.0, "day": -3, "kind": "car"}
    rows = {"people": person, "loans": [loan, {**loan, "loan": 2}], "months": []}
    expected = {"huge": 2, "SHARE": 1, "X": 1}
    assert door.inputs.tables.features_for(rows, door.wanted).infinite == expected
    rows["loans"] = []
    assert door.inputs.tables.features_for(rows, door.wanted).infinite == {}


def test_types_of_the_tables_stand_beside_the_features(made):
    source, data, _ = made
    (kept,) = Path(source.cache).glob("*.parquet")
    assert b"sources" in pq.read_schema(kept).metadata
    assert data.tables["sources"]["loans"]["id"] == "BIGINT"
