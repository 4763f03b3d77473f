"""One fold of the four samplings on Home Credit's made tables, against a plain pandas script.

The feature table is made before, for both sides; each side then does all four cells in a process
of its own. What counts is the whole process, imports included. The floor is `lightgbm.train` alone,
on data that are binned already, for `balanced` and `undersample` with all five folds.

    uv run python benchmarks/grid.py [--rows 307511] [--features baseline] [--rounds 1] [--no-floor]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cutscore.cli import SPIN_COUNT
from made import FOLDER
from overhead import SETTINGS
from whole import plan_of

CELLS = ("balanced", "smote", "undersample", "smote_undersample")
FLOOR = ("balanced", "undersample")
STORE = FOLDER / "grid" / "mlflow.db"


@dataclass(frozen=True)
class Size:
    """How large the tables are, and which features are made of them."""

    rows: int
    features: str

    @property
    def tables(self) -> Path:
        return FOLDER / f"home_credit_{self.rows}"

    @property
    def wide(self) -> Path:
        """The feature table, with the target and whether a row is trained on."""
        return FOLDER / f"home_credit_{self.rows}_{self.features}.parquet"

    def words(self, sampling: str, validation: str = "holdout") -> list[str]:
        return [
            "data=home_credit", f"data.path={self.tables}", f"features={self.features}",
            f"sampling={sampling}", f"validation={validation}", "threads=2",
        ]  # fmt: skip

    def prepared(self, sampling: str, validation: str = "holdout"):
        """Return the experiment, prepared as Cutscore does it, and its cache."""
        from cutscore.experiment import ExperimentCache, prepare

        cache = ExperimentCache()
        experiment = plan_of(FOLDER / "grid", *self.words(sampling, validation)).experiment
        return experiment, prepare(experiment, cache), cache


def write_wide(size: Size) -> None:
    """Write the feature table as the plain script reads it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    _, prepared, _ = size.prepared("balanced")
    table, columns = prepared.table, {}
    for place, column in enumerate(table.columns):
        values = table.values[:, place]
        if column.levels is None:
            columns[column.name] = pa.array(values, from_pandas=True)
        else:
            codes = np.where(np.isnan(values), -1, values).astype(np.int32)
            codes = pa.array(codes, mask=codes < 0)
            columns[column.name] = pa.DictionaryArray.from_arrays(codes, list(column.levels))
    training = np.zeros(table.rows, dtype=np.bool_)
    training[prepared.folds.splits[0].train] = True
    pq.write_table(
        pa.table({**columns, "target": prepared.dataset.target, "fit": training}), size.wide
    )


def plain(size: Size) -> dict[str, float]:
    """Fit, score, measure and record the four cells as a notebook does; return AUC by cell."""
    import mlflow
    import pandas as pd

    mlflow.set_tracking_uri(f"sqlite:///{STORE}")
    mlflow.set_experiment("plain")
    frame = pd.read_parquet(size.wide)
    target, fit = frame.pop("target"), frame.pop("fit")
    found = {}
    for cell in CELLS:
        with mlflow.start_run(run_name=cell):
            found[cell] = plain_cell(cell, frame, target, fit)
    return found


def plain_cell(cell: str, frame, target, fit) -> float:
    import lightgbm as lgb
    import mlflow
    from imblearn.over_sampling import SMOTE
    from imblearn.under_sampling import RandomUnderSampler
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    train, train_y = frame[fit], target[fit]
    held, held_y = frame[~fit], target[~fit]
    if cell.startswith("smote"):
        categories = frame.select_dtypes("category").columns.to_list()
        numbers = frame.columns.drop(categories).to_list()
        prepare = make_column_transformer(
            (SimpleImputer(strategy="median"), numbers),
            (OneHotEncoder(handle_unknown="ignore", sparse_output=False), categories),
        )
        train, held = prepare.fit_transform(train), prepare.transform(held)
    x, y = train, train_y
    if cell.startswith("smote"):
        ratio = 0.5 if cell == "smote_undersample" else 1.0
        x, y = SMOTE(sampling_strategy=ratio, random_state=42).fit_resample(x, y)
    if cell.endswith("undersample"):
        x, y = RandomUnderSampler(random_state=42).fit_resample(x, y)
    weights = "balanced" if cell == "balanced" else None
    model = lgb.LGBMClassifier(**SETTINGS, n_jobs=2, class_weight=weights).fit(x, y)
    scores = model.predict_proba(held)[:, 1]
    mlflow.log_params({**SETTINGS, "sampling": cell})
    plain_record("train", train_y, model.predict_proba(train)[:, 1])
    auc = plain_record("validation", held_y, scores)
    plain_figures(held_y, scores, model.feature_importances_)
    return auc


