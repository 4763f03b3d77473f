"""Tables of any length are scored as the kept model scores them, whole or not at all."""

from __future__ import annotations

import gzip
import resource
import zipfile

import numpy as np
import pandas as pd
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from cutscore.batch import outputs, row_ids
from cutscore.batch.outputs import beside
from cutscore.batch.predicting import PredictOptions, predict
from cutscore.config.build import compose_plan
from cutscore.config.compose import Composer
from cutscore.config.layers import find_layers, packaged_folder
from cutscore.config.overrides import parse_overrides
from cutscore.data import unlabelled
from cutscore.data.relational.new_folder import FolderSettings
from cutscore.delivery.finding import load
from cutscore.delivery.row_settings import row_settings
from cutscore.errors import CutscoreError, RequestError
from cutscore.experiment import ExperimentCache, execute, prepare, refit
from cutscore.report.threshold_json import run_json
from cutscore.scoring.decision import Decision
from cutscore.scoring.folder import save_model


@pytest.fixture(scope="module")
def made(loans, tmp_path_factory):
    """A kept model's folder, and the scores and ids that the model gives in process."""
    given = [word for word in loans if not word.startswith("data.drop")]
    given += ["data.drop=[branch]", "features=combined", "report.bootstrap=0"]
    given += ['+data.domain.HALF="income / (age - 20)"', '+data.domain.WEEKDAY="isodow(day)"']
    composer = Composer(find_layers(working_dir=packaged_folder()))
    experiment = compose_plan(composer, parse_overrides([*given, "data.polynomial=[age,day]"]))
    cache = ExperimentCache()
    prepared = prepare(experiment.experiment, cache)
    document = run_json(execute(experiment.experiment, prepared, cache))
    kept = refit(experiment.experiment, prepared, cache, Decision.from_json(document))
    folder = tmp_path_factory.mktemp("kept") / "model"
    save_model(folder, kept, document)
    scores = kept.fitted.scores(kept.preparation.transform(prepared.table))
    return str(folder), scores, prepared.dataset.ids.tolist()


@pytest.fixture(scope="module")
def scorer(made):
    return load(made[0])


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(unlabelled, "batch_rows", lambda _: 64)


@pytest.fixture
def frame(loans_csv):
    return pd.read_csv(loans_csv, dtype={"loan_id": "int64"})


@pytest.fixture
def parts(frame, tmp_path):
    """The loans in three parts, one of them in a folder below."""
    folder = tmp_path / "parts"
    (folder / "b").mkdir(parents=True)
    for at, name in enumerate(("a.parquet", "b/x.parquet", "c.parquet")):
        frame.iloc[at * 200 : (at + 1) * 200].to_parquet(folder / name, index=False)
    return folder


def faults(*words, **more):
    with pytest.raises(RequestError) as caught:
        predict(*words, **more)
    return str(caught.value)


def written(frame, folder, kind):
    """Write the rows in one of the ways in which people hand over tables."""
    path = folder / f"rows.{kind}"
    plain = frame.to_csv(index=False)
    match kind:
        case "csv":
            path.write_text(plain)
        case "csv.gz":
            path.write_bytes(gzip.compress(plain.encode()))
        case "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("rows.csv", plain)
        case "mixed.csv":
            lines = plain.splitlines(keepends=True)
            path.write_text("".join([*lines[:500], *(x[:-1] + "\r\n" for x in lines[500:])]))
        case "tsv":
            frame[frame.columns[::-1]].to_csv(path, index=False, sep="\t")
        case "utf16":
            path.write_bytes(plain.encode("utf-16"))
        case "parquet":
            frame.drop(columns="defaulted").to_parquet(path, index=False)
    return path


