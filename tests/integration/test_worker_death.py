"""A worker process that is killed costs its cell, not the sweep's record."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil

from cutscore.runs.opening import open_existing

WAIT_SECONDS = 90


def busy_worker(parent: int, store: str) -> int | None:
    """Return the pid of a worker whose run is open, once there is one."""
    workers = {child.pid for child in psutil.Process(parent).children(recursive=True)}
    for run in open_existing(store).find(status="RUNNING"):
        pid = int(run.tags["pid"])
        if pid in workers:
            return pid
    return None


def test_a_killed_worker_is_told_and_the_sweep_ends(in_folder, loans):
    words = ["run", "-m", *loans, "model.params.n_estimators=100000", "sampling=none,balanced"]
    words += ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    store = f"sqlite:///{in_folder}/mlruns/mlflow.db"
    process = subprocess.Popen(
        [sys.executable, "-m", "cutscore", *words], cwd=in_folder, stderr=subprocess.PIPE, text=True
    )
    try:
        pid = None
        deadline = time.monotonic() + WAIT_SECONDS
        while pid is None and time.monotonic() < deadline:
            time.sleep(0.5)
            if (in_folder / "mlruns" / "mlflow.db").exists():
                pid = busy_worker(process.pid, store)
        assert pid is not None, "no worker has started a run"
        psutil.Process(pid).kill()
        _, stderr = process.communicate(timeout=WAIT_SECONDS)
    finally:
        process.kill()
    assert process.returncode == 1
    assert "worker process died" in stderr
    runs = open_existing(store).find()
    assert {run.status for run in runs} <= {"KILLED", "FAILED"}
    assert not any(run.complete for run in runs)
