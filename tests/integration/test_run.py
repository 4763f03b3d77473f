"""Experiments and sweeps as a user runs them, and what they leave behind."""

from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path

import numpy as np
import psutil
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from cutscore.metrics.catalogue import CATALOGUE, required, searchable
from cutscore.metrics.period_specs import OBJECTIVES

pytestmark = pytest.mark.usefixtures("workplace")

SAMPLINGS = ("none", "balanced", "smote", "undersample", "smote_undersample")
MODELS = ("lightgbm", "xgboost", "random_forest", "logistic_regression", "dummy")


@pytest.fixture(scope="session")
def table(loans_csv):
    """The small table without settings of a model or a validation scheme."""
    return ["data=table", f"data.path={loans_csv}", "data.target=defaulted", "data.id=loan_id"]


@pytest.fixture(scope="session")
def dropped(table):
    return [*table, "data.drop=[branch,day]", "report.bootstrap=50"]


@pytest.fixture(scope="module")
def newest(cutscore):
    """Return the newest runs in full, newest first, once a command has gone well."""

    def read(answer, count=1):
        assert answer.code == 0, answer.err
        listed = cutscore("runs", "list", "--json", "--limit", count).json()
        return [cutscore("runs", "show", run["run_id"], "--json").json() for run in listed]

    return read


@pytest.fixture(scope="module")
def plain(workplace, cutscore, newest, loans):
    """Return what the run with no setting of the record said, and the run."""
    answer = cutscore("run", *(word for word in loans if not word.startswith("report.")))
    return answer, newest(answer)[0]


def folder_of(run):
    return Path(run["artifact_uri"].removeprefix("file://"))


def scores_of(run):
    return pq.read_table(folder_of(run) / "oof_scores.parquet")


def whole(run):
    summary = run["summary"]
    return (summary["status"], summary["complete"], run["missing"]) == ("FINISHED", True, [])


def test_one_run_is_recorded_whole(plain, workplace):
    answer, run = plain
    assert whole(run)
    summary = run["summary"]
    assert summary["name"] == "exp01_cv_baseline_none"
    assert "cross-fitted cost" in answer.out
    assert summary["run_id"][:12] in answer.err
    assert summary["metrics"]["rows"] == 600
    assert summary["metrics"]["features"] == 3
    assert len(run["history"]["fold_roc_auc"]) == 3
    assert run["datasets"][0]["name"] == "table"
    assert run["params"]["model.params.n_estimators"] == "8"
    assert "job.name" not in run["params"]
    log = (folder_of(run) / "run.log").read_text()
    assert "600 rows" in log
    assert not (workplace / "mlflow.db").exists()


def test_the_record_and_the_catalogue_name_the_same_metrics(plain):
    summary = plain[1]["summary"]
    undefined = {tag.removeprefix("undefined.") for tag in summary["tags"]}
    assert set(summary["metrics"]) <= set(CATALOGUE)
    assert set(required("run", "fold")) <= {*summary["metrics"], *undefined}
    timeless = set(searchable()) - OBJECTIVES  # these rows have no time
    assert timeless <= {*summary["metrics"], *undefined}


def test_the_same_run_gives_the_same_bits_with_any_threads(cutscore, newest, loans, plain):
    first = plain[1]
    answer = cutscore("run", *loans, "threads=2", "hydra/launcher=joblib")
    assert "Note: hydra/launcher=joblib is for sweeps (-m): this run is made here." in answer.err
    (again,) = newest(answer)
    assert again["summary"]["run_id"] != first["summary"]["run_id"]
    assert scores_of(again).equals(scores_of(first))
    assert again["summary"]["tags"]["fingerprint"] == first["summary"]["tags"]["fingerprint"]


def test_another_seed_gives_other_scores(cutscore, newest, loans, plain):
    (other,) = newest(cutscore("run", *loans, "seed=43"))
    assert not scores_of(other).equals(scores_of(plain[1]))
    assert other["summary"]["tags"]["fingerprint"] != plain[1]["summary"]["tags"]["fingerprint"]


