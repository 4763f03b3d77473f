"""What the tests of the shutdown guard end.

`busy_process.py (one | pool | stubborn | orphan) (sleep | neighbours)` works in the current folder,
whose mlflow.db is a store.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

from cutscore.launch.shutdown_guard import shutdown_guard
from cutscore.report.items import Metric
from cutscore.runs.opening import open_store
from cutscore.runs.parents import open_parent
from cutscore.runs.settings import TrackingSettings


def sleep_in_c() -> None:
    """Stay in the C library for a minute, going back in when a signal breaks the call."""
    library = ctypes.CDLL(None)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        library.sleep(60)


def search_neighbours() -> None:
    """Search neighbours by brute force, as SMOTE does."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    points = np.random.default_rng(0).random((60_000, 120), dtype=np.float32)
    search = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(points)
    while True:
        search.kneighbors(points)


WORK = {"sleep": sleep_in_c, "neighbours": search_neighbours}


def cell(tracking: TrackingSettings, parent: str | None, number: int, work: str) -> None:
    """Run one cell."""
    with shutdown_guard() as life:
        store = open_store(tracking)
        with store.open(f"cell{number}", parent_id=parent, life=life) as run:
            run.write([Metric("rows", 1.0)])
            Path(f"started{number}").write_text(str(os.getpid()))
            WORK[work]()
            run.complete()


def sweep(tracking: TrackingSettings, work: str) -> None:
    """Run four cells in two workers."""
    from joblib import Parallel, delayed

    with (
        shutdown_guard() as life,
        open_parent(open_store(tracking), "sweep", {}, life, Path("unsent")) as run,
    ):
        cells = (delayed(cell)(tracking, run.run_id, k, work) for k in range(4))
        Parallel(n_jobs=2, backend="loky")(cells)
        run.complete()


def stubborn() -> None:
    """Have a closing function that hangs and a child that ignores SIGTERM."""
    with shutdown_guard() as life:
        life.register(lambda _reason: time.sleep(60))
        life.register(lambda _reason: time.sleep(60), last=True)
        code = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(60)"
        child = subprocess.Popen([sys.executable, "-uc", code], stdout=subprocess.PIPE)
        child.stdout.readline()
        Path("started0").write_text(str(child.pid))
        sleep_in_c()


def orphaned() -> None:
    """Begin to work when the parent has ended already."""
    Path("spawned").touch()
    while os.getppid() == multiprocessing.parent_process().pid:
        time.sleep(0.01)
    with shutdown_guard():
        Path("started0").write_text(str(os.getpid()))
        sleep_in_c()


def orphan() -> None:
    """Start a worker, and end before it comes to work."""
    multiprocessing.get_context("spawn").Process(target=orphaned).start()
    sleep_in_c()


if __name__ == "__main__":
    mode, kind = sys.argv[1:]
    here = Path.cwd()
    if mode == "stubborn":
        stubborn()
    elif mode == "orphan":
        orphan()
    else:
        tracking = TrackingSettings(f"sqlite:///{here}/mlflow.db", experiment="shutdown_guard")
        if mode == "one":
            cell(tracking, None, 0, kind)
        else:
            sweep(tracking, kind)
