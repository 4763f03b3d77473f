"""A worker process that is killed costs its cell, not the sweep's record."""

from __future__ import annotations

import threading
import time

import psutil

from cutscore.runs.opening import open_existing

WAIT_SECONDS = 90


class Killer(threading.Thread):
    """Kills the first worker of this process whose run is open, once there is one."""

    def __init__(self, folder):
        super().__init__()
        self.store = f"sqlite:///{folder}/mlruns/mlflow.db"
        self.database = folder / "mlruns" / "mlflow.db"
        self.killed = None

    def run(self):
        deadline = time.monotonic() + WAIT_SECONDS
        while self.killed is None and time.monotonic() < deadline:
            time.sleep(0.2)
            if self.database.exists():
                self.killed = self.busy_worker()
        if self.killed is not None:
            psutil.Process(self.killed).kill()

    def busy_worker(self):
        workers = {child.pid for child in psutil.Process().children(recursive=True)}
        for run in open_existing(self.store).find(status="RUNNING"):
            pid = int(run.tags["pid"])
            if pid in workers:
                return pid
        return None


def test_a_killed_worker_is_told_and_the_sweep_ends(cutscore, in_folder, loans):
    words = ["run", "-m", *loans, "model.params.n_estimators=100000", "sampling=none,balanced"]
    words += ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    killer = Killer(in_folder)
    killer.start()
    answer = cutscore(*words)
    killer.join()
    assert killer.killed is not None, "no worker has started a run"
    assert answer.code == 1
    assert "worker process died" in answer.err
    runs = open_existing(killer.store).find()
    assert {run.status for run in runs} <= {"KILLED", "FAILED"}
    assert not any(run.complete for run in runs)