def test_out_of_fold_scores_belong_to_the_rows(plain, loans_csv):
    run = plain[1]
    scores = scores_of(run).to_pydict()
    with loans_csv.open() as stream:
        target = {int(row["loan_id"]): int(row["defaulted"]) for row in csv.DictReader(stream)}
    assert dict(zip(scores["row"], scores["target"], strict=True)) == target
    metrics = run["summary"]["metrics"]
    flagged = np.array(scores["score"]) >= metrics["threshold"]
    positive = np.array(scores["target"]) == 1
    assert metrics["fn"] == np.sum(~flagged & positive)
    assert metrics["total_cost"] == 10 * metrics["fn"] + metrics["fp"]


def test_a_sweep_over_sampling_methods_under_a_parent(cutscore, newest, loans):
    answer = cutscore("run", "-m", *loans, f"sampling={','.join(SAMPLINGS)}")
    *cells, parent = newest(answer, len(SAMPLINGS) + 1)
    assert all(whole(cell) for cell in cells)
    names = [f"exp0{i}_cv_baseline_{name}" for i, name in enumerate(SAMPLINGS, 1)]
    assert [cell["summary"]["name"] for cell in reversed(cells)] == names
    assert {cell["summary"]["parent_id"] for cell in cells} == {parent["summary"]["run_id"]}
    assert parent["summary"]["name"] == "sweep_sampling"
    assert parent["summary"]["status"] == "FINISHED"
    assert all(name in answer.out for name in names)
    assert "looks better than it is" in " ".join(answer.out.split())


@pytest.fixture(scope="module")
def grid(workplace, cutscore, newest, loans):
    """Return the words of a sweep of four cells, its cells and its parent."""
    swept = ["features=baseline,polynomial", "sampling=none,balanced"]
    words = ["run", "-m", *loans, "data.polynomial=[income,age]", *swept]
    *cells, parent = newest(cutscore(*words), 5)
    return words, cells, parent


def test_a_grid_leaves_a_leaderboard_a_heatmap_and_the_best_threshold(grid):
    _, cells, parent = grid
    names = {file["path"] for file in parent["artifacts"]}
    assert {"leaderboard.csv", "heatmap.png", "best_threshold.json", "sweep.yaml"} <= names
    with (folder_of(parent) / "leaderboard.csv").open() as stream:
        board = list(csv.DictReader(stream))
    costs = [float(row["crossfit_cost"]) for row in board]
    assert costs == sorted(costs)
    assert {row["run_id"] for row in board} == {cell["summary"]["run_id"] for cell in cells}
    assert {row["status"] for row in board} == {"complete"}
    best = json.loads((folder_of(parent) / "best_threshold.json").read_text())
    assert best["rule"] == "flagged when score >= threshold"
    winner = next(cell for cell in cells if cell["summary"]["run_id"] == board[0]["run_id"])
    assert best["run_id"] == board[0]["run_id"]
    assert best["threshold"] == winner["summary"]["metrics"]["threshold"]
    assert (folder_of(parent) / "heatmap.png").stat().st_size > 5_000
    assert whole(parent)


def test_joblib_workers_give_the_same_bits_and_serve_no_other_launch(cutscore, newest, grid):
    words, basic, _ = grid
    joblib = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    *workers, parent = newest(cutscore(*words, *joblib), 5)
    assert parent["summary"]["name"] == "sweep_features_sampling"
    by_name = {run["summary"]["name"]: run for run in workers}
    assert len(by_name) == 4
    pids = {int(run["summary"]["tags"]["pid"]) for run in workers}
    assert len(pids) == 2
    assert not pids & set(psutil.pids())  # the next launch may be in another folder
    for run in basic:
        other = by_name[run["summary"]["name"]]
        assert whole(other)
        assert scores_of(other).equals(scores_of(run))
        for metric in ("threshold", "crossfit_cost", "roc_auc", "train_roc_auc"):
            assert other["summary"]["metrics"][metric] == run["summary"]["metrics"][metric]
        assert other["summary"]["tags"]["fingerprint"] == run["summary"]["tags"]["fingerprint"]


