"""Cutscore from Python: a run made, a run read, and a package that is imported at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

import cutscore as package
from cutscore.delivery.running import _Stoppable
from cutscore.errors import CutscoreError, RequestError


@pytest.fixture(scope="module")
def made(workplace, loans):
    """A run that was made from Python."""
    return package.run([*loans, "sampling=balanced", "model.refit=true"])


def test_a_run_from_python_is_that_of_the_command_line(workplace, cutscore, loans, made):
    assert cutscore("run", *loans, "sampling=balanced").code == 0
    newest, first = cutscore("runs", "list", "--json").json()
    assert first["run_id"] == made.run_id
    assert made.complete
    assert first["name"] == made.name == "exp01_cv_baseline_balanced"
    other = package.read_run(newest["run_id"][:12])
    assert other.tags["score_digest"] == made.tags["score_digest"]
    assert other.threshold == made.threshold == made.decision["threshold"]
    assert other.metrics["crossfit_cost"] == made.metrics["crossfit_cost"]
    assert other.scores.equals(made.scores)
    assert len(made.scores) == 600
    assert {"row", "fold", "target", "score"} <= set(made.scores.columns)
    assert made.params["sampling._target_"].endswith("Balanced")
    shown = cutscore("runs", "show", made.run_id, "--json").json()
    assert shown["missing"] == []


def test_its_model_decides_as_it_did(made, loans_csv):
    import pyarrow.csv

    answer = made.model().decide(pyarrow.csv.read_csv(loans_csv))
    assert answer.flagged.tolist() == (answer.probability >= made.threshold).tolist()


def test_what_is_wrong_is_raised_with_all_faults_and_nothing_is_written(made, cutscore, loans):
    before = len(cutscore("runs", "list", "--json").json())
    with pytest.raises(RequestError) as caught:
        package.run([*loans, "sampling=balancd", "cost.false_negative=-1"])
    assert len(caught.value.faults) == 2
    with pytest.raises(RequestError, match="ask for a sweep, and one run is made here"):
        package.run(["experiment=quickstart"])
    with pytest.raises(RequestError, match="ask for a search"):
        package.run(["search=lightgbm"])
    with pytest.raises(RequestError, match="how a launch is made cannot be said here"):
        package.run([*loans, "hydra/launcher=joblib"])
    with pytest.raises(RequestError, match="nobody"):
        package.read_run("nobody")
    assert len(cutscore("runs", "list", "--json").json()) == before


def test_an_interruption_ends_the_run_and_not_the_process(made, cutscore, loans, monkeypatch):
    def interrupt(self, run_id):
        opened.append(run_id)
        os.kill(os.getpid(), signal.SIGINT)
        assert self.stop.wait(30)  # this small run may be over before the main thread hears of it

    opened = []
    monkeypatch.setattr(_Stoppable, "opened", interrupt)
    # A shell that starts tests in the background has them ignore interruptions.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            package.run([*loans, "model.params.n_estimators=400"])
    finally:
        signal.signal(signal.SIGINT, before)
    found = package.read_run(opened[0])
    assert not found.complete
    (run,) = [r for r in cutscore("runs", "list", "--json").json() if r["run_id"] == opened[0]]
    assert run["status"] == "KILLED"
    with pytest.raises(RequestError, match=r"has no oof_scores\.parquet"):
        _ = found.scores


def test_a_failed_run_is_told(made, loans, monkeypatch):
    def fail(self, progress):
        raise ValueError("broken")

    monkeypatch.setattr(_Stoppable, "on_fold", fail)
    with pytest.raises(CutscoreError, match="failed: ValueError: broken"):
        package.run(loans)


def test_importing_the_package_imports_nothing_heavy():
    heavy = ("numpy", "pandas", "mlflow", "hydra", "pyarrow", "duckdb", "lightgbm", "pydantic")
    code = (
        f"import sys, cutscore; cutscore.__all__; print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert all(callable(getattr(package, name)) for name in ("load", "run", "read_run"))
    with pytest.raises(AttributeError, match="has no attribute 'lunch'"):
        _ = package.lunch
