"""Where runs are written: whatever the folder is called, wherever Hydra puts a job."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

NASTY = "O'Brien a?b 50%20x #1 [k] é\n$h {}i,j=k;!*~&\"\\ :x"


@pytest.fixture
def folder(in_folder, monkeypatch) -> Path:
    """A working directory with a name in which every sign is one that something reads."""
    folder = in_folder / NASTY
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_sweep_in_a_folder_of_any_name_keeps_to_it(cutscore, loans, loans_csv, folder):
    shutil.copyfile(loans_csv, folder / "loans.csv")
    own = folder / "conf" / "sampling"
    own.mkdir(parents=True)
    shutil.copyfile(
        Path(__file__).parents[2] / "conf" / "sampling" / "none.yaml", own / "mine.yaml"
    )
    words = ["run", "-m", *loans, "data.path=loans.csv", "sampling=mine,balanced"]
    answer = cutscore(*words, "hydra.job.chdir=true")
    assert answer.code == 0, answer.err
    assert "hydra.job.chdir changes nothing" in answer.err
    runs = cutscore("runs", "list", "--json").json()
    assert {run["status"] for run in runs} == {"FINISHED"}
    assert len(runs) == 3
    again = cutscore("rerun", runs[0]["run_id"], "hydra.job.chdir=true")
    assert again.code == 0, again.err
    assert [path.relative_to(folder) for path in folder.rglob("mlflow.db")] == [
        Path("mlruns", "mlflow.db")
    ]
    assert [path.name for path in folder.parent.iterdir()] == [NASTY]
    assert "Nothing is wrong" in cutscore("store", "audit").out


def test_a_search_in_a_folder_of_any_name_keeps_to_it(cutscore, loans, folder):
    words = [word for word in loans if "n_estimators" not in word]
    space = "search.space={model.params.n_estimators: 'range(4, 8)'}"
    asked = ["search=custom", "search.metric=roc_auc", "search.trials=2", space]
    answer = cutscore("run", *words, *asked, "hydra.job.chdir=true")
    assert answer.code == 0, answer.err
    found = sorted(path.relative_to(folder) for path in folder.rglob("*.db"))
    assert found == [Path("mlruns", "mlflow.db"), Path("mlruns", "optuna.db")]
    assert [path.name for path in folder.parent.iterdir()] == [NASTY]


def test_a_folder_that_is_there_is_used_and_each_run_keeps_its_own_log(
    cutscore, loans, in_folder, tmp_path
):
    (in_folder / "run.log").write_text("not of this run\n")
    for _ in range(2):
        answer = cutscore("run", *loans, "hydra.run.dir=.")
        assert answer.code == 0, answer.err
        assert f"logs in {in_folder}\n" in answer.err
        assert "[1/1]" in answer.err
    logs = [path.read_text() for path in (in_folder / "mlruns").rglob("run.log")]
    assert len(logs) == 2
    for log in logs:
        assert log.count("threshold ") == 1
        assert "not of this run" not in log
    assert (in_folder / "run.log").read_text().startswith("not of this run\n")


@pytest.mark.parametrize("words", [["hydra.run.dir=file"], ["-m", "hydra.sweep.dir=file/below"]])
def test_a_folder_that_cannot_be_written_is_told_before_anything(cutscore, loans, in_folder, words):
    (in_folder / "file").touch()
    answer = cutscore("run", *loans, *words)
    assert answer.code == 2
    assert f"{words[-1].partition('=')[0]}: {in_folder / 'file'}" in answer.err
    assert [path.name for path in in_folder.iterdir()] == ["file"]


def test_a_folder_whose_name_hydra_would_fill_in_is_told(cutscore, loans, in_folder, monkeypatch):
    folder = in_folder / "a${b}"
    folder.mkdir()
    monkeypatch.chdir(folder)
    answer = cutscore("run", *loans)
    assert answer.code == 2
    assert "${ in its name" in answer.err
    assert not list(folder.iterdir())
