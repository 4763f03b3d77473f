"""One side of a benchmark of searches, in a process of its own: `benchmarks/search.py` calls it.

Prints one line of JSON. CPU seconds are those of the process and its children after the imports.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from cutscore.cli import SPIN_COUNT
from overhead import HEAVY, SETTINGS, credit_csv

TARGET = "SeriousDlqin2yrs"
UNSEEN = (101, 102, 103)
FOLDS, SEED, MISSED, ALARM = 5, 42, 10.0, 1.0
SMALL_ROWS, SMALL_TREES = 10_000, (10, 40)
TREES = (100, 1000)
SEARCHING = (*HEAVY, "optuna", "optuna.storages", "psutil", "cutscore.search.searching")


class Meter(threading.Thread):
    """Notes time and CPU seconds of this process and its ended children, 20 times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.start_cpu = cpu()
        self.notes: list[tuple[float, float]] = [(time.time(), 0.0)]
        self.start()

    def run(self) -> None:
        while True:
            time.sleep(0.05)
            self.notes.append((time.time(), cpu() - self.start_cpu))

    def at(self, moment: float) -> float:
        """Return the CPU seconds used up to a moment (seconds since 1970)."""
        times, spent = np.array(self.notes).T
        return float(np.interp(moment, times, spent))


def cpu() -> float:
    return sum(os.times()[:4])


def data_overrides(folder: Path, rows: int | None) -> list[str]:
    """Return the data of our side: all rows, or the first ones, written to a file."""
    if rows is None:
        return []
    import pandas as pd

    path = folder / "rows.csv"
    pd.read_csv(credit_csv(), nrows=rows).to_csv(path, index=False)
    return ["data=table", f"data.path={path}", f"data.target={TARGET}", "data.id=id"]


def proposed(trial: Any, trees: tuple[int, int]) -> dict[str, float]:
    """Return what the published space proposes."""
    return {
        "n_estimators": trial.suggest_int("n_estimators", *trees),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 20, 150),
        "max_depth": trial.suggest_int("max_depth", 3, 12),
        "min_child_samples": trial.suggest_int("min_child_samples", 10, 100),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.5, 1.0),
        "reg_alpha": trial.suggest_float("reg_alpha", 0.0, 10.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.0, 10.0),
    }


def crossfit_cost(target: np.ndarray, scores: np.ndarray, fold: np.ndarray) -> float:
    """Return the cost when each fold is decided with the best threshold of the others."""
    total = 0.0
    for number in range(FOLDS):
        seen, own = fold != number, fold == number
        order = np.argsort(-scores[seen], kind="stable")
        ranked, truth = scores[seen][order], target[seen][order]
        caught, alarms = np.cumsum(truth), np.cumsum(1 - truth)
        costs = MISSED * (truth.sum() - caught) + ALARM * alarms
        last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))  # ties are flagged together
        best = last[np.argmin(costs[last])]
        threshold = ranked[best] if costs[best] < MISSED * truth.sum() else np.inf
        flagged = scores[own] >= threshold
        total += MISSED * np.sum(target[own][~flagged]) + ALARM * np.sum(1 - target[own][flagged])
    return float(total)


class Task:
    """The plain script's data, and what settings cost on its folds of any seed."""

    def __init__(self, rows: int | None) -> None:
        import pandas as pd

        self.frame = pd.read_csv(credit_csv(), index_col=0, nrows=rows)
        self.target = self.frame.pop(TARGET)

    def cost(self, proposal: dict[str, float], seed: int) -> float:
        """Return the cross-fitted cost of settings, every fold fitted whole."""
        import lightgbm as lgb
        from sklearn.model_selection import StratifiedKFold

        frame, target = self.frame, self.target
        scores, part = np.empty(len(frame)), np.empty(len(frame), dtype=int)
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(frame, target)
        for number, (train, validation) in enumerate(folds):
            params = {**SETTINGS, **proposal, "n_jobs": len(os.sched_getaffinity(0))}
            model = lgb.LGBMClassifier(**params)
            model.fit(frame.iloc[train], target.iloc[train])
            scores[validation] = model.predict_proba(frame.iloc[validation])[:, 1]
            part[validation] = number
        return crossfit_cost(target.to_numpy(), scores, part)


def judge(rows: int | None, settings: dict[str, float]) -> dict[str, Any]:
    """Return what settings cost on folds that no search has seen."""
    task = Task(rows)
    return {"costs": [task.cost(settings, seed) for seed in UNSEEN]}


def plain(seed: int, trials: int, rows: int | None, small: bool) -> dict[str, Any]:
    """Search as a plain script does."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    start = cpu()
    task = Task(rows)
    steps = []

    def objective(trial: optuna.Trial) -> float:
        return task.cost(proposed(trial, SMALL_TREES if small else TREES), SEED)

    def note(_: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        steps.append((cpu() - start, trial.value, trial.params))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials, callbacks=[note])
    return {
        "steps": steps,
        "cpu": cpu() - start,
        "states": {"COMPLETE": trials},
    }


def ours(folder: Path, rows: int | None, small: bool, words: list[str]) -> dict[str, Any]:
    """Search with Cutscore; the store has been made before, which is paid once."""
    for name in SEARCHING:
        importlib.import_module(name)
    import optuna

    from cutscore.cli import main

    space = 'search.space={model.params.n_estimators:"range(%d,%d)"}'
    trees = (SMALL_TREES[0], SMALL_TREES[1] + 1)
    own = folder / uuid.uuid4().hex
    own.mkdir(parents=True)
    request = [
        "run", "search=lightgbm", *data_overrides(own, rows), *([space % trees] if small else []),
        f"tracking.uri=sqlite:///{folder.resolve()}/store/mlflow.db",
        f"search.storage={own.resolve()}/optuna.db", f"hydra.run.dir={own.resolve()}/run", *words,
    ]  # fmt: skip
    meter = Meter()
    if main(request) != 0:
        raise SystemExit("the search failed")
    spent = cpu() - meter.start_cpu
    storage = f"sqlite:///{own}/optuna.db"
    study = optuna.load_study(study_name=None, storage=storage)
    trials = [t for t in study.get_trials() if t.state.is_finished()]
    states = [t.state.name for t in trials]
    # A pruned trial's value is only what it reported last.
    values = [t.value if t.state.name == "COMPLETE" else None for t in trials]
    ends = [t.datetime_complete.timestamp() for t in trials]
    begun = min(t.datetime_start.timestamp() for t in trials)
    params = [{key.rpartition(".")[2]: value for key, value in t.params.items()} for t in trials]
    steps = zip(map(meter.at, ends), values, params, strict=True)
    shutil.rmtree(own)
    return {
        "steps": sorted(steps, key=lambda step: step[0]),
        "cpu": spent,
        "wall": max(ends) - begun,
        "states": {state: states.count(state) for state in sorted(set(states))},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=("plain", "ours", "judge"))
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--set", nargs="*", default=[], help="overrides of our side; settings to judge as JSON"
    )
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--rows", type=int, help="only so many rows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, default=20, help="trials of the script")
    parser.add_argument("--core", type=int, help="the one to stay on; else all")
    args = parser.parse_args()
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)  # as our command line does, on both sides
    if args.core is not None:
        os.sched_setaffinity(0, {args.core})
    rows = SMALL_ROWS if args.small else args.rows
    if args.side == "plain":
        found: dict[str, Any] = plain(args.seed, args.number, rows, args.small)
    elif args.side == "judge":
        found = judge(rows, json.loads(args.set[0]))
    else:
        found = ours(args.folder, rows, args.small, args.set)
    print(json.dumps(found))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
