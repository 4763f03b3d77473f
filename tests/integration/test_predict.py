"""`cutscore predict` as a user types it."""

from __future__ import annotations

import time

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def kept(workplace, cutscore, loans):
    """The id of a run that kept its model."""
    words = ["features=domain", '+data.domain.HALF="income / age"', "model.refit=true"]
    assert cutscore("run", *loans, *words).code == 0
    (run,) = cutscore("runs", "list", "--json").json()
    return run["run_id"]


def test_a_run_scores_new_rows_and_says_what_came_of_them(workplace, cutscore, loans_csv, kept):
    rows = pd.read_csv(loans_csv).drop(columns="defaulted")
    rows.loc[:1, "age"] = 300
    rows.to_csv(workplace / "new.csv", index=False, sep=";")
    words = ["predict", kept, "new.csv", "--out", "out/scores.csv", "data.delimiter=';'"]
    answer = cutscore(*words, "--reasons", 2, "--expected-cost")
    assert (answer.code, answer.err) == (0, "")
    scores = pd.read_csv(workplace / "out" / "scores.csv")
    assert list(scores.columns) == [
        "loan_id", "score", "probability", "flagged", "expected_cost", "reason_1", "reason_2",
    ]  # fmt: skip
    assert scores["loan_id"].tolist() == rows["loan_id"].tolist()
    flagged = int(scores["flagged"].sum())
    assert 0 < flagged < 600
    assert scores["reason_1"].notna().sum() <= flagged
    assert "points)" in scores["reason_1"].dropna().iloc[0]
    lines = answer.out.splitlines()
    assert lines[0].startswith("out/scores.csv: 600 rows, ")
    assert lines[1].startswith(f"flagged: {flagged} ({flagged / 600:.1%}), score >= ")
    assert lines[2].startswith(f"expected cost: {scores['expected_cost'].sum():,.0f} (")
    assert lines[3] == "outside the range of training: age 2 (0.3%)"
    told = cutscore(*words, "--overwrite", "--json").json()
    assert (told["rows"], told["flagged"], told["run_id"]) == (600, flagged, kept)
    assert told["outside"] == {"age": 2}


def test_what_is_wrong_is_told_in_one_go_with_exit_code_2(workplace, cutscore, loans_csv, kept):
    frame = pd.read_csv(loans_csv).astype(object)
    frame.loc[41, "income"] = "a lot"
    frame.loc[[5, 8], "loan_id"] = 3
    frame.to_csv(workplace / "bad.csv", index=False)
    before = sorted(workplace.rglob("*"))
    answer = cutscore("predict", kept, "bad.csv", "--out", "bad_scores.parquet")
    assert answer.code == 2
    assert answer.err.splitlines() == [
        "cutscore: 2 things are wrong with this request; nothing was done.",
        '  income: a whole number is needed, got "a lot" in row 42.',
        '  loan_id: ids must differ, got "3" in row 6 (as in row 3) and 1 more.',
    ]
    assert sorted(workplace.rglob("*")) == before
    answer = cutscore("predict", "nobody", "bad.csv", "--out", "x.csv", "data.delimeter=1")
    assert answer.code == 2
    assert "data.delimeter: there is no such setting." in answer.err
    assert cutscore("predict", "nobody", "bad.csv", "--out", "x.csv").code == 2


def test_a_batch_that_is_terminated_goes_on_later(
    workplace, cutscore, cutscore_started, loans_csv, kept
):
    parts = workplace / "parts"
    parts.mkdir()
    frame = pd.read_csv(loans_csv)
    for at in range(60):
        part = frame.iloc[at * 10 : at * 10 + 10]
        part.to_parquet(parts / f"{at:03}.parquet", index=False)
    (model,) = workplace.glob("mlruns/artifacts/**/model.json")
    process = cutscore_started("predict", model.parent, "parts", "--out", "done", folder=workplace)
    staging = workplace / ".done.partial"
    while process.poll() is None and not (staging / "001.parquet").exists():
        time.sleep(0.001)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert "the same command goes on from there" in err
    finished = len(list(staging.glob("*.parquet")))
    assert not (workplace / "done").exists()
    told = cutscore("predict", model.parent, "parts", "--out", "done", "--json").json()
    assert (told["rows"], told["parts"]) == (600, 60)
    assert 1 <= told["parts_kept"] <= finished < 60
    assert len(list((workplace / "done").glob("*.parquet"))) == 60
