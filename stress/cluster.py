"""Sweeps and a search on a Ray cluster of two nodes, with nodes and workers killed.

Starts PostgreSQL and two nodes of Ray on this machine and runs a search of cheap trials with four
workers, some of which are killed: it must have exactly its trials. Then it runs a sweep of 16 small
cells in one process, and the same one on the cluster again and again, each time killing the second
node (signal 9, all its processes) at a random moment, three times in four while cells are under
way, and bringing a new one in. Each sweep must
have the cells of the first with the same figures, bit for bit, under one parent, and no run left
RUNNING.

With --cost it measures instead what a cell costs with each launcher: wall seconds of two sweeps of
different length, and from the command to the first finished fold.

    uv run --extra ray --extra postgresql python stress/cluster.py [--kills 10] [--seed 1] [--cost]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from ray_nodes import AUTHENTICATION, RayNode, ray_nodes, started
from servers import postgresql

import search as searches
from resume import Place, content, is_right, place


@dataclass(frozen=True)
class SharedPlace(Place):
    """Where sweeps are run whose store is a server."""

    uri: str = ""

    @property
    def store(self) -> str:
        """The address of the store."""
        return self.uri


def on_ray(head: RayNode) -> tuple[str, ...]:
    """Return the words that run a sweep on the cluster."""
    return ("hydra/launcher=ray", f"hydra.launcher.address={head.address}")


def ended(command: subprocess.Popen[bytes], at: Place) -> None:
    """Wait for a command to end well."""
    if command.wait(900):
        raise SystemExit(f"a command failed:\n{(at.folder / 'stderr.log').read_text()[-3000:]}")


def killed_sweeps(at: SharedPlace, nodes: list[RayNode], kills: int, seed: int) -> bool:
    """Run the sweep calmly and then `kills` times on a cluster that loses a node."""
    rng, head = random.Random(seed), nodes[0]
    ended(at.start("calm"), at)
    calm, counts = content(at, "calm")
    print(f"in one process: {dict(counts)}", flush=True)
    good = is_right(counts, len(calm)) and len(calm) == 16
    begun = longest = 0.0
    for number in range(kills + 1):
        name, start = f"sweep{number}", time.time()
        command = at.start(name, *on_ray(head), f"hydra.sweep.dir=out/{name}")
        moment = 0.0
        if number:  # one in four may hit the start as well, the others hit cells under way
            moment = rng.uniform(0.0 if number % 4 == 0 else begun, longest)
            time.sleep(moment)
            nodes.pop().kill()
        else:  # the first is left alone, and says how long it takes
            begun = first_fold(at.folder / "out" / name, command) - start
        ended(command, at)
        longest = longest or time.time() - start
        figures, counts = content(at, name)
        right = figures == calm and is_right(counts, len(calm))
        again = counts["cells begun"] - counts["cells complete"]
        print(
            f"{name}: node killed after {moment:.0f} s of {time.time() - start:.0f} s, "
            f"{again} cells begun again; {dict(counts)}; "
            f"{sum(figures.get(key) == calm[key] for key in calm)} of {len(calm)} cells equal, "
            f"bit for bit: {'as it should be' if right else 'NOT AS IT SHOULD BE'}",
            flush=True,
        )
        good &= right
        if number:
            nodes.append(started(head.folder.parent, 3 + number, head, cpus=head.cpus))
    return good


def killed_search(folder: Path, head: RayNode, stores: list[str], trials: int, kills: int) -> bool:
    """Run a search with four workers on the cluster, of which some are killed."""
    words = searches.words_of(searches.loans(folder), trials, 4, *stores)
    words += ("search.engine=ray", f"search.address={head.address}")
    return searches.one("search, 4 workers", searches.Place(folder, *stores, words), trials, kills)


def costs(at: SharedPlace, head: RayNode) -> None:
    """Print wall seconds of a cell with each launcher, and those to the first fold."""
    few, many = 4, 20
    for name, words in {
        "basic": (),
        "joblib with 2 processes": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
        "ray on a cluster that runs": on_ray(head),
        "ray on a cluster started here": ("hydra/launcher=ray", "hydra.launcher.node_cpus=2"),
    }.items():
        seconds, firsts = [], []
        for cells in (few, many):
            own = (*words, f"seed=range({cells})", "features=baseline", "sampling=none")
            out, start = f"out/{time.time()}", time.time()
            own += ("cost.false_negative=5", "model.refit=false", f"hydra.sweep.dir={out}")
            command = at.start(f"cost {name} {cells}", *own)
            firsts.append(first_fold(at.folder / out, command) - start)
            ended(command, at)
            seconds.append(time.time() - start)
        each = (seconds[1] - seconds[0]) / (many - few)
        print(
            f"{name}: {few} cells {seconds[0]:.1f} s, {many} cells {seconds[1]:.1f} s: "
            f"{each:.2f} s each; first fold after {min(firsts):.1f} s; "
            f"load {os.getloadavg()[0]:.0f}",
            flush=True,
        )


def first_fold(folder: Path, command: subprocess.Popen[bytes]) -> float:
    """Return when the first fold of a sweep was told to be finished."""
    log = folder / "progress.jsonl"
    while command.poll() is None:
        lines = log.read_text().splitlines() if log.exists() else []
        if any(json.loads(line)["done"] for line in lines):
            return time.time()
        time.sleep(0.05)
    raise SystemExit(f"no fold was told of in {folder}")


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--trials", type=int, default=64)
    parser.add_argument("--workers-killed", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cost", action="store_true")
    args = parser.parse_args()
    os.environ |= AUTHENTICATION
    with (
        tempfile.TemporaryDirectory(prefix="cutscore-stress-") as name,
        postgresql() as server,
        ray_nodes(2, cpus=1 if args.cost else 2) as nodes,
    ):
        folder = Path(name)
        local = place(folder)
        words = (*local.words, f"tracking.artifacts={folder}/artifacts")
        uri = server.create("sweeps")
        at = SharedPlace(folder, (*words, f"tracking.uri={uri}"), uri)
        if args.cost:
            costs(at, nodes[0])
            return 0
        good = not args.trials or killed_search(
            folder, nodes[0], [server.create("trials"), server.create("studies")],
            args.trials, args.workers_killed,
        )  # fmt: skip
        good &= args.kills < 0 or killed_sweeps(at, nodes, args.kills, args.seed)
        print("all as it should be" if good else "NOT ALL AS IT SHOULD BE")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
