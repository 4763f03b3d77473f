"""Many processes on one study: no trial too many, none lost, none twice, whatever dies.

Runs `cutscore run search=custom ...` with several workers, on an SQLite file and on a PostgreSQL
that it starts itself, and counts what study and store hold in the end. Then it kills workers at
random moments (signal 9), now and then the command itself, which is started again.

    uv run python stress/search.py [--workers 8] [--trials 200] [--kills 20]
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
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))
from servers import postgresql

ROWS = 300
SPACE = (
    'search.space={model.params.num_leaves:"range(2,20)",'
    'model.params.learning_rate:"tag(log,interval(0.01,0.5))"}'
)


@dataclass(frozen=True)
class Place:
    """Where one search is run: its folder, the addresses of store and storage, its words."""

    folder: Path
    store: str
    storage: str
    words: tuple[str, ...]

    def start(self) -> subprocess.Popen[bytes]:
        """Start the command in a group of processes of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "cutscore", "run", *self.words],
            cwd=self.folder,
            stdout=(self.folder / "stdout.log").open("ab"),
            stderr=(self.folder / "stderr.log").open("ab"),
            start_new_session=True,
        )


def loans(folder: Path) -> Path:
    """Write a small table of made loans."""
    rng = np.random.default_rng(7)
    income, age = rng.lognormal(8, 0.5, ROWS).round(), rng.integers(20, 70, ROWS)
    risk = 1 / (1 + np.exp((income - 2500) / 900 + (age - 40) / 25))
    default = (rng.random(ROWS) < 0.5 * risk).astype(int)
    lines = [f"{a:.0f},{b},{c}" for a, b, c in zip(income, age, default, strict=True)]
    path = folder / "loans.csv"
    path.write_text("\n".join(["income,age,defaulted", *lines]) + "\n")
    return path


def words_of(table: Path, trials: int, workers: int, store: str, storage: str) -> tuple[str, ...]:
    """Return the words of a search of cheap trials."""
    return (
        "data=table", f"data.path={table}", "data.target=defaulted", "validation.folds=2",
        "model.params.n_estimators=2", "report.bootstrap=2", "threads=1", "search=custom", SPACE,
        f"search.trials={trials}", f"search.workers={workers}", "search.pruner_startup_trials=20",
        f"search.storage='{storage}'", f"tracking.uri='{store}'",
    )  # fmt: skip


def busy_workers(place: Place) -> list[psutil.Process]:
    """Return the worker processes that are running a trial just now."""
    import optuna

    found = []
    for study in optuna.get_all_study_summaries(place.storage):
        for trial in optuna.load_study(study_name=study.study_name, storage=place.storage).trials:
            pid = int(trial.user_attrs.get("pid", 0))
            if trial.state.name == "RUNNING" and psutil.pid_exists(pid):
                found.append(psutil.Process(pid))
    return found


def run_to_its_end(place: Place, kills: int, seed: int) -> Counter[str]:
    """Run the search until it says it is done, killing `kills` processes on the way."""
    rng, tally = random.Random(seed), Counter(commands=1)
    command = place.start()
    while True:
        if tally["killed"] < kills:
            time.sleep(rng.uniform(0.5, 4.0))
            tally += strike(place, command, rng, tally["killed"])
        else:
            command.wait()
        code = command.poll()
        if code == 0:
            return tally
        if code is not None:
            if tally["commands"] > kills + 3:
                raise SystemExit(f"it does not end (exit code {code}): see {place.folder}")
            tally["commands"] += 1
            command = place.start()


def strike(
    place: Place, command: subprocess.Popen[bytes], rng: random.Random, before: int
) -> Counter[str]:
    """Kill a worker that is at a trial; every seventh time the command itself."""
    try:
        workers = busy_workers(place)
    except Exception as error:  # noqa: BLE001 - there is no storage yet
        print(f"  (not yet: {type(error).__name__})", file=sys.stderr)
        return Counter()
    if not workers or command.poll() is not None:
        return Counter()
    if before % 7 == 6:
        os.kill(command.pid, signal.SIGKILL)
        command.wait()
        return Counter(killed=1, commands_killed=1)
    try:
        rng.choice(workers).kill()
    except psutil.NoSuchProcess:
        return Counter()
    return Counter(killed=1, workers_killed=1)


