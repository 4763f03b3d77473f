"""Searches, side by side in one run.

1. A plain script (Optuna's TPE, LGBMClassifier, the cross-fitted cost, every trial whole) against
   Cutscore's ways: CPU seconds to come within 1, 0.5 and 0.2 % of the plain script's best, over
   some seeds; what the winners cost on folds of three seeds that no search has seen; and how far
   each is from the best of all as CPU time goes on (a picture).
2. Two workers with divided threads against one with all: trials an hour.

    uv run python benchmarks/search.py [--part 1|2] [--small] [--rows 50000] [--full]

Each side is a process of its own, in turns; both sides' OpenMP threads spin briefly. On a busy
machine pin all to one core (`taskset -c 0`): threads that wait for each other cost CPU seconds. Raw
figures and the picture are under outputs/benchmarks/.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cutscore.cli import SPIN_COUNT
from made import FOLDER

CLOSE = (0.01, 0.005, 0.002)
OURS = {
    "race": ("search.pruner=race",),
    "median": ("search.pruner=median",),
    "sampled": ("search.pruner=median", "search.tree_counts=null"),
}
SIDES = {
    "plain": "plain script",
    "race": "trees counted, race",
    "median": "trees counted, median",
    "sampled": "trees sampled, median",
}
Steps = list[tuple[float, float | None]]


@dataclass(frozen=True)
class Size:
    """How much both sides search in: all rows, fewer, or few and small models."""

    small: bool = False
    rows: int | None = None

    @property
    def flags(self) -> list[str]:
        rows = [f"--rows={self.rows}"] if self.rows else []
        return [*rows, *(["--small"] if self.small else [])]


def side(name: str, *words: str, size: Size, **options: int) -> dict[str, Any]:
    """Run one side in a fresh process and return what it measured."""
    flags = [f"--{key}={value}" for key, value in options.items()]
    script = Path(__file__).with_name("search_sides.py")
    command = [sys.executable, str(script), name, str(FOLDER / "search"), *flags]
    command += [*size.flags, *(["--set", *words] if words else [])]
    environment = {**os.environ, "GOMP_SPINCOUNT": SPIN_COUNT}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def reach(steps: Steps, cost: float) -> float:
    """Return the CPU seconds after which a trial costs no more than this, infinite if none does."""
    return next((cpu for cpu, value in steps if value is not None and value <= cost), math.inf)


def best(steps: Steps) -> float:
    return min((value for _, value in steps if value is not None), default=math.inf)


def against_plain(seeds: list[int], trials: int, more: int, size: Size) -> None:
    """Search with each seed on all sides, judge the winners, print the table, draw the regret."""
    found: dict[str, dict[str, Any]] = {name: {} for name in SIDES}
    for seed in map(str, seeds):
        found["plain"][seed] = side("plain", size=size, seed=int(seed), number=trials)
        for name, words in OURS.items():
            own = [f"search.seed={seed}", f"search.trials={more}", *words]
            found[name][seed] = side("ours", *own, size=size)
        for name, runs in found.items():
            run = runs[seed]
            run["judged"] = side("judge", json.dumps(run["best"]), size=size)["costs"]
            cost, judged = best(run["steps"]), statistics.mean(run["judged"])
            print(
                f"  seed {seed}, {SIDES[name]}: {cost:,.0f} in {run['cpu']:.0f} CPU s, "
                f"{judged:,.0f} on unseen folds; {run['states']}",
                flush=True,
            )
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "search.json").write_text(json.dumps(found))
    print_table(found)
    picture = FOLDER / "search_regret.png"
    draw_regret(found, picture)
    print(f"  regret by CPU time: {picture}")


def print_table(found: dict[str, dict[str, Any]]) -> None:
    """Print the medians over seeds, as shares of what the plain script has."""
    print("Medians over seeds: CPU as a share of the plain script's, to come within so much of its")
    print("best; the winner's cost on unseen folds against that of the plain script's winner")
    print(
        f"  {'':<24}" + "".join(f"{close:>8.1%}" for close in CLOSE) + f"{'whole':>8}{'unseen':>9}"
    )
    for name, runs in found.items():
        cells = []
        for close in CLOSE:
            shares = [
                reach(run["steps"], best(found["plain"][seed]["steps"]) * (1 + close))
                / found["plain"][seed]["cpu"]
                for seed, run in runs.items()
            ]
            middle = statistics.median(shares)
            cells.append(f"{middle:>8.2f}" if math.isfinite(middle) else f"{'never':>8}")
        whole = statistics.median(
            r["cpu"] / found["plain"][seed]["cpu"] for seed, r in runs.items()
        )
        unseen = statistics.median(
            statistics.mean(run["judged"]) / statistics.mean(found["plain"][seed]["judged"]) - 1
            for seed, run in runs.items()
        )
        print(f"  {SIDES[name]:<24}" + "".join(cells) + f"{whole:>8.2f}{unseen:>+9.2%}")


def draw_regret(found: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw each search's distance to the best cost known for its seed, by CPU time."""
    from cutscore.report.figures import style

    figure = style.new_figure(7.6, 4.8)
    axes = style.plain_axes(figure, (0.11, 0.12, 0.86, 0.73))
    colours = dict(zip(SIDES, (style.GREY, style.ORANGE, style.BLUE, style.PINK), strict=True))
    ends = [run["cpu"] for runs in found.values() for run in runs.values()]
    grid = np.linspace(0, max(ends), 600)
    for name, runs in found.items():
        curves = []
        for seed, run in runs.items():
            known = min(best(found[other][seed]["steps"]) for other in found)
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
    times = np.array([cpu for cpu, _ in steps])
    values = np.array([math.inf if value is None else value for _, value in steps])
    lowest = np.concatenate([[math.inf], np.minimum.accumulate(values)])
    return 100 * (lowest[np.searchsorted(times, grid, side="right")] / known - 1)


def workers(rounds: int, trials: int, size: Size) -> None:
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
            result = side("ours", *words, size=size)
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
    parser.add_argument("--trials", type=int, default=14, help="of the plain script")
    parser.add_argument("--more", type=int, default=28, help="trials of our searches")
    parser.add_argument("--rounds", type=int, default=2, help="of part 2")
    args = parser.parse_args()
    size = Size(args.small, None if args.small or args.full else args.rows)
    store = f"{FOLDER}/search/store/mlflow.db"
    (FOLDER / "search").mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "cutscore", "store", "init", "--store", store], check=True
    )
    if args.part in (None, 1):
        against_plain(args.seeds, args.trials, args.more, size)
    if args.part in (None, 2):
        workers(args.rounds, 6 if args.small else 12, size)


if __name__ == "__main__":
    main()