def plain_record(part: str, truth, scores) -> float:
    """Log what is measured of scores; return the AUC."""
    import mlflow
    from sklearn import metrics

    auc = metrics.roc_auc_score(truth, scores)
    mlflow.log_metrics(
        {
            f"{part}_auc": auc,
            f"{part}_pr_auc": metrics.average_precision_score(truth, scores),
            f"{part}_brier": metrics.brier_score_loss(truth, scores),
            f"{part}_log_loss": metrics.log_loss(truth, scores),
        }
    )
    return float(auc)


def plain_figures(truth, scores, importance) -> None:
    """Search the threshold at 99 places and draw what a run of Cutscore draws."""
    import matplotlib.pyplot as plt
    import mlflow
    from sklearn import calibration, metrics

    places = np.arange(1, 100) / 100
    tables = [metrics.confusion_matrix(truth, scores >= place) for place in places]
    costs = [10 * table[1, 0] + table[0, 1] for table in tables]
    best = int(np.argmin(costs))
    mlflow.log_metrics({"threshold": places[best], "cost": costs[best]})
    displays = {
        "roc_curve": lambda: metrics.RocCurveDisplay.from_predictions(truth, scores),
        "pr_curve": lambda: metrics.PrecisionRecallDisplay.from_predictions(truth, scores),
        "confusion_matrix": lambda: metrics.ConfusionMatrixDisplay(tables[best]).plot(),
        "calibration": lambda: calibration.CalibrationDisplay.from_predictions(truth, scores),
        "cost_curve": lambda: plt.subplots()[1].plot(places, costs),
        "scores": lambda: plt.subplots()[1].hist([scores[truth == 0], scores[truth == 1]], 50),
        "importance": lambda: plt.subplots()[1].barh(range(20), np.sort(importance)[-20:]),
    }
    for name, draw in displays.items():
        draw()
        mlflow.log_figure(plt.gcf(), f"{name}.png")
        plt.close("all")


def floor(size: Size) -> dict[str, float]:
    """Return the CPU seconds of boosting alone: the calls and data that Cutscore's folds have."""
    import lightgbm as lgb

    from cutscore.sampling import RowsToSample

    spent = 0.0
    for sampling in FLOOR:
        experiment, prepared, cache = size.prepared(sampling, "stratified")
        session = cache.session(experiment, prepared, shared=True)
        for fold in prepared.folds.splits:
            target = prepared.dataset.target[fold.train]
            rows = RowsToSample(fold.train, target, experiment.seed)
            data = session._binned(experiment.sampling.sample(rows), prepared.table)
            start = time.process_time()
            lgb.train(dict(session.params), data, keep_training_booster=True)
            spent += time.process_time() - start
    return {"cpu": spent}


def watched(words: list[str], spin: str | None = None) -> tuple[dict[str, float], str]:
    """Run a command; return its CPU and wall seconds and peak memory in MB, and what it printed."""
    environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    environment |= {} if spin is None else {"GOMP_SPINCOUNT": spin}
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, text=True, env=environment
    )
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{words} failed:\n{said}")
    return {
        "CPU s": usage.ru_utime + usage.ru_stime,
        "wall s": time.perf_counter() - start,
        "MB": usage.ru_maxrss * 1024 / 1e6,
    }, said


