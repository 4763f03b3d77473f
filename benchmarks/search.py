"""Searches, side by side in one run.

1. A plain script (Optuna's TPE, LGBMClassifier, the cross-fitted cost, every trial whole) against
   Cutscore's ways: CPU seconds to come within 1, 0.5 and 0.2 % of the plain script's best, over
   some seeds; what the winners after half of its CPU cost on folds of three seeds that no search
   has seen, against its own winner; and how far each is from the best of all as CPU time goes on
   (a picture). Each side has a core of its own, so that no threads wait for each other.
2. Two workers with divided threads against one with all: trials an hour.

    uv run python benchmarks/search.py [--part 1|2] [--small] [--rows 50000] [--full]

Each side is a process of its own; both sides' OpenMP threads spin briefly. Raw figures and the
picture are under outputs/benchmarks/.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import queue
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cutscore.cli import SPIN_COUNT
from made import FOLDER

CLOSE = (0.01, 0.005, 0.002)
SAMPLED = "search.tree_counts=null"
OURS = {
    "median": ("search.pruner=median", SAMPLED),
    "sampled": ("search.pruner=race", SAMPLED),
    "race": ("search.pruner=race",),
}
SIDES = {
    "plain": "plain script",
    "median": "trees sampled, median",
    "sampled": "trees sampled, race",
    "race": "trees counted, race",
}
Steps = list[tuple[float, float | None, dict[str, float]]]
"""When a trial ended (CPU seconds), what it cost (None: it was pruned), and its values."""

Found = dict[str, dict[int, dict[str, Any]]]
"""What was measured, by side and seed."""


@dataclass(frozen=True)
class Size:
    """How much both sides search in: all rows, fewer, or few and small models."""

    small: bool = False
    rows: int | None = None

    def __str__(self) -> str:
        return f"{self.rows or 'all'}{'-small' if self.small else ''}"

    @property
    def flags(self) -> list[str]:
        rows = [f"--rows={self.rows}"] if self.rows else []
        return [*rows, *(["--small"] if self.small else [])]


@dataclass(frozen=True)
class Bench:
    """Runs sides in fresh processes; `resume` keeps what was measured before."""

    size: Size
    resume: bool = False
    cores: queue.Queue[int] = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        """Note the cores that sides may be pinned to."""
        for core in sorted(os.sched_getaffinity(0)):
            self.cores.put(core)

    def side(self, name: str, *words: str, **options: int) -> dict[str, Any]:
        """Run one side and return what it measured."""
        flags = [f"--{key}={value}" for key, value in options.items()]
        script = Path(__file__).with_name("search_sides.py")
        command = [sys.executable, str(script), name, str(FOLDER / "search"), *flags]
        command += [*self.size.flags, *(["--set", *words] if words else [])]
        environment = {**os.environ, "GOMP_SPINCOUNT": SPIN_COUNT}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def pinned(self, label: str, name: str, *words: str, **options: int) -> dict[str, Any]:
        """Run one side on a core of its own, and keep what it measured by its label."""
        path = FOLDER / "search" / f"{label}-{self.size}.json"
        if not (self.resume and path.is_file()):
            core = self.cores.get()
            try:
                path.write_text(json.dumps(self.side(name, *words, core=core, **options)))
            finally:
                self.cores.put(core)
        return dict(json.loads(path.read_text()))

    def search(self, name: str, seed: int, number: int) -> dict[str, Any]:
        """Search so many trials in one of the ways."""
        label = f"{name}-{seed}-{number}"
        if name == "plain":
            run = self.pinned(label, "plain", seed=seed, number=number)
        else:
            words = (f"search.seed={seed}", f"search.trials={number}", *OURS[name])
            run = self.pinned(label, "ours", *words)
        told = f"{winner(run['steps'])[0]:,.0f} in {run['cpu']:.0f} CPU s; {run['states']}"
        print(f"  seed {seed}, {SIDES[name]}: {told}", flush=True)
        return run

    def judge(self, values: str) -> float:
        """Return what settings, given as JSON, cost on unseen folds."""
        label = f"judged-{hashlib.sha256(values.encode()).hexdigest()[:16]}"
        return statistics.mean(self.pinned(label, "judge", values)["costs"])


def reach(steps: Steps, cost: float) -> float:
    """Return the CPU seconds after which a trial costs no more than this, infinite if none does."""
    return next((cpu for cpu, value, _ in steps if value is not None and value <= cost), math.inf)


def winner(steps: Steps, spent: float = math.inf) -> tuple[float, dict[str, float]]:
    """Return cost and values of the best trial that ended before so many CPU seconds."""
    ended = [(value, own) for cpu, value, own in steps if value is not None and cpu <= spent]
    return min(ended, key=lambda one: one[0], default=(math.inf, {}))


def against_plain(bench: Bench, seeds: Sequence[int], trials: int, more: int) -> None:
    """Search with each seed on all sides, judge the winners, print tables, draw the regret."""
    pairs = [(name, seed) for seed in seeds for name in SIDES]
    with ThreadPoolExecutor(bench.cores.qsize()) as pool:
        asked = [(name, seed, more if name == "race" else trials) for name, seed in pairs]
        runs = dict(zip(pairs, pool.map(lambda one: bench.search(*one), asked), strict=True))
        winners = {}
        for (name, seed), run in runs.items():
            half = runs["plain", seed]["cpu"] / 2
            for key, spent in (("unseen_half", half), ("unseen", math.inf)):
                values = winner(run["steps"], spent)[1]
                winners[name, seed, key] = json.dumps(values, sort_keys=True)
        distinct = sorted(set(winners.values()) - {"{}"})
        costs = dict(zip(distinct, pool.map(bench.judge, distinct), strict=True))
    for (name, seed, key), values in winners.items():
        runs[name, seed][key] = costs.get(values, math.inf)
    found: Found = {name: {seed: runs[name, seed] for seed in seeds} for name in SIDES}
    (FOLDER / "search.json").write_text(json.dumps(found))
    print_reached(found)
    print_winners(found)
    picture = FOLDER / "search_regret.png"
    draw_regret(found, picture)
    print(f"  regret by CPU time: {picture}")


def print_reached(found: Found) -> None:
    """Print the medians over seeds of the CPU as a share of what the plain script takes."""
    print("\nMedians over seeds: CPU, as a share of the plain script's, until the best trial costs")
    print("so much more than its best one, each in its own search")
    print(f"  {'':<24}" + "".join(f"{close:>8.1%}" for close in CLOSE) + f"{'whole':>8}")
    for name in found:
        cells = []
        for close in CLOSE:
            middle = statistics.median(
                reach(run["steps"], winner(plain["steps"])[0] * (1 + close)) / plain["cpu"]
                for run, plain in beside(found, name)
            )
            cells.append(f"{middle:>8.2f}" if math.isfinite(middle) else f"{'never':>8}")
        whole = statistics.median(run["cpu"] / plain["cpu"] for run, plain in beside(found, name))
        print(f"  {SIDES[name]:<24}" + "".join(cells) + f"{whole:>8.2f}")


def print_winners(found: Found) -> None:
    """Print by how much winners cost more than the plain script's, by seed and in the mean."""
    seeds = "".join(f"{f'seed {seed}':>9}" for seed in found["plain"])
    print(
        "\nCost of the winner after half of the plain script's CPU, against its winner after all;"
    )
    print("aim: at most +0.20 % on folds that neither saw")
    for told, key in (
        ("on unseen folds", "unseen_half"),
        ("the same after the whole search", "unseen"),
        ("in the search itself, after half", None),
    ):
        print(f"  {told:<34}{seeds}{'mean':>9}")
        for name in found:
            more = [
                (winner(run["steps"], plain["cpu"] / 2)[0] if key is None else run[key])
                / (winner(plain["steps"])[0] if key is None else plain["unseen"])
                - 1
                for run, plain in beside(found, name)
            ]
            cells = "".join(
                f"{value:>+9.2%}" if math.isfinite(value) else f"{'none':>9}"
                for value in (*more, statistics.mean(more))
            )
            print(f"    {SIDES[name]:<32}{cells}")


