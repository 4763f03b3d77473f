"""`cutscore monitor` at 307,511 x 189: the figures alone beside a pandas loop; the whole command.

Each side is a process of its own, imports included. The figures alone are those of the columns
against a reference that is there: reading, counting, stability index, noise and probability; no
side but the whole command loads the classifier.
The loop cuts and counts column by column at the same deciles, and computes the index. `--log N`
adds the command on a log of N million decisions without inputs, for its memory.

    uv run python benchmarks/monitor.py [--rounds 3] [--log 10]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path

import numpy as np

from made import COLUMNS, FOLDER, ROWS, wide_table
from predict import kept, measured

FIGURES = """
import sys
from pathlib import Path
import numpy as np
from cutscore.data.locate import located
from cutscore.data.unlabelled import RowFile, RowSettings, opened
from cutscore.metrics.drift import chance, psi, psi_noise
from cutscore.scoring.drift_reference import load_drift_reference
from cutscore.scoring.inputs import load_inputs
folder = Path(sys.argv[1]) / "data" / "model"
inputs, counts = load_inputs(folder), 0.0
raw, reference = inputs.raw, load_drift_reference(folder, inputs.columns)
bins = reference.bins
with located(Path(sys.argv[2])) as data:
    for batch in RowFile(data, opened(data), raw, raw.columns, RowSettings(), None).batches():
        values = batch.rows.to_tensor(null_to_nan=True).to_numpy()
        counts = counts + bins.count(np.asarray(values, dtype=np.float32))[0]
for start, end in zip(bins.starts[:-1], bins.starts[1:]):
    before, after = reference.counts[start:end], counts[start:end]
    psi(before, after), psi_noise(before, after), chance(before, after)
"""
LOOP = """
import sys
from pathlib import Path
import numpy as np
import pandas as pd
from cutscore.scoring.drift_reference import load_drift_reference
from cutscore.scoring.inputs import load_inputs
folder = Path(sys.argv[1]) / "data" / "model"
reference = load_drift_reference(folder, load_inputs(folder).columns)
frame, found = pd.read_parquet(sys.argv[2]), {}
for at, each in enumerate(reference.bins.bins):
    edges = [-np.inf, *each.edges, np.inf]
    now = pd.cut(frame[each.name], edges).value_counts(sort=False, dropna=False, normalize=True)
    own = reference.counts[reference.bins.starts[at] : reference.bins.starts[at + 1]]
    p, q = np.maximum(own / own.sum(), 1e-6), np.maximum(now.to_numpy(), 1e-6)
    found[each.name] = ((q[: len(p)] - p[: len(q)]) * np.log(q[: len(p)] / p[: len(q)])).sum()
"""


def log_of(millions: int, version: str) -> Path:
    """Write a log of decisions without inputs, a million a file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = FOLDER / f"log_{millions}"
    folder.mkdir(parents=True, exist_ok=True)
    rng, size = np.random.default_rng(0), 1_000_000
    start = np.datetime64("2026-01-01", "us")
    for number in range(millions):
        path = folder / f"{number:03d}.parquet"
        if path.exists():
            continue
        p = rng.beta(1, 11, size)
        hours = np.sort(rng.integers(0, 24 * 30, size)).astype("timedelta64[h]")
        ids = (number * size + np.arange(size)).astype(str)
        columns = {
            "time": pa.array(start + hours + np.timedelta64(30 * (number % 9), "D")).cast(
                pa.timestamp("us", "UTC")
            ),
            "request": pa.array(["r"] * size),
            "row": np.arange(size),
            "model": pa.array([version] * size),
            "id": pa.array(ids),
            "score": p,
            "probability": p,
            "flagged": p > 0.15,
        }
        pq.write_table(pa.table(columns), path, compression="zstd")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--log", type=int, default=0)
    args = parser.parse_args()
    model, rows = str(kept()), str(wide_table())
    whole = [sys.executable, "-m", "cutscore", "monitor", "--no-record", "--json", model]
    sides = {
        "the figures alone": [sys.executable, "-c", FIGURES, model, rows],
        "a loop of pandas": [sys.executable, "-c", LOOP, model, rows],
        "the whole command, scoring too": [*whole, rows],
    }
    made: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for _ in range(args.rounds):
        for side, command in sides.items():
            allowed = (0, 1) if command[1] == "-m" else (0,)  # our command ends with 1 on an alarm
            made[side].append(measured(command, allowed))
    print(f"{ROWS:,} x {COLUMNS}; load {os.getloadavg()[0]:.1f}")
    for side, found in made.items():
        cpu, peak = statistics.median(c for c, _ in found), max(m for _, m in found)
        print(f"{side:<32} {cpu:5.1f} CPU s  {peak:6.0f} MB")
    print(f"{'aim, the figures alone':<32} {5.0:5.1f} CPU s  {500.0:6.0f} MB")
    if args.log:
        log = str(log_of(args.log, model))
        cpu, peak = measured([*whole, log, "--period", "month"], (0, 1))
        print(f"a log of {args.log} million decisions: {cpu:.1f} CPU s, {peak:.0f} MB (aim 1,000)")


if __name__ == "__main__":
    main()
