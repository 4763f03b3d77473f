"""A run delivered: made again, equal, its model kept, with predictions and a card."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow.csv as pacsv
import pytest

import cutscore as package

PURPOSE = "Loans <b>under</b> 5|000 & [more](http://x)"


@pytest.fixture(scope="module")
def delivered(workplace, cutscore, loans):
    """A run with per-fold calibration, its delivery, and the folder it was copied to."""
    words = [*loans, "features=domain", '+data.domain.HALF="income / age"', "calibration=isotonic"]
    words += ["report.points_to_double=40", "report.reasons_against=negatives"]
    assert cutscore("run", *words, "sampling=balanced", "validation.outer=holdout").code == 0
    (run,) = cutscore("runs", "list", "--json").json()
    out = workplace / "handed over"
    answer = cutscore("deliver", run["run_id"], f"report.purpose='{PURPOSE}'", "--out", out)
    assert answer.code == 0, answer.err
    return run, answer, out


def test_a_delivery_is_a_run_of_its_own_equal_to_the_first(cutscore, delivered):
    run, answer, _ = delivered
    assert "out-of-fold scores   equal" in answer.out
    shown = cutscore("runs", "show", f"final_{run['name']}", "--json").json()
    assert shown["missing"] == []
    tags = shown["summary"]["tags"]
    assert tags["cutscore.rerun_of"] == run["run_id"]
    assert tags["score_digest"] == run["tags"]["score_digest"]
    assert "unlabelled" in tags["undefined.submission.csv"]


def test_predictions_are_out_of_fold(delivered, loans_csv):
    _, _, out = delivered
    made = pd.read_csv(out / "train_predictions.csv")
    rows = pd.read_csv(loans_csv).set_index("loan_id")
    assert made["target"].tolist() == rows.loc[made["id"], "defaulted"].tolist()
    scorer = package.load(str(out / "model"))
    in_sample = scorer.decide(rows.reset_index(), ignore_unknown=True).to_pandas()
    assert abs(made.set_index("id")["score"] - in_sample["score"]).max() > 1e-3
    threshold = json.loads((out / "threshold.json").read_text())["threshold"]
    assert scorer.threshold == threshold
    assert in_sample["flagged"].tolist() == (in_sample["probability"] >= threshold).tolist()


def test_what_columns_add_to_scores_is_delivered(delivered, loans_csv):
    """The table is of a sample, here of all rows; features of one column count for it."""
    _, _, out = delivered
    made = pd.read_csv(out / "reasons.csv").set_index("column")
    assert set(made.index) == {"income", "age", "purpose", "HALF"}  # income / age is of both
    points = package.load(str(out / "model")).explain(pd.read_csv(loans_csv)).to_pandas()
    for column, mean in points.mean().items():
        assert made["mean_points"][column] == pytest.approx(mean, abs=1e-9)
    reference = json.loads(next((out / "model").rglob("reasons.json")).read_text())
    assert reference["points_to_double"] == 40
    assert reference["against"] == "training rows of class 0"
    assert {"beeswarm.png", "dependence.png"} <= {file.name for file in out.iterdir()}


def test_unlabelled_rows_are_scored_as_the_kept_model_does(
    cutscore, delivered, workplace, loans_csv
):
    run, _, out = delivered
    rows = pd.read_csv(loans_csv).drop(columns="defaulted").tail(50)
    path = workplace / "new rows.csv"
    rows[rows.columns[::-1]].to_csv(path, index=False)
    again = workplace / "again"
    words = ["deliver", run["run_id"], f"data.apply='{path}'"]
    assert cutscore(*words, "--out", again).code == 0
    made = pacsv.read_csv(again / "submission.csv").to_pandas()
    kept = package.load(str(out / "model")).decide(rows, ignore_unknown=True).to_pandas()
    assert list(made.columns) == ["loan_id", "probability"]
    assert made["loan_id"].tolist() == rows["loan_id"].tolist()
    assert made["probability"].tolist() == kept["probability"].tolist()
    rows.rename(columns={"income": "incme"}).to_csv(path, index=False)
    wrong = cutscore(*words)
    assert wrong.code == 2
    assert "data.apply: " in wrong.err
    assert 'has no column "income". Did you mean "incme"?' in wrong.err


def test_the_card_takes_texts_by_the_letter_and_holds_the_record(delivered):
    _, _, out = delivered
    card, page = ((out / f"model_card.{end}").read_text() for end in ("md", "html"))
    assert "Loans &lt;b&gt;under&lt;/b&gt; 5|000 &amp; [more](http://x)" in page
    assert "<b>" not in page
    assert 'href="http://x"' not in page
    document = json.loads((out / "threshold.json").read_text())
    assert f"| threshold | {document['threshold']:.4f} |" in card
    assert f"| cross-fitted cost | {document['crossfit']['total_cost']:,.0f} |" in card
    assert "isotonic" in card
    assert "rows that neither taught nor chose anything" in card
    assert "HALF" in card


def test_what_cannot_be_delivered_is_refused(cutscore, delivered, workplace):
    run, _, out = delivered
    taken = cutscore("deliver", run["run_id"], "--out", out)
    assert taken.code == 2
    assert "is there already" in taken.err
    unknown = cutscore("deliver", "nobody")
    assert unknown.code == 2
    assert "RUN" in unknown.err
    before = len(cutscore("runs", "list", "--json").json())
    own = cutscore("deliver", run["run_id"], "data.target=nothing")
    assert own.code == 2
    assert "nothing" in own.err
    assert len(cutscore("runs", "list", "--json").json()) == before


def test_other_applicants_of_several_tables_are_scored_by_their_history(
    cutscore, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"id": np.arange(300), "owes": rng.integers(0, 2, 300)})
    people["income"] = rng.lognormal(5, 1, 300)
    known, others = people[:200], people[200:].drop(columns="owes")
    loans = pd.DataFrame({"id": rng.integers(0, 300, 900), "amount": rng.lognormal(3, 1, 900)})
    known.to_csv(tmp_path / "people.csv", index=False)
    others[["income", "id"]].to_csv(tmp_path / "others.csv", index=False)
    loans.to_parquet(tmp_path / "loans.parquet")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.yaml").write_text(
        f"""
        _target_: cutscore.data.relational.RelationalSource
        path: "{tmp_path}"
        tables: {{people: {{key: id}}, loans: {{parent: people}}}}
        aggregates: {{loans: {{N: count(*), AMOUNT: sum(amount)}}}}
        joined: {{SHARE: AMOUNT / income, RICH: 1 / (N - 3)}}
        target: owes
        id: id
        apply: others
        """
    )
    words = ["run", "data=mine", "model=logistic_regression", "report.delivery=true"]
    answer = cutscore(*words, "--config-dir", tmp_path)
    assert answer.code == 0, answer.err
    many = (loans["id"].value_counts().reindex(known["id"], fill_value=0) == 3).sum()
    assert f"RICH is infinite in {many} rows of people: missing there." in answer.err + answer.out
    (model,), (submission,) = (
        [*tmp_path.glob(f"mlruns/**/{name}")] for name in ("model.json", "submission.csv")
    )
    made = pacsv.read_csv(submission).to_pandas()
    tables = {"people": others, "loans": loans}
    expected = package.load(str(model.parent)).decide(tables).to_pandas()
    assert made["id"].tolist() == others["id"].tolist()
    assert made["probability"].tolist() == expected["probability"].tolist()
    assert made["probability"].nunique() > 50
    # Later applicants of the same kind, with their classes: a folder with a file for each table.
    (name,) = [run["name"] for run in cutscore("runs", "list", "--json").json()]
    words = ["monitor", name, tmp_path, "--target", "owes", "--no-record", "--json"]
    answer = cutscore(*words)
    assert answer.code in (0, 1), answer.err
    looked = answer.json()
    assert looked["periods"]["all"]["labelled_rows"] == looked["rows"] == len(known)
    assert looked["periods"]["all"]["base_rate"] == pytest.approx(known["owes"].mean())
    assert any("rows of loans belong to no row of people" in note for note in looked["notes"])
    recut = cutscore("recut", name, "--on", tmp_path, "--target", "owes", "--json").json()
    assert (recut["rows"], recut["positives"]) == (len(known), known["owes"].sum())
    again = package.load(recut["version"])
    assert again.decide(tables).score.tolist() == expected["score"].tolist()
    assert again.threshold == recut["threshold"]