def beside(found: Found, name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield a side's searches, each with the plain one of its seed."""
    yield from ((run, found["plain"][seed]) for seed, run in found[name].items())


def draw_regret(found: Found, path: Path) -> None:
    """Draw each search's distance to the best cost known for its seed, by CPU time."""
    from cutscore.report.figures import style

    figure = style.new_figure(7.6, 4.8)
    axes = style.plain_axes(figure, (0.11, 0.12, 0.86, 0.73))
    colours = dict(zip(SIDES, (style.GREY, style.BLUE, style.PINK, style.ORANGE), strict=True))
    ends = [run["cpu"] for runs in found.values() for run in runs.values()]
    grid = np.linspace(0, max(ends), 600)
    for name, runs in found.items():
        curves = []
        for seed, run in runs.items():
            known = min(winner(own[seed]["steps"])[0] for own in found.values() if seed in own)
            curves.append(regret(run["steps"], known, grid))
            there = grid <= run["cpu"]
            axes.plot(grid[there], curves[-1][there], color=colours[name], linewidth=0.8, alpha=0.5)
        axes.plot(
            grid, np.median(curves, axis=0), color=colours[name], linewidth=2.2,
            label=f"{SIDES[name]}, median of {len(curves)}",
        )  # fmt: skip
    axes.axhline(100 * CLOSE[-1], color=style.INK, linewidth=1, linestyle=":")
    axes.set_ylim(0, 2.5)
    style.label(axes, "CPU seconds", "cost above the best known, %")
    axes.legend(loc="upper right", fontsize=8, frameon=False)
    style.title(figure, "Searches by CPU time", "each line a seed; all sides of a seed together")
    figure.savefig(path)


def regret(steps: Steps, known: float, grid: np.ndarray) -> np.ndarray:
    """Return the regret in percent on a grid of CPU times: infinite at first, kept at the end."""
    times = np.array([cpu for cpu, *_ in steps])
    values = np.array([math.inf if value is None else value for _, value, _ in steps])
    lowest = np.concatenate([[math.inf], np.minimum.accumulate(values)])
    return 100 * (lowest[np.searchsorted(times, grid, side="right")] / known - 1)


def workers(bench: Bench, rounds: int, trials: int) -> None:
    """Print trials an hour of one worker and of two."""
    print(f"Trials an hour ({trials} random trials, none pruned, from first start to last end)")
    hourly: dict[int, list[float]] = {1: [], 2: []}
    spent: dict[int, list[float]] = {1: [], 2: []}
    for seed in range(rounds):
        for number in hourly:
            words = [
                f"search.workers={number}", f"search.trials={trials}", f"search.seed={seed}",
                "search.sampler=random", "search.pruner=none",
            ]  # fmt: skip
            result = bench.side("ours", *words)
            hourly[number].append(3600 * trials / result["wall"])
            spent[number].append(result["cpu"])
    for number, values in hourly.items():
        listed = ", ".join(f"{value:.0f}" for value in values)
        cpu = statistics.median(spent[number])
        print(
            f"  {number} worker(s): {statistics.median(values):6.0f}   ({listed}); {cpu:.0f} CPU s"
        )
    ratios = [two / one for one, two in zip(hourly[1], hourly[2], strict=True)]
    print(f"  two do {statistics.median(ratios):.2f} times what one does")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--part", type=int, choices=(1, 2), help="one part only")
    parser.add_argument("--small", action="store_true", help="10,000 rows and small models, to try")
    parser.add_argument("--rows", type=int, default=50_000, help="only so many of the rows")
    parser.add_argument("--full", action="store_true", help="all 150,000 rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--trials", type=int, default=14, help="of all that sample trees")
    parser.add_argument("--more", type=int, default=20, help="trials of what counts trees")
    parser.add_argument("--resume", action="store_true", help="keep searches measured before")
    parser.add_argument("--rounds", type=int, default=2, help="of part 2")
    args = parser.parse_args()
    bench = Bench(Size(args.small, None if args.small or args.full else args.rows), args.resume)
    store = f"{FOLDER}/search/store/mlflow.db"
    (FOLDER / "search").mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "cutscore", "store", "init", "--store", store], check=True
    )
    if args.part in (None, 1):
        against_plain(bench, args.seeds, args.trials, args.more)
    if args.part in (None, 2):
        workers(bench, args.rounds, 6 if args.small else 12)


if __name__ == "__main__":
    main()