def test_every_model_is_recorded_whole(cutscore, newest, dropped):
    answer = cutscore("run", "-m", *dropped, "validation.folds=3", f"model={','.join(MODELS)}")
    *cells, _ = newest(answer, len(MODELS) + 1)
    assert all(whole(cell) for cell in cells)
    names = [cell["summary"]["name"] for cell in reversed(cells)]
    assert names == [f"exp0{i}_cv_baseline_none_{model}" for i, model in enumerate(MODELS, 1)]
    auc = {
        cell["summary"]["tags"]["model"]: cell["summary"]["metrics"]["roc_auc"] for cell in cells
    }
    assert auc["dummy"] == 0.5
    assert min(auc[model] for model in MODELS[:-1]) > 0.55


@pytest.mark.parametrize(
    ("model", "sampling"), [("logistic_regression", "smote"), ("xgboost", "undersample")]
)
def test_models_with_sampling(cutscore, newest, dropped, model, sampling):
    words = [f"model={model}", f"sampling={sampling}", "validation.folds=2"]
    (run,) = newest(cutscore("run", *dropped, *words))
    assert whole(run)
    assert run["summary"]["tags"]["bayes_valid"] == "false"


def test_a_classifier_named_by_its_class(cutscore, newest, dropped):
    words = ["model=sklearn", "model._target_=sklearn.naive_bayes.GaussianNB"]
    (run,) = newest(cutscore("run", *dropped, *words, "+model.params.var_smoothing=1e-6"))
    assert whole(run)
    assert run["params"]["model._target_"] == "sklearn.naive_bayes.GaussianNB"
    assert run["summary"]["metrics"]["roc_auc"] > 0.55


@pytest.mark.parametrize(
    ("scheme", "settings", "name"),
    [
        ("holdout", [], "exp01_holdout_baseline_none"),
        ("repeated_stratified", ["validation.folds=2", "validation.repeats=2"], "exp01_cv_"),
        ("grouped", ["data.group=branch", "validation.folds=3"], "exp01_cv_"),
        ("time_ordered", ["data.time=day", "validation.folds=3"], "exp01_time_"),
        ("stratified", ["validation.keep_duplicates_together=true"], "exp01_cv_"),
    ],
)
def test_every_validation_scheme_is_recorded_whole(
    cutscore, newest, dropped, loans_csv, scheme, settings, name
):
    trees = "model.params.n_estimators=8"
    (run,) = newest(cutscore("run", *dropped, trees, f"validation={scheme}", *settings))
    assert whole(run)
    assert run["summary"]["name"].startswith(name)
    scores = scores_of(run)
    rows = {"holdout": 120, "repeated_stratified": 1200}.get(scheme, 600)
    if scheme == "time_ordered":
        assert 0 < scores.num_rows < 600
        assert run["summary"]["metrics"]["rows_unscored"] == 600 - scores.num_rows
    else:
        assert scores.num_rows == rows
    if scheme == "grouped":
        with loans_csv.open() as stream:
            branch = {int(row["loan_id"]): row["branch"] for row in csv.DictReader(stream)}
        held = scores.to_pydict()
        pairs = set(zip((branch[i] for i in held["row"]), held["fold"], strict=True))
        assert len(pairs) == 40, "rows of one branch are in two folds"