def counts(place: Place, trials: int) -> tuple[dict[str, object], bool]:
    """Return what study and store hold, and whether that is as it should be."""
    import optuna
    from mlflow import MlflowClient

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name=None, storage=place.storage)
    client = MlflowClient(place.store)
    experiment = client.get_experiment_by_name("cutscore").experiment_id
    runs, token = [], None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        runs += page
        token = page.token
        if not token:
            break
    by_trial = {r.data.tags["cutscore.trial"]: r for r in runs if "cutscore.trial" in r.data.tags}
    own = [r for r in runs if "cutscore.trial" in r.data.tags]
    told = study.trials
    ended = [t for t in told if "died" not in t.user_attrs]
    slots = Counter(t.user_attrs.get("slot") for t in ended)
    complete = [t for t in ended if t.state.name == "COMPLETE"]
    whole = {r.info.run_id for r in own if "cutscore.complete" in r.data.tags}
    agree = sum(
        t.user_attrs.get("run_id") in whole
        and by_trial[str(t.number)].data.metrics["crossfit_cost"] == t.value
        for t in complete
    )
    found: dict[str, object] = {
        "trials told": len(told),
        "finished": sum(t.state.is_finished() for t in ended),
        "states of finished": dict(Counter(t.state.name for t in ended)),
        "told FAIL because killed": sum("died" in t.user_attrs for t in told),
        "slots filled twice": sum(n > 1 for n in slots.values()),
        "slots not filled": trials - len(slots),
        "complete runs": len(whole),
        "complete trials that agree with their run": agree,
        "runs of one trial beyond the first": len(own) - len(by_trial),
        "runs left RUNNING": sum(r.info.status == "RUNNING" for r in runs),
        "runs of searches": sum(r.data.tags.get("cutscore.kind") == "search" for r in runs),
    }
    good = (
        found["finished"] == trials == len(slots)
        and found["slots filled twice"] == 0
        and len(whole) == len(complete) == agree
        and found["runs left RUNNING"] == 0
        and found["runs of searches"] == 1
        and not found["runs of one trial beyond the first"]
    )
    return found, good


def one(name: str, place: Place, trials: int, kills: int) -> bool:
    """Run and count one search, print the counts, and say whether they are right."""
    start = time.monotonic()
    tally = run_to_its_end(place, kills, seed=trials)
    found, good = counts(place, trials)
    print(f"{name}, {kills} kills asked for: {time.monotonic() - start:.0f} s, {dict(tally)}")
    for key, value in found.items():
        print(f"  {key:<44} {value}")
    print(f"  {'as it should be' if good else 'NOT AS IT SHOULD BE'}", flush=True)
    return good


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--kill-trials", type=int, default=60, help="trials of the killed search")
    parser.add_argument("--on", default="sqlite,postgresql")
    parser.add_argument("--keep", help="a folder to keep what was made in")
    args = parser.parse_args()
    good = True
    for kind in args.on.split(","):
        with (
            tempfile.TemporaryDirectory(prefix="cutscore-stress-") as temporary,
            postgresql() if kind == "postgresql" else nullcontext() as server,
        ):
            root = Path(args.keep or temporary) / kind
            for name, trials, kills in (
                ("calm", args.trials, 0),
                ("killed", args.kill_trials, args.kills),
            ):
                if not trials:
                    continue
                folder = root / name
                folder.mkdir(parents=True)
                if server is None:
                    store, storage = (f"sqlite:///{folder}/{n}.db" for n in ("mlflow", "optuna"))
                else:
                    store, storage = (server.create(f"{name}_{n}") for n in ("mlflow", "optuna"))
                words = words_of(loans(folder), trials, args.workers, store, storage)
                if not kills:  # so that every trial is a complete run
                    words = (*words, "search.pruner=none")
                place = Place(folder, store, storage, words)
                good &= one(f"{kind}, {name}, {args.workers} workers", place, trials, kills)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
