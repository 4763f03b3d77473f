"""`cutscore dashboard` on a made store, in headless Chromium, beside MLflow on the same store.

Wall times from navigation or key to what is painted, and the CPU seconds of the server meanwhile.

    uv run python benchmarks/dashboard.py [--runs 3000] [--mlflow]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from made import FOLDER

PARAMS, METRICS, TAGS = 60, 60, 20
FIRST_ROW = "document.querySelector('.long tbody td a') !== null"
COMPARED = "document.querySelectorAll('main svg path.line').length >= 12"


def store(runs: int) -> Path:
    """Write a store of so many runs by SQL, once; four of them have curves."""
    from cutscore.runs.schema import create_database

    path = FOLDER / f"dashboard_{runs}" / "mlflow.db"
    if path.exists():
        return path
    path.parent.mkdir(parents=True)
    create_database(path.with_name("new.db"))
    rng = np.random.default_rng(0)
    ids = [f"{number:032x}" for number in rng.permutation(runs).tolist()]
    figures = ["roc_auc", "roc_auc_std", "threshold", "threshold_std"]
    figures += ["crossfit_cost", "total_cost"]
    metrics = figures + [f"metric_{i}" for i in range(METRICS - len(figures))]
    with closing(sqlite3.connect(path.with_name("new.db"))) as db, db:
        db.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, "
            "workspace) VALUES (1, 'made', ?, 'active', 'default')",
            [str(path.parent)],
        )
        db.executemany(
            "INSERT INTO runs (run_uuid, name, source_type, status, start_time, end_time, "
            "lifecycle_stage, artifact_uri, experiment_id, user_id) "
            "VALUES (?, ?, 'LOCAL', 'FINISHED', ?, ?, 'active', ?, 1, 'me')",
            [
                (run, f"exp{n:05d}", 1_790_000_000_000 + n * 1000, 1_790_000_009_000 + n * 1000,
                 str(path.parent / "artifacts" / run))
                for n, run in enumerate(ids)
            ],
        )  # fmt: skip
        params = [(f"model.params.p{i:02d}", i) for i in range(PARAMS)]
        db.executemany(
            "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
            (
                (key, str((n * 7 + i) % (i + 2)), run)
                for n, run in enumerate(ids)
                for key, i in params
            ),
        )
        values = rng.random((runs, METRICS)).tolist()
        for table in ("metrics", "latest_metrics"):
            db.executemany(
                f"INSERT INTO {table} (key, value, timestamp, step, is_nan, run_uuid) "
                "VALUES (?, ?, 0, 0, 0, ?)",
                (
                    (key, value, run)
                    for run, row in zip(ids, values, strict=True)
                    for key, value in zip(metrics, row, strict=True)
                ),
            )
        words = [("mlflow.runName", 10**6), ("feature_strategy", 3), ("sampling_method", 5)]
        words += [("cutscore.complete", 2)] + [(f"tag_{i}", 9) for i in range(TAGS - 4)]
        db.executemany(
            "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
            ((key, f"v{n % many}", run) for n, run in enumerate(ids) for key, many in words),
        )
    for run in ids[:4]:
        _evidence(path.parent / "artifacts" / run, rng)
    path.with_name("new.db").replace(path)
    return path


def _evidence(folder: Path, rng: np.random.Generator) -> None:
    """Write a threshold and its curve of 2,000 points, as a run does."""
    folder.mkdir(parents=True)
    share = np.linspace(0, 1, 2000)
    tp, fp = 10_000 * share**0.4, 140_000 * share**1.2
    columns = {"threshold": 1 - share, "tp": tp, "fp": fp, "fn": 10_000 - tp, "tn": 140_000 - fp}
    columns["total_cost"] = 10 * columns["fn"] + fp + rng.random()
    pq.write_table(pa.table(columns), folder / "threshold_curve.parquet")
    counts = {"tp": 7000, "fp": 20_000, "fn": 3000, "tn": 120_000}
    rule = {"threshold": 0.3, "objective": "cost", "confusion": counts, "costs": None}
    (folder / "threshold.json").write_text(json.dumps(rule))


@contextmanager
def served(
    words: list[str], ready: str, **environment: str
) -> Iterator[tuple[str, float, psutil.Process]]:
    """Start a server; yield its address, the seconds that it took, and its process."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env={**os.environ, **environment}, start_new_session=True,
    )  # fmt: skip
    try:
        for line in process.stdout or ():
            if re.search(ready, line):
                address, took = re.search(r"http://[\d.]+:\d+", line), time.perf_counter() - began
                yield address[0] if address else "", took, psutil.Process(process.pid)
                return
        raise SystemExit("the server ended")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def cpu(process: psutil.Process) -> float:
    """Return the CPU seconds of a process and its children."""
    family = [process, *process.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in family)


