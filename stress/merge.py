"""Merging two stores of 500 runs each, and killing the merge at random moments.

    python stress/merge.py [--runs 500] [--kills 20] [--kill-runs 500] [--seed 0]

Prints counts; the exit code is 1 if any check does not hold.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))

from made_store import build_store

from cutscore.care.diff import diff_stores
from cutscore.runs.merge_journal import interrupted, repair_if_idle
from cutscore.runs.schema import create_database

PHASES = ("reading", "copying", "writing")
SIZES = {"params": 100, "metrics": 60, "files": 20}
TARGET_SECONDS = 60.0
CHILD = "from cutscore.cli import main; import sys; sys.exit(main(sys.argv[1:]))"


def main() -> int:
    """Run both parts and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500, help="runs in each of the two stores")
    parser.add_argument("--kills", type=int, default=20, help="merges that are killed")
    parser.add_argument("--kill-runs", type=int, default=500, help="runs in each store for these")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stress-") as temporary:
        folder = Path(temporary)
        create_database(folder / "empty.db")
        fine = whole_merge(folder / "whole", folder / "empty.db", args.runs)
        rng = random.Random(args.seed)
        fine &= killed_merges(folder / "kill", folder / "empty.db", args.kill_runs, args.kills, rng)
    print("all checks hold" if fine else "CHECKS FAILED")
    return 0 if fine else 1


def build(folder: Path, empty: Path, runs: int) -> tuple[Path, Path]:
    """Make two stores that collide."""
    return (
        build_store(empty, folder / "one" / "mlflow.db", "one", runs, **SIZES),
        build_store(empty, folder / "two" / "mlflow.db", "two", runs, **SIZES),
    )


def whole_merge(folder: Path, empty: Path, runs: int) -> bool:
    """Merge once, then once more, and compare all runs with their sources."""
    target, source = build(folder, empty, runs)
    original = folder / "original" / "mlflow.db"
    shutil.copytree(target.parent, original.parent)
    load = os.getloadavg()[0]
    seconds, cpu = timed_merge(source, target)
    print(f"merge of {runs} runs into {runs}: {seconds:.1f} s ({cpu:.1f} s CPU, load {load:.1f})")
    again, _ = timed_merge(source, target)
    print(f"the same once more: {again:.1f} s")
    for name, store in (("source", source), ("original target", original)):
        found = diff_stores(store, target, (), lambda _: None)
        lost = found.runs.only_first + found.models.only_first
        different = found.runs.different + found.models.different
        print(
            f"{name}: fingerprints equal {found.runs.equal} of {runs} runs, "
            f"{found.models.equal} models; lost {len(lost)}, different {len(different)}"
        )
        if lost or different or found.runs.equal != runs:
            return False
    (total,) = rows(target, "SELECT count(*) FROM runs")
    print(f"runs in the target: {total}; aliases: {rows(target, ALIASES)}")
    return total == 2 * runs and cpu < TARGET_SECONDS


ALIASES = "SELECT group_concat(alias || '=' || version, ', ') FROM registered_model_aliases"


def killed_merges(folder: Path, empty: Path, runs: int, kills: int, rng: random.Random) -> bool:
    """Kill merges at random moments, and look whether the target is untouched or whole."""
    target, source = build(folder, empty, runs)
    pristine = folder / "pristine"
    shutil.copytree(target.parent, pristine)
    untouched = state(target)
    lengths: dict[str, float] = {}
    for phase in PHASES:
        child = start(source, target, phase)
        started = time.monotonic()
        child.wait()
        lengths[phase] = time.monotonic() - started
        if phase != PHASES[-1]:
            restore(target, pristine)
    whole = state(target)
    words = ", ".join(f"{length:.1f} s after '{phase}'" for phase, length in lengths.items())
    print(f"killing {kills} merges of {runs} runs at most {words}", flush=True)
    seen: Counter[str] = Counter()
    restore(target, pristine)
    killed = 0
    while killed < kills:
        phase = PHASES[killed % len(PHASES)]
        child = start(source, target, phase)
        time.sleep(rng.uniform(0, lengths[phase]))
        child.send_signal(signal.SIGKILL)
        if child.wait() == 0:  # it was faster
            restore(target, pristine)
            continue
        killed += 1
        seen["journal left"] += interrupted(target)
        database_only = read_database(target)
        seen["database at once untouched or whole"] += database_only in (
            untouched["database"],
            whole["database"],
        )
        repair_if_idle(target)
        now = state(target)
        if now == untouched:
            seen["untouched"] += 1
        elif now == whole:
            seen["whole"] += 1
        else:
            seen["NEITHER"] += 1
        if now != untouched:
            restore(target, pristine)
    print(", ".join(f"{word}: {count}" for word, count in sorted(seen.items())))
    return not seen["NEITHER"] and seen["database at once untouched or whole"] == kills


def start(source: Path, target: Path, phase: str) -> subprocess.Popen[str]:
    """Start a merge and return when it says that a phase begins."""
    words = [sys.executable, "-c", CHILD, "store", "merge", str(source), "--into", str(target)]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in child.stderr or ():
        if line.startswith(phase):
            break
    return child


def timed_merge(source: Path, target: Path) -> tuple[float, float]:
    """Run the command and return its seconds and CPU seconds, start included."""
    before, started = os.times(), time.monotonic()
    words = [sys.executable, "-c", CHILD, "store", "merge", str(source), "--into", str(target)]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system
    return time.monotonic() - started, cpu - before.children_user - before.children_system


def state(target: Path) -> dict[str, str]:
    """Return the digests of the database's rows and of all files beside it."""
    files = hashlib.sha256()
    for path in sorted((target.parent / "artifacts").rglob("*")):
        name = str(path.relative_to(target.parent))
        files.update(repr((name, path.read_bytes() if path.is_file() else "")).encode())
    hidden = [path.name for path in target.parent.rglob(".*")]
    return {
        "database": read_database(target),
        "files": files.hexdigest(),
        "hidden": repr(sorted(hidden)),
    }


def read_database(target: Path) -> str:
    """Return the digest of all rows of all tables, and what integrity_check says."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(target)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in sorted(names.fetchall()):
            found = sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"')))
            digest.update(repr((name, found)).encode())
        digest.update(repr(connection.execute("PRAGMA integrity_check").fetchall()).encode())
    return digest.hexdigest()


def restore(target: Path, pristine: Path) -> None:
    """Put the target back as it was before any merge."""
    shutil.rmtree(target.parent)
    shutil.copytree(pristine, target.parent)


def rows(path: Path, query: str) -> tuple[object, ...]:
    """Return the first row of a query."""
    with closing(sqlite3.connect(path)) as connection:
        return tuple(connection.execute(query).fetchone())


if __name__ == "__main__":
    sys.exit(main())
