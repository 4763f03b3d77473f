"""What a whole record costs: a trial with all that a run leaves behind, and with one metric only.

Both sides make the same folds, fits, predictions (training rows too) and metrics, in turns, in one
process that is warm: a search pays imports and the loading of data once. The bare side then has
its cross-fitted cost, and logs that. Whatever the whole side does beyond it is what being whole
costs: references and certainty of the threshold, record, figures, files and MLflow's calls.

    uv run python benchmarks/whole.py [--rounds 5] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from cutscore.cli import SPIN_COUNT
from cutscore.launch.job import RunObserver

NAME = "exp01_cv_baseline_none"


def cpu() -> float:
    """Return the CPU seconds of this process, its threads and the children it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@dataclass
class Watch(RunObserver):
    """CPU seconds of a trial: all of it, and of its folds alone."""

    start: float = field(default_factory=cpu)
    folds: list[float] = field(default_factory=list)
    total: float = 0.0

    def on_fold(self, progress) -> None:
        if progress.done in (0, progress.total):
            self.folds.append(cpu())

    def stop(self) -> None:
        self.total = cpu() - self.start

    @property
    def fitting(self) -> float:
        return self.folds[-1] - self.folds[0]

    @property
    def beside(self) -> float:
        """CPU seconds before and after the folds."""
        return self.total - self.fitting


def plan_of(folder: Path, *words: str):
    """Return the plan of the default experiment, recorded in a store below `folder`."""
    from cutscore.config.build import compose_plan
    from cutscore.config.compose import Composer
    from cutscore.config.layers import find_layers
    from cutscore.config.overrides import parse_overrides

    overrides = ["threads=2", f"tracking.uri=sqlite:///{folder}/mlflow.db", *words]
    return compose_plan(Composer(find_layers()), parse_overrides(overrides))


def whole(plan, cache) -> tuple[Watch, float]:
    """Run and record a trial; return its CPU time and its cross-fitted cost."""
    from cutscore.launch.executing import execute_run
    from cutscore.launch.job import Job

    watch = Watch()
    outcome = execute_run(plan, cache, Job(NAME, observer=watch))
    watch.stop()
    if outcome.status != "complete":
        raise SystemExit(outcome.failure)
    return watch, outcome.metrics["crossfit_cost"]


def bare(plan, cache) -> tuple[Watch, float]:
    """Do what a trial needs for its cross-fitted cost, and log that; return CPU time and cost."""
    from cutscore.cost.matrix import join_costs
    from cutscore.experiment import FoldProgress, out_of_fold, prepare, run_fold, shares_bins
    from cutscore.runs.adapter.client import PatientClient, open_client
    from cutscore.runs.adapter.retry import outage_of
    from cutscore.runs.opening import open_store
    from cutscore.threshold.evidence import cross_fit

    watch = Watch()
    uri, minutes = open_store(plan.tracking).uri, plan.tracking.retry_minutes
    client = PatientClient(open_client(uri), outage_of(uri, minutes))
    experiment_id = client.get_experiment_by_name(plan.tracking.experiment).experiment_id
    run = client.create_run(experiment_id, run_name=NAME, tags={})
    experiment = plan.experiment
    prepared = prepare(experiment, cache)
    shared = shares_bins(experiment, prepared.table)
    session = cache.session(experiment, prepared, shared=shared)
    results: list = []
    watch.on_fold(FoldProgress(prepared, results))
    for fold in prepared.folds.splits:
        results.append(run_fold(experiment, prepared, session, fold))
        watch.on_fold(FoldProgress(prepared, results))
    oof = out_of_fold(prepared, results)
    costs = join_costs(prepared.costs, [len(result.scores) for result in results])
    cost = cross_fit(oof, costs, experiment.threshold, experiment.calibration).total_cost
    client.log_metric(run.info.run_id, "crossfit_cost", cost)
    client.set_terminated(run.info.run_id)
    watch.stop()
    return watch, float(cost)