def until(page, condition: str) -> float:
    """Return the seconds until a condition holds and its frame has been painted."""
    began = time.perf_counter()
    page.wait_for_function(condition, polling="raf", timeout=120_000)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return time.perf_counter() - began


TYPED = """async (text) => {
  const field = document.querySelector("input[type=search]"), began = performance.now();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - began;
}"""


def ours(path: Path, browser) -> None:
    with served(["cutscore", "dashboard", "--store", str(path), "--port", "0"], "is ready") as (
        site, started, process,
    ):  # fmt: skip
        print(f"start of the server            {started:6.2f} s")
        firsts = []
        for _ in range(5):
            page = browser.new_page(bypass_csp=True)
            began, before = time.perf_counter(), cpu(process)
            page.goto(site)
            until(page, FIRST_ROW)
            firsts.append((time.perf_counter() - began, cpu(process) - before))
            page.close()
        wall, used = (statistics.median(each) for each in zip(*firsts, strict=True))
        print(f"first table                    {wall:6.2f} s   server {used:.2f} CPU s")
        page = browser.new_page(bypass_csp=True)
        page.goto(site)
        until(page, FIRST_ROW)
        texts = ["exp001", "roc_auc>0.5", "sampling:v1", "exp00 roc_auc<0.3", "-v2", ""]
        took = [page.evaluate(TYPED, text) for text in texts * 5]
        print(f"filter, typed to painted       {statistics.median(took):6.0f} ms   "
              f"most {max(took):.0f}")  # fmt: skip
        began = time.perf_counter()
        page.evaluate(TYPED, "p07=3")
        until(page, "/ of .* runs/.test(document.querySelector('.bar-of-runs').textContent)")
        print(f"filter by a param, first time  {time.perf_counter() - began:6.2f} s")
        with closing(sqlite3.connect(path)) as db:
            found = db.execute("SELECT run_uuid FROM runs ORDER BY start_time LIMIT 4").fetchall()
        query = "&".join(f"run={run}" for (run,) in found)
        took = []
        for _ in range(5):
            page.evaluate("location.hash = '#runs'")
            until(page, FIRST_ROW)
            began = time.perf_counter()
            page.evaluate(f"location.hash = '#compare?{query}'")
            until(page, COMPARED)
            took.append(time.perf_counter() - began)
        print(f"compare of 4 runs              {statistics.median(took):6.2f} s   "
              f"most {max(took):.2f}")  # fmt: skip
        began = time.perf_counter()
        page.evaluate("location.hash = '#grid?experiment=made'")
        until(page, "document.querySelector('table.heat td') !== null")
        print(f"grid of the whole experiment   {time.perf_counter() - began:6.2f} s")
        print(f"server                         {cpu(process):6.1f} CPU s, "
              f"{process.memory_info().rss / 1e6:.0f} MB")  # fmt: skip


def mlflows(path: Path, browser) -> None:
    from mlflow import MlflowClient

    before = time.process_time()
    client = MlflowClient(f"sqlite:///{path}")
    token, read = None, 0
    while read == 0 or token:
        found = client.search_runs(["1"], max_results=1000, page_token=token)
        read, token = read + len(found), found.token
    print(f"MLflow's search_runs of all    {time.process_time() - before:6.1f} CPU s")
    words = ["mlflow", "ui", "--backend-store-uri", f"sqlite:///{path}", "--port", "5123"]
    words += ["--workers", "1"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with served(words, "startup complete", **quiet) as (_, started, process):
        print(f"start of MLflow's server       {started:6.2f} s")
        page, times = browser.new_page(bypass_csp=True), []
        for _ in range(3):
            began, before = time.perf_counter(), cpu(process)
            page.goto("http://127.0.0.1:5123/#/experiments/1/runs?workflowType=machine_learning")
            until(page, "/exp0\\d{4}/.test(document.body.innerText)")
            times.append((time.perf_counter() - began, cpu(process) - before))
            page.goto("about:blank")
        wall, used = (statistics.median(each) for each in zip(*times, strict=True))
        print(f"MLflow's first table (100)     {wall:6.2f} s   server {used:.2f} CPU s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3000)
    parser.add_argument("--mlflow", action="store_true", help="measure MLflow on the store too")
    asked = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
    from browser import chromium

    path = store(asked.runs)
    print(f"{asked.runs:,} runs, {path.stat().st_size / 1e6:.0f} MB, load {os.getloadavg()[0]:.1f}")
    with chromium() as browser:
        ours(path, browser)
        if asked.mlflow:
            mlflows(path, browser)


if __name__ == "__main__":
    main()
