"""Searches, side by side in one run.

1. A plain script (Optuna's TPE, LGBMClassifier, the cross-fitted cost) against Cutscore with and
   without pruning: CPU seconds to come within 0.2 % of the plain script's best, over some seeds,
   and how far each is from the best of all as CPU time goes on (a picture).
2. Two workers with divided threads against one with all: trials an hour.

    uv run python benchmarks/search.py [--part 1|2] [--small] [--rows 30000] [--seeds 0 1 2]

Each side is a process of its own, in turns; both sides' OpenMP threads spin briefly. Raw figures
and the picture are under outputs/benchmarks/.
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

CLOSE = 0.002
OURS = ("median", "none")
SIDES = {"plain": "plain script", "median": "pruning", "none": "no pruning"}
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
    """Search with each seed on all sides, print the table and draw the regret."""
    found: dict[str, dict[str, Any]] = {name: {} for name in SIDES}
    for seed in seeds:
        found["plain"][str(seed)] = side("plain", size=size, seed=seed, number=trials)
        for pruner in OURS:
            words = [f"search.seed={seed}", f"search.trials={more}", f"search.pruner={pruner}"]
            found[pruner][str(seed)] = side("ours", *words, size=size)
        ends = ", ".join(
            f"{SIDES[name]} {best(runs[str(seed)]['steps']):,.0f} in {runs[str(seed)]['cpu']:.0f} s"
            for name, runs in found.items()
        )
        print(f"  seed {seed}: {ends}", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "search.json").write_text(json.dumps(found))
    print_table(found, trials)
    picture = FOLDER / "search_regret.png"
    draw_regret(found, picture)
    print(f"  regret by CPU time: {picture}")


def told(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "never"


def print_table(found: dict[str, dict[str, Any]], trials: int) -> None:
    """Print how soon each side comes close to the plain script's best."""
    print(f"CPU seconds to come within {CLOSE:.1%} of the plain script's best of {trials} trials")
    print(f"  {'seed':<5} {'best':>9}  {'script, all':>11} {'script':>8} ", end="")
    print("".join(f"{SIDES[name]:>12} {'of all':>7} {'pruned':>7}" for name in OURS))
    shares: dict[str, list[float]] = {name: [] for name in OURS}
    own: dict[str, list[float]] = {name: [] for name in OURS}
    for seed, run in found["plain"].items():
        close = best(run["steps"]) * (1 + CLOSE)
        script = reach(run["steps"], close)
        line = f"  {seed:<5} {best(run['steps']):>9,.0f}  {run['cpu']:>11.1f} {script:>8.1f} "
        for name in OURS:
            result = found[name][seed]
            cpu = reach(result["steps"], close)
            shares[name].append(cpu / run["cpu"])
            own[name].append(cpu / script)
            pruned = f"{result['states'].get('PRUNED', 0)}/{sum(result['states'].values())}"
            line += f"{told(cpu, 1):>12} {told(cpu / run['cpu'], 2):>7} {pruned:>7}"
        print(line)
    for name in OURS:
        middle, alike = statistics.median(shares[name]), statistics.median(own[name])
        print(
            f"  {SIDES[name]}: median {told(middle, 2)} of the whole script's CPU, "
            f"{told(alike, 2)} of what the script took to come as close"
        )


def draw_regret(found: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw each search's distance to the best cost known for its seed, by CPU time."""
    from cutscore.report.figures import style

    figure = style.new_figure(7.6, 4.8)
    axes = style.plain_axes(figure, (0.11, 0.12, 0.86, 0.73))
    colours = {"plain": style.GREY, "median": style.ORANGE, "none": style.BLUE}
    ends = [run["cpu"] for runs in found.values() for run in runs.values()]
    grid = np.linspace(0, max(ends), 600)
    for name, runs in found.items():
        curves = []
        for seed, run in runs.items():
            known = min(best(found[other][seed]["steps"]) for other in found)
            curves.append(regret(run["steps"], run["cpu"], known, grid))
            axes.plot(grid, curves[-1], color=colours[name], linewidth=0.8, alpha=0.45)
        enough = np.isfinite(curves).sum(axis=0) * 2 > len(curves)
        middle = np.nanmedian(np.where(enough, curves, 0), axis=0)
        axes.plot(
            grid[enough], middle[enough], color=colours[name], linewidth=2.2,
            label=f"{SIDES[name]}, median of {len(curves)}",
        )  # fmt: skip
    axes.axhline(100 * CLOSE, color=style.INK, linewidth=1, linestyle=":", label=f"{CLOSE:.1%}")
    axes.set_ylim(0, 2.5)
    style.label(axes, "CPU seconds", "cost above the best known, %")
    style.legend(axes, "upper right")
    style.title(figure, "Searches by CPU time", "each line a seed; all sides of a seed together")
    figure.savefig(path)


def regret(steps: Steps, end: float, known: float, grid: np.ndarray) -> np.ndarray:
    """Return the regret in percent on a grid of CPU times, NaN outside of the search."""
    times = np.array([cpu for cpu, _ in steps])
    values = np.array([math.inf if value is None else value for _, value in steps])
    lowest = np.concatenate([[math.nan], np.minimum.accumulate(values)])
    found = lowest[np.searchsorted(times, grid, side="right")]
    found[(grid > end) | ~np.isfinite(found)] = math.nan
    return 100 * (found / known - 1)


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
    parser.add_argument("--rows", type=int, help="only so many of the 150,000 rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--trials", type=int, default=20, help="of the plain script")
    parser.add_argument("--more", type=int, default=30, help="trials of our searches")
    parser.add_argument("--rounds", type=int, default=2, help="of part 2")
    args = parser.parse_args()
    size = Size(args.small, args.rows)
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