def test_every_format_of_a_table_gives_the_same_scores(
    cutscore, newest, loans, loans_csv, plain, tmp_path
):
    text = loans_csv.read_text()
    (tmp_path / "loans.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "loans.tsv").write_text(text.replace(",", "\t"))
    pq.write_table(pyarrow.csv.read_csv(loans_csv), tmp_path / "loans.parquet")
    runs = [plain[1]]
    for name in ("loans.csv.gz", "loans.tsv", "loans.parquet"):
        runs += newest(cutscore("run", *loans, f"data.path={tmp_path / name}"))
    assert len({run["summary"]["tags"]["data_digest"] for run in runs}) == 1
    assert all(whole(run) and scores_of(run).equals(scores_of(runs[0])) for run in runs)


def test_words_as_target_and_a_new_expression(cutscore, newest, loans, loans_csv, tmp_path):
    words = tmp_path / "loans.csv"
    head, *rows = loans_csv.read_text().splitlines()
    rows = [f"{row[:-1]}{'yes' if row[-1] == '1' else 'no'}" for row in rows]
    words.write_text("\n".join([head, *rows]))
    given = [f"data.path={words}", "data.positive=yes", "features=domain"]
    answer = cutscore("run", *loans, *given, '+data.domain.PER_YEAR="income / age"')
    (run,) = newest(answer)
    assert whole(run)
    assert run["summary"]["metrics"]["features"] == 4
    assert run["params"]["data.domain.PER_YEAR"] == "income / age"


@pytest.mark.parametrize("threshold", ["grid", "fbeta"])
def test_other_thresholds_are_recorded_whole(cutscore, newest, loans, threshold):
    (run,) = newest(cutscore("run", *loans, f"threshold={threshold}"))
    assert whole(run)
    chosen = json.loads((folder_of(run) / "threshold.json").read_text())
    value = run["summary"]["metrics"]["threshold"]
    assert chosen["threshold"] == value
    if threshold == "grid":
        assert value == round(round(value / 0.001) * 0.001, 12)
        assert chosen["grid_excess"] == chosen["total_cost"] - chosen["exact"]["total_cost"] >= 0
    else:
        assert chosen["objective"] == "fbeta"


def test_costs_without_a_bayes_threshold_give_the_reason(cutscore, newest, loans):
    costs = ["cost.true_negative=20"]  # flagging costs less than leaving be, whatever the class
    (run,) = newest(cutscore("run", *loans, *costs))
    assert whole(run)
    assert "undefined.threshold_bayes" in run["summary"]["tags"]


def loaded(run):
    """Load a run's kept model as MLflow does, and check that it holds no pickle."""
    import mlflow

    (model,) = run["models"]
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{model}"))
    names = [path.name for path in folder.rglob("*") if path.is_file()]
    assert "MLmodel" in names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    return mlflow.pyfunc.load_model(str(folder))


def test_the_scores_of_a_run_give_its_threshold_again(cutscore, plain):
    folder = folder_of(plain[1])
    own = json.loads((folder / "threshold.json").read_text())
    columns = ("--target", "target", "--score", "score", "--fold", "fold")
    found = cutscore("threshold", folder / "oof_scores.parquet", *columns, "--json").json()
    assert own["schema_version"] == found["schema_version"] == 2
    assert set(own) - set(found) == {"raw_threshold", "bayes_risk", "no_model_rule", "notes"}
    more = {"roc_auc", "sensitivity", "cost_curve", "at", "warnings"}
    assert set(found) - set(own) == more
    for body in (own, found):  # folds are known there by their labels, not by their numbers
        parts = [{**part, "part": None} for part in body["crossfit"]["parts"]]
        body["crossfit"]["parts"] = sorted(parts, key=lambda part: part["threshold"])
    known_to_the_run = {"score_origin", "calibration", "bayes", "bootstrap", "certainty"}
    for name in set(own) & set(found) - known_to_the_run:
        assert own[name] == found[name], name
    assert own["bayes"].keys() == found["bayes"].keys()
    assert own["bootstrap"].keys() == found["bootstrap"].keys()


OWN_COSTS = ("calibration=isotonic", "threshold=bayes", "cost=credit_line", "cost.income=income")


@pytest.mark.parametrize(
    "words",
    [("model=lightgbm",), ("model=random_forest",), OWN_COSTS],
    ids=["lightgbm", "random_forest", "own costs"],
)
def test_a_model_fitted_on_all_rows_is_kept(
    cutscore, newest, dropped, loans_csv, workplace, words, monkeypatch
):
    import pandas as pd

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{workplace}/mlruns/mlflow.db")
    given = [*dropped, "data.amounts=[income]", "validation.folds=2", "model.refit=true", *words]
    (run,) = newest(answer := cutscore("run", *given))
    assert whole(run)
    own = re.search(r"threshold +each row by its own costs", answer.out)
    assert (own is not None) == (words is OWN_COSTS)
    frame = pd.read_csv(loans_csv)
    answers = loaded(run).predict(frame[["income", "age", "purpose"]])
    assert list(answers.columns) == ["score", "probability", "flagged"]
    assert answers["score"].between(0, 1).all()
    assert 0 < answers["flagged"].sum() < len(frame)
    if words is not OWN_COSTS:
        flagged = answers["score"] >= run["summary"]["metrics"]["threshold"]
        assert (answers["flagged"] == flagged).all()


def test_the_best_cell_of_a_sweep_keeps_its_model(cutscore, newest, loans, workplace, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{workplace}/mlruns/mlflow.db")
    answer = cutscore("run", "-m", *loans, "model.refit=best", "sampling=none,balanced")
    *cells, parent = newest(answer, 3)
    best = parent["summary"]["tags"]["best_run"]
    with_model = {cell["summary"]["run_id"]: cell for cell in cells if cell["models"]}
    assert set(with_model) == {best}
    assert all(whole(cell) for cell in cells)
    loaded(with_model[best])
    assert "fitted on all rows" in answer.out
    (kept,) = workplace.glob(f"mlruns/**/{with_model[best]['models'][0]}/**/threshold.json")
    document = json.loads(kept.read_text())
    assert set(document["decision"]) == {"calibrator", "rule", "correction", "costs"}
    for name in ("correction", "costs"):  # belong to the one fit
        del document["decision"][name]
    assert document == json.loads((folder_of(with_model[best]) / "threshold.json").read_text())


def outer_of(run):
    return {k: v for k, v in run["summary"]["metrics"].items() if k.startswith("outer_")}


def test_outer_rows_judge_the_best_cell_only_and_as_they_judge_a_single_run(
    cutscore, newest, loans
):
    words = [*loans, "validation.outer=holdout"]
    answer = cutscore("run", "-m", *words, "sampling=none,balanced")
    *cells, parent = newest(answer, 3)
    best = parent["summary"]["tags"]["best_run"]
    (judged,) = [cell for cell in cells if cell["summary"]["run_id"] == best]
    (other,) = [cell for cell in cells if cell is not judged]
    assert all(whole(cell) for cell in cells)
    assert outer_of(other) == {}
    figures = outer_of(judged)
    assert set(figures) == set(required("outer"))
    assert figures["outer_rows"] == 120
    metrics = judged["summary"]["metrics"]
    assert (metrics["rows_outer"], metrics["rows_scored"], metrics["rows_unscored"]) == (
        120,
        480,
        0,
    )
    assert parent["summary"]["metrics"]["best_outer_cost_per_row"] == figures["outer_cost_per_row"]
    said = " ".join(answer.out.split())
    assert f"per row cross-fitted, {figures['outer_cost_per_row']:,.4f} on 120 outer rows" in said
    assert "in none of its folds" in parent["summary"]["tags"]["note"]
    scores = pq.read_table(folder_of(judged) / "outer_scores.parquet").to_pydict()
    flagged, target = np.array(scores["flagged"]), np.array(scores["target"]) == 1
    cost = 10 * np.sum(~flagged & target) + np.sum(flagged & ~target)
    assert figures["outer_cost"] == cost
    sampling = judged["summary"]["tags"]["sampling_method"]
    answer = cutscore("run", *words, f"sampling={sampling}")
    (single,) = newest(answer)
    assert whole(single)
    assert outer_of(single) == figures
    assert "cost per outer row" in answer.out
