"""Many writers in one store: 8 processes with 50 runs each must leave 400 complete runs.

Run on each kind of store: an SQLite file, an `mlflow server` over one, and PostgreSQL. A run counts
as complete when nothing is missing from its record, artifacts included, and each of its figures
stands once.

    uv run python stress/writers.py [--store sqlite server postgresql] [--how joblib commands]
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))

from servers import mlflow_server, postgresql

STORES = ("sqlite", "server", "postgresql")
ROWS = 300


@dataclass(frozen=True)
class Count:
    """What came of all the runs on one store."""

    complete: int
    lost: int
    twice: int
    not_whole: int
    repeated_figures: int
    locked: int
    away: int
    seconds: float

    @property
    def right(self) -> bool:
        """Whether every run is there, once and whole."""
        return not (self.lost or self.twice or self.not_whole or self.repeated_figures)


@contextmanager
def store_of(kind: str, folder: Path) -> Iterator[str]:
    """Have a store of that kind, and yield its address."""
    if kind == "sqlite":
        yield f"sqlite:///{folder}/mlruns/mlflow.db"
    elif kind == "server":
        with mlflow_server(folder, workers=2) as server:
            yield server.url
    else:
        with postgresql() as server:
            yield server.create("runs")


def table(folder: Path) -> Path:
    """Write a small table and return its file."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(ROWS, 3))
    target = (values[:, 0] + rng.normal(size=ROWS) > 1).astype(int)
    rows = [f"{a:.4f},{b:.4f},{c:.4f},{t}" for (a, b, c), t in zip(values, target, strict=True)]
    path = folder / "table.csv"
    path.write_text("\n".join(["a,b,c,bad", *rows]) + "\n")
    return path


def commands(how: str, processes: int, runs: int, data: Path, uri: str) -> list[list[str]]:
    """Return the command lines: one sweep with joblib, or a plain sweep in each process."""
    base = [sys.executable, "-m", "cutscore", "run", "-m", "data=table", f"data.path={data}"]
    base += ["data.target=bad", "model=dummy", "validation.folds=2", "report.bootstrap=10"]
    base += ["threads=1", f"tracking.uri={uri}", "tracking.experiment=stress"]
    if how == "joblib":
        joblib = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={processes}"]
        return [[*base, f"seed=range({processes * runs})", *joblib]]
    return [
        [*base, f"seed=range({runs * number},{runs * (number + 1)})"] for number in range(processes)
    ]


def run_all(lines: Sequence[Sequence[str]], folder: Path) -> str:
    """Run the command lines at the same time and return what they said on stderr."""
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    started = [
        subprocess.Popen(
            line, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for line in lines
    ]
    try:
        return "".join(process.communicate()[1].decode() for process in started)
    finally:
        for process in started:
            process.terminate()


def count(uri: str, expected: int, said: str, seconds: float) -> Count:
    """Look every run up in the store."""
    from cutscore.report.record_spec import KIND_TAG
    from cutscore.runs.adapter.client import open_client
    from cutscore.runs.opening import open_existing
    from cutscore.runs.values import missing_from_record

    client, kept = open_client(uri), open_existing(uri)
    every = kept.find("stress", limit=10 * expected + 100)
    runs = [run for run in every if KIND_TAG not in run.tags]
    complete = [run for run in runs if run.complete]
    seeds = Counter(client.get_run(run.run_id).data.params["seed"] for run in complete)
    not_whole, repeated = 0, 0
    for run in complete:
        not_whole += bool(missing_from_record(kept.read(run.run_id)))
        history = client.get_metric_history(run.run_id, "fold_roc_auc")
        steps = Counter(metric.step for metric in history)
        repeated += any(number > 1 for number in steps.values())
    failures = [run.tags.get("cutscore.failure", "") for run in runs]
    return Count(
        complete=len(complete),
        lost=expected - len(seeds),
        twice=sum(number - 1 for number in seeds.values()),
        not_whole=not_whole,
        repeated_figures=repeated,
        locked=len(re.findall("database is locked", said + "\n".join(failures))),
        away=said.count("does not answer"),
        seconds=seconds,
    )


def main() -> int:
    """Run, count and print; return 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", nargs="+", choices=STORES, default=list(STORES))
    parser.add_argument("--how", nargs="+", choices=("joblib", "commands"), default=["joblib"])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--runs", type=int, default=50, help="runs of each process")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are ended on the way out
    expected = args.processes * args.runs
    print(f"{args.processes} processes x {args.runs} runs")
    right = True
    for kind in args.store:
        for how in args.how:
            with tempfile.TemporaryDirectory(prefix="cutscore-stress-") as name:
                folder = Path(name)
                with store_of(kind, folder) as uri:
                    start = time.monotonic()
                    lines = commands(how, args.processes, args.runs, table(folder), uri)
                    said = run_all(lines, folder)
                    found = count(uri, expected, said, time.monotonic() - start)
            right &= found.right
            print(
                f"{kind:>10} {how:>8}: {found.complete} of {expected} complete, lost {found.lost}, "
                f"twice {found.twice}, not whole {found.not_whole}, figures repeated "
                f"{found.repeated_figures}, 'database is locked' {found.locked}, "
                f"waits told {found.away}, {found.seconds:.0f} s",
                flush=True,
            )
            if not found.right:
                print(said[-3000:], file=sys.stderr)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
