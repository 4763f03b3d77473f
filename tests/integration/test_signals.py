"""Runs ended in mid-work through the command line; the mechanism has tests of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time
from contextlib import closing

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

LIMIT = 5.0
PATIENCE = 120.0
LONG = {
    "lightgbm": ["model.params.n_estimators=100000"],
    "smote": ["sampling=smote", "model=logistic_regression"],
}


@pytest.fixture(scope="module")
def wide_table(tmp_path_factory):
    """A table on which SMOTE's neighbour search takes much longer than five seconds."""
    rng = np.random.default_rng(0)
    rows, columns = 60_000, 40
    values = rng.normal(size=(columns, rows)).astype(np.float32)
    names = [f"x{i}" for i in range(columns)]
    table = pa.table(dict(zip(names, values, strict=True)))
    table = table.append_column("bad", pa.array((rng.random(rows) < 0.45).astype(int)))
    path = tmp_path_factory.mktemp("wide") / "wide.parquet"
    pq.write_table(table, path)
    return path


@pytest.fixture
def begun(cutscore_started, wide_table, in_folder):
    """Start a run or a sweep, and wait until so many cells are in their first fold."""
    processes = []

    def begin(work, cells, *words):
        given = ["data=table", f"data.path={wide_table}", "data.target=bad", *LONG[work], *words]
        process = cutscore_started("run", *given, folder=in_folder)
        processes.append(process)
        end = time.monotonic() + PATIENCE
        while fitting(in_folder) < cells:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)
        time.sleep(1.0)  # into the C code
        return process

    yield begin
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        process.communicate()


def fitting(folder):
    """Count the cells that have told they begin their first fold."""
    files = list(folder.glob("outputs/*/*/progress.jsonl"))
    return sum(path.read_text().count('"done": 0') for path in files)


def ended(process, number, send=os.kill):
    """Send a signal; return the exit code once the process and its children are gone."""
    family = [psutil.Process(process.pid)]
    family += family[0].children(recursive=True)
    start = time.monotonic()
    send(process.pid, number)
    code = process.wait(timeout=30)
    assert time.monotonic() - start < LIMIT
    _, alive = psutil.wait_procs(family[1:], timeout=LIMIT - (time.monotonic() - start))
    assert not alive
    return code


def statuses(folder):
    with closing(sqlite3.connect(folder / "mlruns" / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        complete = "SELECT count(*) FROM tags WHERE key = 'cutscore.complete'"
        assert connection.execute(complete).fetchone() == (0,)
        return dict(connection.execute("SELECT name, status FROM runs").fetchall())


@pytest.mark.parametrize(
    ("work", "number", "code"),
    [("lightgbm", signal.SIGINT, 130), ("smote", signal.SIGTERM, 143)],
)
def test_a_run_in_mid_fit_is_killed(begun, in_folder, work, number, code):
    process = begun(work, 1)
    assert ended(process, number) == code
    (status,) = statuses(in_folder).values()
    assert status == "KILLED"
    said = process.stderr.read()
    assert "Interrupted" in said
    assert "Traceback" not in said


def test_ctrl_c_ends_a_sweep_with_its_workers(begun, in_folder):
    """A terminal sends the signal to the whole group of processes."""
    joblib = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    process = begun("lightgbm", 2, "-m", "seed=1,2,3", *joblib)
    assert ended(process, signal.SIGINT, os.killpg) == 130
    assert statuses(in_folder) == {
        "sweep_seed": "KILLED",
        "exp01_cv_baseline_none": "KILLED",
        "exp02_cv_baseline_none": "KILLED",
    }
    assert "Traceback" not in process.stderr.read()
