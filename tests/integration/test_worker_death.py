"""A process that dies costs the cell it was in, not the sweep."""

from __future__ import annotations

import shutil
from pathlib import Path

from cutscore.report.record_spec import DIED_TAG
from cutscore.runs.opening import open_existing

HELPERS = Path(__file__).parent.parent / "helpers"


def test_a_worker_that_dies_costs_its_cell(cutscore, in_folder, loans):
    folder = in_folder / "conf" / "model"
    folder.mkdir(parents=True)
    shutil.copy(HELPERS / "moody.yaml", folder)
    kept = [word for word in loans if not word.startswith("model.")]
    kept += ["model=moody", "model.params.mood=fine,aborts", "report.bootstrap=0"]
    workers = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    answer = cutscore("run", "-m", *kept, *workers)
    assert answer.code == 1, answer.err
    assert "FAILED exp02" in answer.err
    assert "a worker process died" in answer.err
    assert "SIGABRT" in answer.err
    runs = open_existing(f"sqlite:///{in_folder}/mlruns/mlflow.db").find()  # newest first
    latest = {run.name[:5]: run for run in reversed(runs)}
    assert [run.status for run in runs if run.parent_id is None] == ["FAILED"]
    assert latest["exp01"].complete
    assert latest["exp02"].status == "FAILED"
    assert DIED_TAG in latest["exp02"].tags
    assert not any(run.open for run in runs)
