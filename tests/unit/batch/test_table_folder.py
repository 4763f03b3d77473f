"""A model of several tables scores a folder with a file for each as it scores their rows."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq
import pytest
from served import scorer
from table_model import PEOPLE, made_tables, table_scorer

from cutscore.batch.predicting import PredictOptions, predict
from cutscore.batch.scored_rows import RowRequest, read_scored
from cutscore.data.relational.new_folder import FolderSettings
from cutscore.errors import RequestError
from cutscore.records import RawColumn


@pytest.fixture
def folder(tmp_path):
    tables, place = made_tables(), tmp_path / "new"
    place.mkdir()
    tables["people"].drop(columns="y").to_csv(place / "people_new.csv", index=False)
    tables["loans"].to_parquet(place / "loans.parquet")
    tables["months"].to_csv(place / "months.csv.gz", index=False)
    return place


def options(folder, **more):
    apply = more.pop("apply", "people_new")
    settings = FolderSettings(apply=apply, cache=str(folder.parent / "cache"), **more)
    return PredictOptions(settings=settings, reasons=2, reasons_for="all", expected_cost=True)


def test_the_answer_is_that_of_the_tables_rows(folder, tmp_path):
    tables, model = made_tables(), table_scorer()
    expected = model.decide(tables, reasons=2, reasons_for="all", expected_cost=True)
    summary = predict(model, folder, tmp_path / "one.parquet", options(folder))
    assert pq.read_table(summary.out).equals(expected.to_arrow())
    assert summary.figures.rows == PEOPLE
    assert any("rows of loans belong to no row of people" in note for note in summary.notes)
    predict(model, folder, tmp_path / "some.csv", options(folder, where="income > 3000"))
    rows = pd.read_csv(tmp_path / "some.csv")
    people = tables["people"]
    assert rows["id"].tolist() == people["id"][people["income"] > 3000].tolist()


def test_a_folder_of_parts_is_not_made_again_unless_a_table_changes(folder, tmp_path):
    out, model = tmp_path / "parts", table_scorer()
    assert predict(model, folder, out, options(folder)).kept == 0
    assert [p.name for p in out.glob("*.parquet")] == ["people_new.parquet"]
    assert predict(model, folder, out, options(folder)).kept == 1
    made_tables()["loans"].iloc[:100].to_parquet(folder / "loans.parquet")
    assert predict(model, folder, out, options(folder)).kept == 0


def test_what_is_wrong_is_told_and_nothing_is_left(folder, tmp_path):
    out = tmp_path / "deep" / "one.parquet"
    with pytest.raises(RequestError) as raised:
        predict(table_scorer(), folder, out, options(folder, apply=None))
    (fault,) = raised.value.faults
    assert fault.setting == "ROWS"
    assert 'has no table "people"' in fault.problem
    assert "name it: data.apply=FILE" in fault.remedy
    assert not out.parent.exists()
    with pytest.raises(
        RequestError, match="5 columns are missing that this model makes of several"
    ):
        predict(table_scorer(), folder / "people_new.csv", out, options(folder, apply=None))
    with pytest.raises(RequestError, match="this model was trained on one table"):
        predict(scorer(), folder, out, options(folder))


class Kept(list):
    take = list.append


def test_rows_are_judged_with_columns_of_the_applicants_file_that_training_did_not_have(folder):
    tables = made_tables()
    people = tables["people"].assign(seen=pd.Timestamp("2026-02-03"), branch="north")
    people.to_parquet(folder / "people.parquet")
    beside = [("y", "category"), ("seen", "timestamp"), ("branch", "category")]
    settings = FolderSettings(cache=str(folder.parent / "cache"))
    asked = RowRequest(settings, {n: RawColumn(n, kind) for n, kind in beside}, "id")
    made, notes = read_scored(table_scorer(), folder, asked, Kept)
    assert any("belong to no row of people" in note for note in notes)
    (rows,) = made
    assert rows.probability.tolist() == table_scorer().decide(tables).probability.tolist()
    assert [int(float(each)) for each in rows.beside["y"].to_pylist()] == people["y"].tolist()
    assert set(rows.beside["seen"].to_pylist()) == {pd.Timestamp("2026-02-03")}
    assert set(rows.beside["branch"].to_pylist()) == {"north"}
    assert [int(each) for each in rows.ids.to_pylist()] == people["id"].tolist()


def test_a_column_that_the_applicants_file_lacks_is_told_with_its_nearest_name(folder):
    made_tables()["people"].to_parquet(folder / "people.parquet")
    settings = FolderSettings(cache=str(folder.parent / "cache"))
    asked = {"--target": RawColumn("yy", "category"), "--time": RawColumn("incom", "timestamp")}
    with pytest.raises(RequestError) as raised:
        read_scored(table_scorer(), folder, RowRequest(settings, asked), Kept)
    told = {each.setting: each.problem for each in raised.value.faults}
    assert told["--target"].endswith('has no column "yy". Did you mean "y"?')
    assert told["--time"].endswith('has no column "incom". Did you mean "income"?')