def command(size: Size, samplings: tuple[str, ...], validation: str) -> list[str]:
    words = size.words(",".join(samplings), validation)
    return ["-m", "cutscore", "run", "-m", *words, f"tracking.uri=sqlite:///{STORE}", "--fresh"]


def recorded(cells: tuple[str, ...]) -> dict[str, float]:
    """Return the AUC of the newest run of each cell."""
    words = ["-m", "cutscore", "runs", "list", "--json", "--store", str(STORE)]
    found: dict[str, float] = {}
    for run in json.loads(watched(words)[1]):
        cell = run["tags"].get("sampling_method")
        if cell in cells:
            found.setdefault(cell, run["metrics"]["roc_auc"])
    return found


def make_ready(size: Size) -> None:
    """Make tables, feature table and store, whatever is not there yet."""
    (FOLDER / "grid").mkdir(parents=True, exist_ok=True)
    cutscore = [sys.executable, "-m", "cutscore"]
    if not (size.tables / "sample_submission.parquet").exists():
        made = ["data", "make", "home_credit", "--rows", str(size.rows), "--out", str(size.tables)]
        subprocess.run([*cutscore, *made], check=True)
    subprocess.run([*cutscore, "store", "init", "--store", str(STORE)], check=True)
    # Always: this also has Cutscore's own cache filled by the code as it is now.
    subprocess.run([sys.executable, *side(size, "write")], check=True)


def side(size: Size, name: str) -> list[str]:
    return [__file__, "--rows", str(size.rows), "--features", size.features, "--side", name]


def compare(size: Size, rounds: int) -> None:
    """Run the sides in turns and print what each took, and the ratios."""
    taken: dict[str, list[dict[str, float]]] = defaultdict(list)
    aucs: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for name, spin in (("plain", None), ("plain, brief spinning", SPIN_COUNT)):
            used, said = watched(side(size, "plain"), spin)
            taken[name].append(used)
            aucs[name] = json.loads(said.splitlines()[-1])
        taken["cutscore"].append(watched(command(size, CELLS, "holdout"))[0])
        aucs["cutscore"] = recorded(CELLS)
    middle = {
        name: {key: statistics.median(one[key] for one in used) for key in used[0]}
        for name, used in taken.items()
    }
    for name, used in middle.items():
        print(f"{name:<22} " + "   ".join(f"{value:8.1f} {key}" for key, value in used.items()))
    ours = middle.pop("cutscore")
    for name, used in middle.items():
        ratios = ", ".join(f"{key} {used[key] / ours[key]:.2f}" for key in ours)
        print(f"{name} against cutscore: {ratios}")
    for cell in CELLS:
        one, other = aucs["plain"][cell], aucs["cutscore"][cell]
        print(f"AUC of {cell:<18} plain {one:.4f}, cutscore {other:.4f}: {other - one:+.4f}")


def compare_floor(size: Size, rounds: int) -> None:
    """Print the CPU seconds of the cheap cells against those of boosting alone."""
    floors, ours = [], []
    for _ in range(rounds):
        _, said = watched(side(size, "floor"), SPIN_COUNT)
        floors.append(json.loads(said.splitlines()[-1])["cpu"])
        ours.append(watched(command(size, FLOOR, "stratified"))[0]["CPU s"])
    least, most = statistics.median(floors), statistics.median(ours)
    print(f"{' and '.join(FLOOR)}, five folds: {most:.1f} CPU s, the floor {least:.1f}")
    print(f"ratio to the floor: {most / least:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=307_511)
    parser.add_argument("--features", default="baseline")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--no-floor", action="store_true")
    parser.add_argument("--side", choices=("write", "plain", "floor"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    size = Size(args.rows, args.features)
    if args.side:
        print(json.dumps({"write": write_wide, "plain": plain, "floor": floor}[args.side](size)))
        return
    make_ready(size)
    print(f"{args.rows:,} rows, features={args.features}, load {os.getloadavg()[0]:.1f}")
    compare(size, args.rounds)
    if not args.no_floor:
        compare_floor(size, args.rounds)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
