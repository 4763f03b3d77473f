"""A folder with the tables of new applicants gives the features of training."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import relational_tables

from cutscore.data.relational.building import written_beside
from cutscore.data.relational.new_folder import FolderSettings, is_table_folder, new_features
from cutscore.data.relational.new_rows import TableInputs
from cutscore.errors import RequestError

SQL = """
aggregates:
  N: count(*)
  AMOUNT: sum(amount)
  KIND: arg_max(kind, day)
  WORST: max(worst)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Thirty people with loans and months: the tables, the features of training, the inputs."""
    rng = np.random.default_rng(3)
    loans = pd.DataFrame({"loan": np.arange(90), "id": rng.integers(1, 33, 90)})
    loans["amount"] = rng.lognormal(5, 2, 90)
    loans["day"] = rng.integers(-500, 0, 90)
    loans["kind"] = rng.choice(["1", "02", "x"], 90)
    months = pd.DataFrame({"loan": rng.integers(0, 95, 200), "late": rng.integers(0, 5, 200)})
    people = pd.DataFrame({"id": rng.permutation(30) + 1, "y": rng.integers(0, 2, 30)})
    people["income"] = rng.lognormal(8, 1, 30).round(3)
    folder = tmp_path_factory.mktemp("tables")
    tables = {"people": people, "loans": loans, "months": months}
    settings = {"joined": {"SHARE": "AMOUNT / income"}, "categorical": ["KIND"]}
    data = relational_tables.written(folder, tables, SQL, **settings).load()
    (kept,) = (folder / "cache").glob("*.parquet")
    return tables, pq.read_table(kept), TableInputs.from_json(data.tables)


@pytest.fixture
def written(made, tmp_path):
    """A folder in which tables are of several kinds, columns in another order, without target."""
    tables, *_ = made
    folder = tmp_path / "new"
    folder.mkdir()
    people = tables["people"].iloc[::-1].drop(columns="y")[["income", "id"]]
    with gzip.open(folder / "people.csv.gz", "wt") as file:
        people.to_csv(file, index=False)
    tables["loans"].iloc[:, ::-1].to_csv(folder / "loans.csv", index=False)
    tables["months"].to_parquet(folder / "months.parquet")
    return folder


def settings(folder, **more):
    return FolderSettings(cache=str(folder.parent / "cache"), **more)


def test_tables_of_any_kind_have_the_bits_of_training_in_the_order_of_the_file(made, written):
    tables, trained, inputs = made
    path = new_features(inputs, written, settings(written))
    found = pq.read_table(path).select([n for n in trained.column_names if n != "y"])
    assert found["id"].to_pylist() == tables["people"]["id"].tolist()[::-1]
    assert found.sort_by("id").equals(trained.drop_columns("y"))
    notes, _ = written_beside(path)
    orphans = int((~tables["loans"]["id"].isin(tables["people"]["id"])).sum())
    assert f"{orphans} rows of loans belong to no row of people." in notes
    assert new_features(inputs, written, settings(written)) == path


def test_a_table_that_is_optional_may_be_absent(made, written):
    _, trained, inputs = made
    (written / "months.parquet").unlink()
    (written / "months_of_another.csv").write_text("a\n1\n")
    path = new_features(inputs, written, settings(written))
    found = pq.read_table(path).sort_by("id")
    assert found["WORST"].null_count == len(found)
    assert found["AMOUNT"].equals(trained["AMOUNT"])
    assert any("not there: months" in note for note in written_beside(path)[0])


def test_a_table_may_have_no_row(made, written):
    tables, _, inputs = made
    (written / "loans.csv").unlink()
    tables["loans"].iloc[:0].to_parquet(written / "loans.parquet")
    found = pq.read_table(new_features(inputs, written, settings(written)))
    assert set(found["N"].to_pylist()) == {0}
    assert found["AMOUNT"].null_count == len(found) == 30


def test_another_file_of_applicants_is_named(made, written):
    _, trained, inputs = made
    (written / "people.csv.gz").rename(written / "people_test.csv.gz")
    with pytest.raises(RequestError) as raised:
        new_features(inputs, written, settings(written))
    (fault,) = raised.value.faults
    assert 'no table "people"' in fault.problem
    assert 'Did you mean "people_test' in fault.problem
    assert "name it: data.apply=FILE" in fault.remedy
    path = new_features(inputs, written, settings(written, apply="people_test"))
    assert pq.read_table(path).sort_by("id")["SHARE"].equals(trained["SHARE"])


def test_all_that_is_wrong_with_the_files_is_told_at_once(made, written):
    tables, _, inputs = made
    tables["loans"].rename(columns={"id": "idd"}).to_csv(written / "loans.csv", index=False)
    people = tables["people"].assign(income="much", more=1)
    with gzip.open(written / "people.csv.gz", "wt") as file:
        people.to_csv(file, index=False)
    with pytest.raises(RequestError) as raised:
        new_features(inputs, written, settings(written))
    told = "\n".join(map(str, raised.value.faults))
    assert 'has no column "id". Did you mean "idd"?' in told
    assert 'has a column "idd", which training did not have. Did you mean "id"?' in told
    assert 'has a column "more", which training did not have. Leave it out.' in told
    assert 'the column "income" of' in told
    assert "holds text; in training it held numbers" in told
    assert not list(written.parent.glob("cache/*.parquet"))
    tables["loans"].assign(day=5).to_csv(written / "loans.csv", index=False)
    with gzip.open(written / "people.csv.gz", "wt") as file:
        tables["people"].assign(more=1).to_csv(file, index=False)
    with pytest.raises(RequestError, match='"day" is after the decision'):
        new_features(inputs, written, settings(written), ignore_unknown=True)


def test_a_folder_with_parts_of_the_feature_table_is_none_of_tables(made, written, tmp_path):
    _, trained, inputs = made
    parts = tmp_path / "parts"
    parts.mkdir()
    pq.write_table(trained, parts / "a.parquet")
    assert not is_table_folder(inputs, parts, settings(written))
    assert not is_table_folder(inputs, parts / "a.parquet", settings(written))
    assert is_table_folder(inputs, written, settings(written))
