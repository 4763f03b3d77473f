"""Sweeps whose cells are jobs of submitit."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from servers import PASSWORD

from cutscore.config.compose import Composer
from cutscore.runs.opening import open_existing

HELPERS = Path(__file__).parent.parent / "helpers"
LOCAL = "hydra/launcher=submitit_local"


def test_a_sweep_ends_as_in_one_process_though_a_cell_is_killed(
    cutscore, in_folder, loans, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(HELPERS), prepend=":")
    folder = in_folder / "conf" / "model"
    folder.mkdir(parents=True)
    shutil.copy(HELPERS / "moody.yaml", folder)
    kept = [word for word in loans if not word.startswith("model.")]
    kept += ["model=moody", "report.bootstrap=0", f"model.params.marker={in_folder}/died"]
    words = ["run", "-m", *kept, "model.params.mood=fine,dies"]
    answer = cutscore(*words, LOCAL)
    assert answer.code == 0, answer.err
    assert "is run again: its process died" in answer.err
    again = cutscore(*words, "tracking.experiment=one_process")
    assert again.code == 0, again.err
    store = open_existing(f"sqlite:///{in_folder}/mlruns/mlflow.db")
    there, here = store.find("cutscore"), store.find("one_process")
    assert not any(run.open for run in there)
    assert [run.status for run in there if not run.complete] == ["FAILED"]
    complete = {run.name: run for run in there if run.complete}
    assert len(complete) == len(here) == 3
    for run in here:
        other = complete[run.name].metrics
        same = {key for key in run.metrics if "seconds" not in key and "memory" not in key}
        assert {key: run.metrics[key] for key in same} == {key: other[key] for key in same}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hydra/launcher=submitit_slurm"], "which the nodes of Slurm cannot write together"),
        ([LOCAL, f"tracking.uri=postgresql://me:{PASSWORD}@h/x"], "tracking.uri: it holds a pass"),
    ],
)
def test_what_submitit_cannot_share_is_refused(cutscore, in_folder, loans, words, said):
    answer = cutscore("run", "-m", *loans, "seed=1,2", *words)
    assert answer.code == 2
    assert said in answer.err
    assert PASSWORD not in answer.err
    assert not (in_folder / "mlruns").exists()


def test_submitit_that_is_missing(cutscore, in_folder, loans, monkeypatch):
    known = Composer.options
    monkeypatch.setattr(
        Composer, "options", lambda self, g: [o for o in known(self, g) if "submitit" not in o]
    )
    answer = cutscore("run", "-m", *loans, "seed=1,2", LOCAL)
    assert answer.code == 2
    assert "Run: pip install 'cutscore[submitit]'" in answer.err
