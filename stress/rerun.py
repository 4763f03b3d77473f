"""Ten different cells made again: all sampling methods and all models, bit for bit.

Runs six cells that differ in sampling and four more that differ in the model, on a table with
missing values and categories. Then `cutscore rerun` makes them again from another folder, in one
process and through joblib's workers, and the figures must be equal.

    uv run python stress/rerun.py [--rows 2000]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

SAMPLINGS = "sampling=none,balanced,cost_weighted,smote,undersample,smote_undersample"
MODELS = "model=logistic_regression,random_forest,xgboost,dummy"
LAUNCHERS = {
    "in one process": (),
    "through joblib": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
}


def loans(folder: Path, rows: int) -> Path:
    """Write a table of made loans with a category and missing values."""
    rng = np.random.default_rng(7)
    income, age = rng.lognormal(8, 0.5, rows).round(), rng.integers(20, 70, rows)
    purpose = rng.choice(["car", "house", "other"], rows)
    risk = 1 / (1 + np.exp((income - 2500) / 900 + (age - 40) / 25 - (purpose == "other")))
    default = (rng.random(rows) < 0.35 * risk).astype(int)
    known = rng.random(rows) > 0.1
    lines = [
        f"{a:.0f},{b if there else ''},{c},{d}"
        for a, b, c, d, there in zip(income, age, purpose, default, known, strict=True)
    ]
    path = folder / "loans.csv"
    path.write_text("\n".join(["income,age,purpose,defaulted", *lines]) + "\n")
    return path


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call Cutscore in a folder."""
    command = [sys.executable, "-m", "cutscore", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    args = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(prefix="cutscore-stress-") as temporary:
        first, second = (Path(temporary) / name for name in ("first", "second"))
        first.mkdir()
        second.mkdir()
        data = loans(first, args.rows)
        common = ("run", "-m", "data=table", f"data.path={data}", "data.target=defaulted")
        for swept in (SAMPLINGS, MODELS):
            done = call(first, *common, swept)
            if done.returncode != 0:
                print(done.stderr, file=sys.stderr)
                return 1
        store = first / "mlruns" / "mlflow.db"
        wanted = ("--top", "10", "--by", "crossfit_cost", "--store", str(store), "--json")
        for words, launcher in LAUNCHERS.items():
            start = time.monotonic()
            done = call(second, "rerun", *wanted, *launcher)
            if not done.stdout:
                print(done.stderr, file=sys.stderr)
                return 1
            made = json.loads(done.stdout)["reruns"]
            scores = Counter(one["scores"]["verdict"] for one in made)
            figures = Counter(f["verdict"] for one in made for f in one["figures"])
            print(
                f"{len(made)} cells {words}: {time.monotonic() - start:.0f} s, out-of-fold scores "
                f"{dict(scores)}, figures {dict(figures)}, exit code {done.returncode}",
                flush=True,
            )
            good &= done.returncode == 0 and scores == Counter(equal=10) == Counter(
                one["verdict"] for one in made
            )
    print("all equal, bit for bit" if good else "NOT ALL EQUAL")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