KINDS = ("csv", "csv.gz", "zip", "mixed.csv", "tsv", "utf16", "parquet")


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_the_kept_model_bit_for_bit(
    made, scorer, frame, tmp_path, small_batches, kind
):
    out = tmp_path / ("out.csv" if kind == "tsv" else "out.parquet")
    told = []
    summary = predict(
        scorer, written(frame, tmp_path, kind), out, advance=lambda *done: told.append(done)
    )
    table = pyarrow.csv.read_csv(out) if kind == "tsv" else pq.read_table(out)
    assert table.column_names == ["loan_id", "score", "probability", "flagged"]
    assert table["loan_id"].to_pylist() == made[2]
    assert table["score"].to_numpy().tobytes() == made[1].tobytes()
    assert (
        table["flagged"].to_pylist()
        == (table["probability"].to_numpy() >= scorer.threshold).tolist()
    )
    assert (summary.figures.rows, summary.parts) == (600, 1)
    assert summary.figures.flagged == sum(table["flagged"].to_pylist())
    assert told[-1] == (600, 600)
    assert len(told) >= 5
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([f"rows.{kind}", out.name])


@pytest.mark.parametrize("rows", ["parts", "parts/**/*.parquet"])
def test_parts_in_are_parts_out_or_one_file(made, scorer, parts, rows, small_batches):
    whole = predict(scorer, parts.parent / rows, parts.parent / "whole.parquet")
    assert (whole.figures.rows, whole.parts) == (600, 3)
    table = pq.read_table(parts.parent / "whole.parquet")
    assert table["score"].to_numpy().tobytes() == made[1].tobytes()
    predict(scorer, parts.parent / rows, parts.parent / "out")
    pieces = [
        pq.read_table(parts.parent / "out" / name)
        for name in ("a.parquet", "b/x.parquet", "c.parquet")
    ]
    assert [len(piece) for piece in pieces] == [200, 200, 200]
    scores = np.concatenate([piece["score"].to_numpy() for piece in pieces])
    assert scores.tobytes() == made[1].tobytes()


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_left(
    scorer, frame, tmp_path, small_batches
):
    wrong = frame.astype(object)
    wrong.loc[[3, 500], "income"] = ["lots", "more"]
    wrong.loc[250, "day"] = "31/12/2024"
    wrong.loc[99, "age"] = "inf"
    wrong.loc[599, "loan_id"] = 7
    wrong.loc[17, "loan_id"] = None
    wrong.to_csv(tmp_path / "rows.csv", index=False)
    text = faults(scorer, tmp_path / "rows.csv", tmp_path / "new" / "out.parquet")
    assert text.splitlines() == [
        "loan_id: an id is needed in row 18.",
        'income: a whole number is needed, got "lots" in row 4 and 1 more.',
        'age: a whole number is needed, got "inf" in row 100.',
        'day: a date, written as in training, is needed, got "31/12/2024" in row 251.',
        'loan_id: ids must differ, got "7" in row 600 (as in row 7).',
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["rows.csv"]


def test_ids_are_held_against_those_of_all_parts(scorer, parts, frame, monkeypatch):
    again = frame.iloc[400:].assign(loan_id=range(101, 301))
    again.to_parquet(parts / "c.parquet", index=False)
    told = 'ids must differ, got "101" in row 1 of "c.parquet" (as in row 101 of "a.parquet")'
    for out in ("out", "out.parquet"):
        text = faults(scorer, parts, parts.parent / out)
        assert text == f"loan_id: {told} and 199 more."
    monkeypatch.setattr(row_ids, "_CONFIRMED", 1)  # more than could be compared one by one
    assert "and 199 more" in faults(scorer, parts, parts.parent / "out")


def test_equal_hashes_of_ids_that_differ_are_no_fault(scorer, frame, tmp_path, monkeypatch):
    def clash(self):
        for numbers, texts, hashes in original(self):
            yield numbers, texts, hashes % 50

    original = unlabelled.RowFile.id_hashes
    monkeypatch.setattr(unlabelled.RowFile, "id_hashes", clash)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    assert predict(scorer, tmp_path / "rows.csv", tmp_path / "o.csv").figures.rows == 600


def test_columns_are_checked_before_rows_are_read(scorer, frame, tmp_path):
    renamed = frame.rename(columns={"income": "incme"}).assign(note="x")
    renamed.to_csv(tmp_path / "rows.csv", index=False)
    text = faults(scorer, tmp_path / "rows.csv", tmp_path / "o.csv")
    assert 'income: the column is missing. Did you mean "incme"?' in text
    assert "note: the model knows no such column." in text
    frame.assign(note="x").to_csv(tmp_path / "rows.csv", index=False)
    chosen = PredictOptions(ignore_unknown=True)
    assert predict(scorer, tmp_path / "rows.csv", tmp_path / "o.csv", chosen).figures.rows == 600


def test_what_training_did_not_meet_is_counted_or_refused(scorer, frame, tmp_path, small_batches):
    frame.loc[[5, 300], "purpose"] = "boat"
    frame.loc[[7, 8, 590], "age"] = 200
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    figures = predict(scorer, tmp_path / "rows.parquet", tmp_path / "o.parquet").figures
    assert (figures.outside, figures.unseen) == ({"age": 3}, {"purpose": 2})
    text = faults(
        scorer, tmp_path / "rows.parquet", tmp_path / "p.csv", PredictOptions(strict=True)
    )
    assert "age: a value from" in text
    assert "in row 8 and 2 more" in text
    assert "purpose: a category that training met (car, house, other) is needed in row 6" in text


def test_rows_without_ids_are_told_by_their_number(scorer, frame, tmp_path, small_batches):
    frame.drop(columns="loan_id").to_csv(tmp_path / "rows.csv", index=False)
    chosen = PredictOptions(settings=FolderSettings(where="age > 40"))
    predict(scorer, tmp_path / "rows.csv", tmp_path / "o.parquet", chosen)
    rows = pq.read_table(tmp_path / "o.parquet")["row"].to_pylist()
    assert rows == np.flatnonzero(frame.age > 40).tolist()
    chosen = PredictOptions(id_column="key", ignore_unknown=False)
    frame.assign(key=[f"k{at}" for at in range(600)]).to_csv(tmp_path / "rows.csv", index=False)
    predict(scorer, tmp_path / "rows.csv", tmp_path / "p.parquet", chosen)
    assert pq.read_table(tmp_path / "p.parquet")["key"].to_pylist()[:2] == ["k0", "k1"]
    text = faults(
        scorer, tmp_path / "rows.csv", tmp_path / "q.csv", PredictOptions(id_column="kee")
    )
    assert '--id: the table has no column "kee". Did you mean "key"?' in text


def test_expected_costs_are_added_up(scorer, loans_csv, tmp_path):
    out, chosen = tmp_path / "o.parquet", PredictOptions(expected_cost=True)
    summary = predict(scorer, loans_csv, out, chosen)
    table = pq.read_table(out).to_pandas()
    cost = np.where(table.flagged, 1 - table.probability, 10 * table.probability)
    np.testing.assert_allclose(table.expected_cost, cost)
    assert summary.figures.expected_cost == pytest.approx(cost.sum())


def test_what_is_there_is_replaced_only_if_asked(scorer, loans_csv, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("mine")
    assert f'--out: "{out}" exists. Name another file' in faults(scorer, loans_csv, out)
    assert out.read_text() == "mine"
    predict(scorer, loans_csv, out, overwrite=True)
    assert len(out.read_text().splitlines()) == 601
    assert "ends in .xlsx, which is not written" in faults(scorer, loans_csv, tmp_path / "o.xlsx")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.txt").touch()
    text = faults(scorer, loans_csv, tmp_path / "mine", overwrite=True)
    assert "holds files that `cutscore predict` did not make" in text
    assert (tmp_path / "mine" / "work.txt").exists()


@pytest.mark.parametrize("out", ["parts/out.parquet", "parts", ".", "parts/scores"])
def test_rows_are_not_written_where_they_are_read(scorer, parts, out):
    before = sorted(parts.rglob("*"))
    assert "--out: " in faults(scorer, parts, parts.parent / out, overwrite=True)
    assert sorted(parts.rglob("*")) == before


def test_parts_whose_input_is_as_it_was_are_not_made_again(scorer, parts, frame):
    out = parts.parent / "out"
    assert predict(scorer, parts, out).kept == 0
    first = {name: (out / name).stat().st_ino for name in ("a.parquet", "b/x.parquet")}
    frame.iloc[400:].assign(age=30).to_parquet(parts / "c.parquet", index=False)
    frame.assign(loan_id=frame.loan_id + 600).to_parquet(parts / "d.parquet", index=False)
    again = predict(scorer, parts, out)
    assert (again.parts, again.kept, again.figures.rows) == (4, 2, 1200)
    assert {name: (out / name).stat().st_ino for name in first} == first
    (parts / "a.parquet").unlink()
    assert predict(scorer, parts, out).kept == 3
    assert not (out / "a.parquet").exists()
    text = faults(scorer, parts, out, PredictOptions(expected_cost=True))
    assert "holds parts that were made otherwise (expected_cost)" in text
    renewed = predict(scorer, parts, out, PredictOptions(expected_cost=True), overwrite=True)
    assert (renewed.kept, renewed.figures.rows) == (0, 1000)
    assert [each.name for each in parts.parent.iterdir() if each.name.startswith(".")] == []


def test_an_interrupted_folder_goes_on_where_it_stopped(scorer, parts):
    def stop(done, _total):
        if done > 400:
            raise KeyboardInterrupt

    out = parts.parent / "out"
    with pytest.raises(KeyboardInterrupt):
        predict(scorer, parts, out, advance=stop)
    staging = beside(out, "partial")
    assert sorted(each.name for each in staging.rglob("*.parquet")) == ["a.parquet", "x.parquet"]
    assert not out.exists()
    summary = predict(scorer, parts, out)
    assert (summary.kept, summary.figures.rows) == (2, 600)
    assert not staging.exists()
    with pytest.raises(KeyboardInterrupt):
        predict(scorer, parts, parts.parent / "o.parquet", advance=stop)
    assert [each.name for each in parts.parent.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out"])
def test_a_full_disk_is_told_and_leaves_no_half_file(
    scorer, loans_csv, tmp_path, name, monkeypatch
):
    monkeypatch.setattr(outputs, "_GROUP", 64)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))  # as if no more would fit
    try:
        with pytest.raises(CutscoreError, match="cannot be written: there is no space left"):
            predict(scorer, loans_csv, tmp_path / name)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_another_process_that_writes_there_is_told(scorer, loans_csv, tmp_path):
    with outputs.reserved(tmp_path / "o.csv"):
        assert "another process writes" in faults(scorer, loans_csv, tmp_path / "o.csv")


def test_no_rows_and_no_tables_are_refused(scorer, loans_csv, tmp_path):
    (tmp_path / "rows.csv").write_text(loans_csv.read_text().splitlines()[0] + "\n")
    assert (
        faults(scorer, tmp_path / "rows.csv", tmp_path / "o.csv")
        == "ROWS: there is no row to score."
    )
    assert "ROWS: " in faults(scorer, tmp_path / "nothing.csv", tmp_path / "o.csv")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and no more")
    assert "cannot be read as a table" in faults(
        scorer, tmp_path / "torn.parquet", tmp_path / "o.csv"
    )
    assert sorted(each.name for each in tmp_path.iterdir()) == ["rows.csv", "torn.parquet"]


def test_settings_of_the_file_are_checked():
    assert row_settings(["data.delimiter=';'", "data.skip_lines=[2]"]).skip_lines == (2,)
    with pytest.raises(RequestError) as caught:
        row_settings(["data.delimeter=x", "model=xgboost", "data.decimal=x"])
    settings = [fault.setting for fault in caught.value.faults]
    assert '"model=xgboost"' in settings
    assert "data.delimeter" in settings
    assert 'Did you mean "delimiter"?' in str(caught.value)


def test_reasons_are_structs_in_parquet_and_texts_in_csv(scorer, loans_csv, frame, tmp_path):
    chosen = PredictOptions(reasons=2)
    predict(scorer, loans_csv, tmp_path / "o.parquet", chosen)
    predict(scorer, loans_csv, tmp_path / "o.csv", chosen)
    structs = pq.read_table(tmp_path / "o.parquet")["reasons"].to_pylist()
    answer = scorer.decide(frame, reasons=2)
    assert structs == answer.to_arrow()["reasons"].to_pylist()
    texts = pd.read_csv(tmp_path / "o.csv", dtype=str, keep_default_na=False)["reason_1"].tolist()
    assert texts == [(each[0]["text"] if each else "") for each in structs]
    assert any(texts)
