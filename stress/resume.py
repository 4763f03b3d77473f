"""Sweeps that are killed at random moments and resumed end as if nothing had happened.

Runs a sweep of 16 small cells once without interruption. Then it starts the same sweep under other
names, kills it at random moments with signal 9 (the whole group of processes, or the command alone,
so that joblib's workers are orphaned), resumes it, and so on until it is done. Every second sweep
is run by joblib's workers. In the end each must have the cells of the first one with the same
figures, bit for bit, under one parent, its best cell judged on outer rows and kept once, and no
run left RUNNING.

    uv run python stress/resume.py [--kills 50] [--seed 1] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROWS = 300
MACHINE = ("seconds_", "peak_memory_mb")
JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
GRID = ("features=baseline,polynomial", "sampling=none,balanced", "cost.false_negative=5,10,20,40")


@dataclass(frozen=True)
class Place:
    """Where sweeps are run, and the words that all have in common."""

    folder: Path
    words: tuple[str, ...]

    @property
    def store(self) -> str:
        """The address of the store."""
        return f"sqlite:///{self.folder}/mlruns/mlflow.db"

    def start(self, experiment: str, *words: str) -> subprocess.Popen[bytes]:
        """Start or resume a sweep, in a group of processes of its own."""
        named = (f"tracking.experiment={experiment}", "--resume")
        return subprocess.Popen(
            [sys.executable, "-m", "cutscore", "run", "-m", *self.words, *words, *named],
            cwd=self.folder,
            stdout=(self.folder / "stdout.log").open("ab"),
            stderr=(self.folder / "stderr.log").open("ab"),
            start_new_session=True,
        )


def place(folder: Path) -> Place:
    """Write a small table of made loans and return the words of the sweep on it."""
    rng = np.random.default_rng(7)
    income, age = rng.lognormal(8, 0.5, ROWS).round(), rng.integers(20, 70, ROWS)
    risk = 1 / (1 + np.exp((income - 2500) / 900 + (age - 40) / 25))
    default = (rng.random(ROWS) < 0.5 * risk).astype(int)
    lines = [f"{a:.0f},{b},{c}" for a, b, c in zip(income, age, default, strict=True)]
    path = folder / "loans.csv"
    path.write_text("\n".join(["income,age,defaulted", *lines]) + "\n")
    words = (
        "data=table", f"data.path={path}", "data.target=defaulted", "data.polynomial=[income,age]",
        "validation.folds=2", "validation.outer=holdout", "model.params.n_estimators=3",
        "model.refit=best", "report.bootstrap=2", "threads=1", *GRID,
    )  # fmt: skip
    return Place(folder, words)


def strike(command: subprocess.Popen[bytes], rng: random.Random) -> str:
    """Kill a command with its group of processes, or alone; return which."""
    alone = rng.random() < 0.5
    if alone:
        os.kill(command.pid, signal.SIGKILL)
    else:
        os.killpg(command.pid, signal.SIGKILL)
    command.wait()
    return "command alone" if alone else "whole group"


def run_to_its_end(
    at: Place, experiment: str, words: tuple[str, ...], kills: int, longest: float, seed: int
) -> Counter[str]:
    """Run a sweep, killing it up to `kills` times, each within `longest` seconds of its start."""
    rng, tally = random.Random(seed), Counter[str]()
    while True:
        command = at.start(experiment, *words)
        tally["commands"] += 1
        try:
            left = kills - tally["killed"]
            code = command.wait(rng.uniform(0.0, longest) if left > 0 else 600)
        except subprocess.TimeoutExpired:
            if left <= 0:
                raise
            tally += Counter({"killed": 1, strike(command, rng): 1})
            continue
        if code == 0:
            return tally
        raise SystemExit(f"{experiment} ended with exit code {code}: see {at.folder}/stderr.log")


def content(at: Place, experiment: str) -> tuple[dict[str, object], Counter[str]]:
    """Return the figures of an experiment's complete cells by name, and counts of what it holds."""
    from cutscore.runs.opening import open_existing
    from cutscore.runs.values import missing_from_record

    kept = open_existing(at.store)
    runs = kept.find(experiment)
    cells = [run for run in runs if run.parent_id]
    parents = [run for run in runs if not run.parent_id]
    counts = Counter(
        {
            "parents": len(parents),
            "parents complete": sum(p.complete and p.status == "FINISHED" for p in parents),
            "cells begun": len(cells),
            "cells complete": sum(cell.complete for cell in cells),
            "left RUNNING": sum(run.status == "RUNNING" for run in runs),
        }
    )
    figures: dict[str, object] = {}
    for cell in cells:
        if not cell.complete:
            continue
        detail = kept.read(cell.run_id)
        counts["records that lack something"] += bool(missing_from_record(detail))
        counts["models kept"] += len(detail.models)
        counts["cells judged"] += "outer_rows" in cell.metrics
        scores = Path(detail.artifact_uri.removeprefix("file://")) / "oof_scores.parquet"
        plain = {key: v for key, v in cell.metrics.items() if not key.startswith(MACHINE)}
        figures[cell.name] = (scores.read_bytes(), plain, detail.history)
    counts["different names"] = len(figures)
    best = {parent.tags.get("best_run") for parent in parents}
    counts["best judged"] = sum(c.run_id in best and "outer_rows" in c.metrics for c in cells)
    return figures, counts


def is_right(counts: Counter[str], cells: int) -> bool:
    """Return whether a sweep holds what it should, whatever its figures are."""
    wanted = {
        "parents": 1, "parents complete": 1, "cells complete": cells, "different names": cells,
        "left RUNNING": 0, "records that lack something": 0, "models kept": 1, "cells judged": 1,
        "best judged": 1,
    }  # fmt: skip
    return all(counts[key] == value for key, value in wanted.items())


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--each", type=int, default=5, help="at most so many kills of one sweep")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="a folder to keep what was made in")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cutscore-stress-") as temporary:
        folder = Path(args.keep or temporary).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        at = place(folder)
        start = time.monotonic()
        run_to_its_end(at, "calm", (), 0, 0.0, 0)
        longest = time.monotonic() - start
        calm, counts = content(at, "calm")
        print(f"never interrupted: {longest:.0f} s, {dict(counts)}", flush=True)
        good = is_right(counts, len(calm)) and len(calm) == 16
        total, number = Counter[str](), 0
        while total["killed"] < args.kills:
            number += 1
            words = JOBLIB if number % 2 == 0 else ()
            kills = min(args.each, args.kills - total["killed"])
            name = f"sweep{number}"
            tally = run_to_its_end(at, name, words, kills, longest, args.seed + number)
            figures, counts = content(at, name)
            same = figures == calm
            right = same and is_right(counts, len(calm))
            print(
                f"{name}{' (joblib)' if words else ''}: {dict(tally)}; {dict(counts)}; "
                f"{sum(figures.get(key) == calm[key] for key in calm)} of {len(calm)} cells equal, "
                f"bit for bit: {'as it should be' if right else 'NOT AS IT SHOULD BE'}",
                flush=True,
            )
            good &= right
            total += tally
        print(f"{number} sweeps, {dict(total)}: {'all equal' if good else 'NOT ALL EQUAL'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
