"""`cutscore predict` at 307,511 x 189, Parquet to Parquet, against MLflow's pyfunc on that file.

Each side is a process of its own, imports and loading the model included; scores must be equal
bit for bit. `--times N` adds our side on a file of N times as many rows, for its memory.

    uv run python benchmarks/predict.py [--rounds 3] [--times 33]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from made import COLUMNS, FOLDER, ROWS, wide_table

CPU_SECONDS, MEGABYTES = 5.5, 600.0
STORE = FOLDER / "predict_store"
PYFUNC = """
import sys
import mlflow.pyfunc
import pandas as pd
model, rows, out = sys.argv[1:]
frame = pd.read_parquet(rows)
mlflow.pyfunc.load_model(model).predict(frame).to_parquet(out)
"""


def kept() -> Path:
    """Return MLflow's folder of a model of 100 trees that a run kept; make it once."""
    if not STORE.exists():
        words = [
            sys.executable, "-m", "cutscore", "run", "data=table", f"data.path={wide_table()}",
            "data.target=target", "validation=holdout", "model.refit=true", "report.bootstrap=0",
            f"tracking.uri=sqlite:///{STORE}/mlflow.db",
        ]  # fmt: skip
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    (found,) = STORE.rglob("data/model/model.json")
    return found.parents[2]


REPEATED = """
import sys
import pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
with pq.ParquetWriter(sys.argv[2], table.schema) as writer:
    for _ in range(int(sys.argv[3])):
        writer.write_table(table)
"""


def repeated(times: int) -> Path:
    """Write the wide table so many times, one below the other, once."""
    path = FOLDER / f"wide_{times}_times.parquet"
    if not path.exists():
        # In a process of its own: a child's peak begins at what its parent has in memory.
        words = [sys.executable, "-c", REPEATED, str(wide_table()), str(path), str(times)]
        subprocess.run(words, check=True)
    return path


def measured(words: list[str], allowed: tuple[int, ...] = (0,)) -> tuple[float, float]:
    """Run a command; return its CPU seconds and peak resident memory in MB (10^6 bytes).

    `allowed` are the exit codes that are no failure.
    """
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in allowed:
        raise SystemExit(f"{words} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6


def ours(model: Path, rows: Path, out: Path) -> list[str]:
    """Return our command."""
    words = [sys.executable, "-m", "cutscore", "predict", str(model), str(rows)]
    return [*words, "--out", str(out), "--overwrite"]


def main() -> None:
    import pyarrow.parquet as pq

    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=0)
    args = parser.parse_args()
    model, rows, made = kept(), wide_table(), {}
    sides = {"cutscore predict": "ours", "mlflow pyfunc": "theirs"}
    commands = {
        "ours": ours(model, rows, FOLDER / "ours.parquet"),
        "theirs": [
            sys.executable, "-c", PYFUNC, str(model), str(rows), str(FOLDER / "theirs.parquet")
        ],
    }  # fmt: skip
    for _ in range(args.rounds):
        for side, command in commands.items():
            made.setdefault(side, []).append(measured(command))
    scores = [pq.read_table(FOLDER / f"{side}.parquet")["score"].to_numpy() for side in commands]
    print(f"{ROWS:,} x {COLUMNS}; equal bit for bit: {scores[0].tobytes() == scores[1].tobytes()}")
    for name, side in sides.items():
        cpu = statistics.median(each[0] for each in made[side])
        peak = max(each[1] for each in made[side])
        print(f"{name:<18} {cpu:5.1f} CPU s  {peak:6.0f} MB")
    print(f"{'aim':<18} {CPU_SECONDS:5.1f} CPU s  {MEGABYTES:6.0f} MB")
    if args.times:
        many = repeated(args.times)
        cpu, peak = measured(ours(model, many, FOLDER / "many.parquet"))
        print(f"{args.times * ROWS:,} rows: {cpu:.1f} CPU s, {peak:.0f} MB")


if __name__ == "__main__":
    main()