SIDES = {
    "one metric": (bare, ()),
    "whole": (whole, ()),
    "whole, no bootstrap": (whole, ("report.bootstrap=0",)),
}


def pieces(plan, cache, rounds: int) -> dict[str, float]:
    """Return the least CPU seconds of each piece that only the whole side has."""
    from cutscore.cost.matrix import join_costs
    from cutscore.experiment import decide, execute, out_of_fold, prepare
    from cutscore.report.files import write_artifact
    from cutscore.report.items import Figure, Folder, TableFile, Text
    from cutscore.report.record import record_items
    from cutscore.threshold.evidence import cross_fit

    experiment = plan.experiment
    prepared = prepare(experiment, cache)
    result = execute(experiment, prepared, cache)
    oof = out_of_fold(prepared, list(result.folds))
    costs = join_costs(prepared.costs, [len(one.scores) for one in result.folds])
    least: dict[str, float] = defaultdict(lambda: float("inf"))
    for _ in range(rounds):
        spent: dict[str, float] = defaultdict(float)
        start = cpu()
        cross_fit(oof, costs, experiment.threshold, experiment.calibration)
        needed = cpu() - start
        start = cpu()
        decide(experiment, prepared, result.folds, oof, {})
        spent["threshold: references, bootstrap, plateau"] = cpu() - start - needed
        with tempfile.TemporaryDirectory() as folder:
            start = cpu()
            for item in record_items(result, NAME, plan.report):
                made = cpu()
                place = "metrics, tags"
                if isinstance(item, Text | TableFile | Figure | Folder):
                    place = item.path
                spent[f"making {place}"] += made - start
                if place != "metrics, tags":
                    write_artifact(item, Path(folder))
                    spent[f"writing {place}"] += cpu() - made
                start = cpu()
        for name, seconds in spent.items():
            least[name] = min(least[name], seconds)
    return dict(least)


def listed(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def compare(folder: Path, cache, rounds: int) -> None:
    """Run the sides in turns, each round with another seed, and print what being whole adds."""
    watches: dict[str, list[Watch]] = {side: [] for side in SIDES}
    for number in range(rounds + 1):
        costs = set()
        for side, (run, words) in SIDES.items():
            watch, cost = run(plan_of(folder, f"seed={number}", *words), cache)
            costs.add(cost)
            if number:  # the first round warms up
                watches[side].append(watch)
        if len(costs) != 1:
            raise SystemExit(f"the sides disagree about the cost: {costs}")
    total = {side: statistics.median(w.total for w in found) for side, found in watches.items()}
    beside = {side: statistics.median(w.beside for w in found) for side, found in watches.items()}
    for side, found in watches.items():
        print(
            f"{side:<20} {total[side]:6.2f} CPU s   ({listed([w.total for w in found])}), "
            f"beside the folds {beside[side]:.3f}"
        )
    for side in list(SIDES)[1:]:
        # The folds are the same work on both sides: their noise is left out of the difference.
        added = beside[side] - beside["one metric"]
        share, raw = added / total["one metric"], total[side] / total["one metric"] - 1
        print(f"{side}: adds {added:.3f} CPU s, {share:.1%} (of whole trials: {raw:+.1%})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pieces", type=int, default=5, help="repeats of the list of pieces")
    parser.add_argument("--profile", action="store_true", help="profile one whole trial")
    args = parser.parse_args()
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)  # as the command line does
    from cutscore.experiment import ExperimentCache

    with tempfile.TemporaryDirectory() as folder:
        cache, plan = ExperimentCache(), plan_of(Path(folder))
        compare(Path(folder), cache, args.rounds)
        for name, seconds in sorted(pieces(plan, cache, args.pieces).items(), key=lambda e: -e[1]):
            if seconds >= 0.001:
                print(f"  {seconds * 1000:7.1f} ms  {name}")
        if args.profile:
            profile = cProfile.Profile()
            profile.runcall(whole, plan, cache)
            pstats.Stats(profile, stream=sys.stdout).sort_stats("cumulative").print_stats(80)


if __name__ == "__main__":
    main()
