"""Wrong requests: exit code 2, a message that helps, and nothing left behind.

The loaders' own tests go into every kind of bad table; here each kind goes through the command
line once.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

BAD_EXPRESSIONS = [
    ("income +", "syntax"),
    ("incom + 1", 'Did you mean "income"?'),
    ("upper(purpose)", "number"),
    ("defaulted + 1", "target"),
    ("row_number() OVER ()", "window"),
    ("avg(income) OVER ()", "window"),
    ("(SELECT 1)", "subquery"),
    ("(SELECT count(*) FROM read_csv('/etc/passwd'))", "subquery"),
    ("read_text('/etc/passwd')", "read_text"),
    ("random()", "random"),
    ("sum(income)", "sum"),
    ("loan_id + 1", "loan_id"),
]


@pytest.fixture
def refused(cutscore, in_folder):
    """Run a wrong request in an empty folder and return what was said."""

    def run(*words, **kept):
        before = sorted(Path().rglob("*"))
        answer = cutscore("run", *words)
        assert answer.code == 2, answer
        assert sorted(Path().rglob("*")) == before, "something was left behind"
        assert answer.out == ""
        assert "Traceback" not in answer.err
        assert answer.err.count("wrong with this request; nothing was done") == 1
        return " ".join(answer.err.split())

    return run


@pytest.fixture
def changed(in_folder, loans, loans_csv):
    """Write the small table with lines changed, and return overrides that read it."""

    def write(change, *others):
        lines = change(loans_csv.read_text().splitlines())
        Path("t.csv").write_text("\n".join(lines) + "\n")
        return [*loans, "data.path=t.csv", *others]

    return write


def cells(column, replace):
    """Return a change of one column: `replace(row number from 1, value)`."""

    def change(lines):
        place = lines[0].split(",").index(column)
        table = [line.split(",") for line in lines[1:]]
        for number, row in enumerate(table, 1):
            row[place] = replace(number, row[place])
        return [lines[0], *(",".join(row) for row in table)]

    return change


@pytest.mark.parametrize(
    ("words", "setting", "hint"),
    [
        (["sampling=smot"], "sampling:", 'Did you mean "smote"?'),
        (["samplng=smote"], "samplng:", 'Did you mean "sampling"?'),
        (["cost.false_negativ=3"], "cost.false_negativ:", '"cost.false_negative"'),
        (["validation.folds=many"], "validation.folds:", "integer"),
        (["cost.false_negative=-1"], "cost.false_negative:", "greater than or equal to 0"),
        (["cost.false_negative=0", "cost.false_positive=0"], "cost:", "0"),
        (["threshold=grid", "threshold.step=0"], "threshold.step:", "greater than"),
        (["data.target=defalted"], "data.target:", 'Did you mean "defaulted"?'),
        (["data.positive=9"], "data.positive:", "not among the values"),
        (["validation.folds=300"], "validation.folds:", "positive"),
        (["sampling=smote", "sampling.neighbours=80"], "sampling.neighbours:", "80"),
        (["--multirn"], "--multirn:", '"--multirun"'),
        (["data.id=loanid"], "data.id:", '"loan_id"'),
        (["features=domain"], "data.domain", "at least"),
        (
            ["+model.params.boosting=goss", "model.params.subsample=0.5"],
            "model.params.boosting:",
            "bagging",
        ),
        (["+model.params.monotone_constraints=[1]"], "monotone_constraints:", "3 columns"),
        (["model=xgboost", "model.params.tree_method=exact"], "tree_method:", "categorical"),
    ],
)
def test_settings(refused, loans, words, setting, hint):
    said = refused(*loans, *words)
    assert setting in said
    assert hint in said


def test_several_faults_come_together(refused, loans):
    said = refused(*loans, "sampling=smot", "cost.false_negative=-1", "validation.folds=x")
    assert "3 things are wrong" in said


def test_all_bad_expressions_are_told_at_once(refused, loans):
    added = [f'+data.domain.NEW{i}="{text}"' for i, (text, _) in enumerate(BAD_EXPRESSIONS)]
    said = refused(*loans, "features=domain", *added)
    assert f"{len(BAD_EXPRESSIONS)} things are wrong" in said
    told = re.split(r"data\.domain\.(NEW\d+): ", said)[1:]
    lines = dict(zip(told[::2], told[1::2], strict=True))
    for i, (text, hint) in enumerate(BAD_EXPRESSIONS):
        assert hint in lines[f"NEW{i}"], text


def test_a_name_that_is_taken(refused, loans):
    said = refused(*loans, "features=domain", '+data.domain.income="age + 1"')
    assert "income" in said
    assert "already" in said


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("nowhere.csv", "does not exist"),
        ("empty.csv", "is empty"),
        (".", "is a folder"),
        ("picture.csv", "picture.csv"),
        ("twice.csv", "same name"),
    ],
)
def test_files(refused, in_folder, loans, path, hint):
    Path("empty.csv").touch()
    Path("picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    Path("twice.csv").write_text("loan_id,age,age,defaulted\n1,2,3,0\n2,3,4,1\n")
    said = refused(*loans, f"data.path={path}")
    assert "data.path:" in said
    assert hint in said


@pytest.mark.parametrize(
    ("column", "replace", "setting", "hint"),
    [
        ("defaulted", lambda i, v: "" if i == 3 else v, "data.target:", "missing in 1 of 600"),
        ("defaulted", lambda i, v: "0", "data.target:", "one class"),
        ("defaulted", lambda i, v: "2" if i == 3 else v, "data.target:", "0, 1, 2"),
        ("income", lambda i, v: "inf" if i == 3 else v, "data.drop:", "infinite"),
        ("income", lambda i, v: "", "data.drop:", "missing in every row"),
    ],
)
def test_values(refused, changed, column, replace, setting, hint):
    said = refused(*changed(cells(column, replace)))
    assert setting in said
    assert hint in said
    assert Path("t.csv").exists()


def test_infinite_values_made_by_an_expression_are_missing_or_refused(cutscore, loans, in_folder):
    answer = cutscore("run", *loans, "features=domain", '+data.domain.NEW="income / (age - age)"')
    assert answer.code == 2
    assert "data.domain.NEW" in answer.err
    assert not list(Path().iterdir())


def test_a_small_class(refused, changed):
    few = cells("defaulted", lambda i, v: "1" if i % 120 == 0 else "0")  # 5 positives
    words = changed(few, "sampling=smote", "validation.folds=2")
    said = refused(*words)
    assert "sampling.neighbours:" in said
    assert "5" in said


def store_faults(folder):
    (folder / "file").touch()
    (folder / "is_a_folder.db").mkdir()
    (folder / "text.db").write_text("not a database")
    return {
        "a parent that is a file": f"{folder}/file/mlflow.db",
        "a folder in its place": f"{folder}/is_a_folder.db",
        "no database": f"{folder}/text.db",
        "no place for files": "/proc/1/mlflow.db",
    }


@pytest.mark.parametrize(
    "kind",
    ["a parent that is a file", "a folder in its place", "no database", "no place for files"],
)
def test_stores_that_cannot_be_used(refused, loans, tmp_path_factory, kind):
    where = tmp_path_factory.mktemp("store")
    address = store_faults(where)[kind]
    before = sorted(where.rglob("*"))
    said = refused(*loans, f"tracking.uri={address}")
    assert "tracking.uri:" in said
    assert sorted(where.rglob("*")) == before


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("file:./mlruns", "old file store"),
        ("./mlruns", "old file store"),
        ("databricks", "sqlite:///mlruns/mlflow.db"),
        ("sqlite:////proc/1/mlflow.db", "cannot be written"),
        ("http://127.0.0.1:9", "nothing answers"),
    ],
)
def test_an_address_of_the_environment_is_blamed_by_its_name(
    refused, cutscore, loans, monkeypatch, address, hint
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    for said in (refused(*loans), cutscore("store", "init").err, cutscore("runs", "list").err):
        assert " MLFLOW_TRACKING_URI: " in " ".join(said.split())
    assert hint in refused(*loans)
    assert "--store: " in cutscore("runs", "list", "--store", "none.db").err


def test_a_storage_of_the_environment_is_blamed_by_its_name(refused, loans, monkeypatch):
    monkeypatch.setenv("CUTSCORE_SEARCH_STORAGE", "redis://nowhere")
    words = ["search=lightgbm", "search.space={model.params.n_estimators:off}"]
    assert "CUTSCORE_SEARCH_STORAGE:" in refused(*loans, *words)


def test_trials_outside_of_the_space(refused, loans):
    named = "search.enqueue=[{model.params.num_leaves:99},{sampling:none}]"
    space = 'search.space={model.params.num_leaves:"range(2,9)"}'
    said = refused(*loans, "search=custom", space, named)
    assert "search.enqueue[0]: 99 is outside of range(2, 9)" in said
    assert "search.enqueue[1]: sampling is not in the space" in said


def test_an_artifact_folder_that_cannot_be_written(refused, loans, in_folder):
    Path("file").touch()
    said = refused(*loans, "tracking.artifacts=file/below")
    assert "tracking.artifacts:" in said


@pytest.fixture(scope="module")
def made_store(tmp_path_factory, cutscore):
    folder = tmp_path_factory.mktemp("made")
    assert cutscore("store", "init", "--store", folder / "mlflow.db").code == 0
    return folder / "mlflow.db"


def test_a_store_of_a_newer_mlflow(refused, loans, made_store, tmp_path_factory):
    newer = tmp_path_factory.mktemp("newer") / "mlflow.db"
    shutil.copy(made_store, newer)
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffff00001111'")
        connection.commit()
    before = newer.read_bytes()
    said = refused(*loans, f"tracking.uri={newer}")
    assert "tracking.uri:" in said
    assert "newer" in said
    assert newer.read_bytes() == before
    assert list(newer.parent.iterdir()) == [newer]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(refused, loans, in_folder):
    in_folder.chmod(0o500)
    try:
        assert "cannot be written" in refused(*loans)
    finally:
        in_folder.chmod(0o700)


def test_a_fault_in_every_cell_of_a_sweep(refused, loans):
    said = refused("-m", *loans, "sampling=smote,smote_undersample", "sampling.neighbours=90")
    assert "sampling.neighbours:" in said


def test_a_fault_in_one_cell_is_recorded_and_the_others_go_on(cutscore, loans, in_folder):
    answer = cutscore("run", "-m", *loans, "sampling=smote", "sampling.neighbours=3,90,4")
    assert answer.code == 1
    assert "FAILED exp02_cv_baseline_smote: sampling.neighbours:" in answer.err
    assert "2 of 3 runs complete" in answer.err
    runs = cutscore("runs", "list", "--json").json()
    found = {run["name"]: run for run in runs}
    statuses = {name: (run["status"], run["complete"]) for name, run in found.items()}
    assert statuses == {
        "sweep_neighbours": ("FAILED", False),
        "exp01_cv_baseline_smote": ("FINISHED", True),
        "exp02_cv_baseline_smote": ("FAILED", False),
        "exp03_cv_baseline_smote": ("FINISHED", True),
    }
    failed = cutscore("runs", "show", found["exp02_cv_baseline_smote"]["run_id"], "--json").json()
    folder = Path(failed["artifact_uri"].removeprefix("file://"))
    texts = [path.read_text() for path in folder.iterdir() if path.suffix == ".txt"]
    assert any("Traceback" in text and "neighbours" in text for text in texts)
    shown = cutscore("runs", "show", found["exp02_cv_baseline_smote"]["run_id"])
    assert shown.code == 0
    assert "state     failed" in shown.out


def test_a_model_that_fails_while_it_is_fitted(cutscore, loans, in_folder, monkeypatch):
    in_folder.joinpath("stumbling.py").write_text(
        "from sklearn.dummy import DummyClassifier\n\n\n"
        "class Stumbling(DummyClassifier):\n"
        "    def fit(self, X, y, sample_weight=None):\n"
        "        raise RuntimeError('stumbled over a stone')\n"
    )
    monkeypatch.syspath_prepend(str(in_folder))
    words = [word for word in loans if not word.startswith("model.")]
    sweep = ["model=sklearn", "model._target_=stumbling.Stumbling,sklearn.dummy.DummyClassifier"]
    answer = cutscore("run", "-m", *words, *sweep)
    assert answer.code == 1
    assert "RuntimeError: stumbled over a stone" in answer.err
    runs = {run["status"] for run in cutscore("runs", "list", "--json").json()}
    assert runs == {"FAILED", "FINISHED"}


def test_a_single_run_that_fails_ends_with_code_1(cutscore, loans, in_folder, monkeypatch):
    in_folder.joinpath("falling.py").write_text(
        "from sklearn.dummy import DummyClassifier\n\n\n"
        "class Falling(DummyClassifier):\n"
        "    def predict_proba(self, X):\n"
        "        return super().predict_proba(X) * float('nan')\n"
    )
    monkeypatch.syspath_prepend(str(in_folder))
    words = [word for word in loans if not word.startswith("model.")]
    answer = cutscore("run", *words, "model=sklearn", "model._target_=falling.Falling")
    assert answer.code == 1
    assert "FAILED exp01_cv_baseline_none" in answer.err
    (run,) = cutscore("runs", "list", "--json").json()
    assert run["status"] == "FAILED"
    assert np.isfinite(run["seconds"])
