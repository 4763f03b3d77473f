"""What follows a trial's run: links it with the study, ends a hopeless one, counts its trees."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from cutscore.config.build import Plan
from cutscore.errors import CutscoreError, RunPruned
from cutscore.experiment import (
    CommonDecision,
    Experiment,
    ExperimentCache,
    FoldProgress,
    Prepared,
    TreeCounts,
    decide_together,
    prepare,
    prune_value,
)
from cutscore.launch.job import RunObserver, SettledRun
from cutscore.launch.progress import ProgressEvent
from cutscore.records import CrossFit, FoldResult
from cutscore.report.items import Item, Metric, TableFile
from cutscore.search.context import TrialContext
from cutscore.search.pruning import end_if_hopeless
from cutscore.search.slots import RUN_ID
from cutscore.search.tree_counts import COUNTED, TREE_COUNTS, CountedTrees

if TYPE_CHECKING:
    from optuna import Trial


class UndefinedMetricError(CutscoreError):
    """A trial's run has no finite value of the metric that is searched for."""


@dataclass
class TrialObserver(RunObserver):
    """Links a trial and its run, reports folds to the pruner and checks the result.

    Where the number of trees is read off, all folds are boosted before the run is settled: by then
    pruning is over, and the run is that of the best number.
    """

    by_period: ClassVar[bool] = False
    context: TrialContext
    trial: Trial
    experiment: Experiment
    name: str
    grown: TreeCounts | None = None
    claimed: CrossFit | None = None
    reported: dict[int, float] = field(default_factory=dict)

    def opened(self, run_id: str) -> None:
        """Write the run's id to the trial."""
        self.trial.set_user_attr(RUN_ID, run_id)

    def settle(self, plan: Plan, cache: ExperimentCache) -> SettledRun:
        """Boost all folds and return the plan with the best number of trees, where it is counted.

        A trial that is ended on the way is settled at the number that was best by then.
        """
        counted = self.context.counted
        if counted is None:
            return SettledRun(plan)
        prepared = prepare(plan.experiment, cache)
        self.grown = grown = TreeCounts(plan.experiment, prepared, counted.counts)
        end: RunPruned | None = None
        try:
            grown.boost_all(cache, self._on_grown)
            self.claimed = grown.cross_fitted()
        except RunPruned as pruned:
            end = pruned
        place = grown.best()
        settled = self._settled(counted, grown.counts[place])

        def folds() -> Iterator[FoldResult]:
            yield from grown.results(place)
            if end is not None:
                raise end

        return SettledRun(settled, folds())

    def on_fold(self, progress: FoldProgress) -> None:
        """Report the finished folds; end a hopeless trial."""
        if self.grown is not None:
            return
        done, prepared = progress.done, progress.prepared
        self._progressed(done, progress.total)
        if not done or self.context.settings.several:
            return
        metric, direction = self.context.settings.metrics[0], self.context.settings.directions[0]
        value = prune_value(self.experiment, progress, metric, lower=direction == "minimize")
        if isinstance(value, float) and math.isfinite(value):
            finished = progress.finished
            self._judge(
                value, done, prepared, lambda: decide_together(self.experiment, prepared, finished)
            )

    def items(self) -> Iterable[Item]:
        """Return the value after each fold, and what each number of trees costs."""
        for step, value in self.reported.items():
            yield Metric("prune_value", value, step - 1)
        if self.grown is None:
            return
        yield Metric("trees_grown", self.grown.trees)
        yield TableFile(TREE_COUNTS, self.grown.columns())
        if self.claimed is not None:
            claims = (self.claimed.total_cost, self.claimed.cost_per_row, self.claimed.savings)
            for name, claim in zip(COUNTED.values(), claims, strict=True):
                if isinstance(claim, float):
                    yield Metric(name, claim)

    def check_metrics(self, metrics: Mapping[str, float]) -> None:
        """Refuse a run whose metric is no number: nothing can be learnt from it."""
        for metric in self.context.settings.metrics:
            if metric not in metrics:
                raise UndefinedMetricError(f"{metric} does not exist for this run")
            if not math.isfinite(metrics[metric]):
                raise UndefinedMetricError(f"{metric} is {metrics[metric]}")

    def _on_grown(self, grown: TreeCounts) -> None:
        """Report the boosted folds; end a hopeless trial."""
        done, prepared = grown.done, grown.prepared
        self._progressed(done, len(prepared.folds.splits))
        if done and math.isfinite(grown.costs[grown.best()]):
            made = grown.decision(grown.best())
            saved = self.context.settings.metrics[0] == "crossfit_savings"
            value = made.savings if saved else made.cost_per_row
            if isinstance(value, float):
                self._judge(value, done, prepared, lambda: made)

    def _settled(self, counted: CountedTrees, trees: int) -> Plan:
        """Write the number of trees to the trial, and return the plan of the run."""
        entry, rdb = counted.entry, self.context.storage.rdb
        distribution = entry.distribution()
        internal = distribution.to_internal_repr(trees)
        rdb.set_trial_param(self.trial._trial_id, entry.key, internal, distribution)
        greatest = {**self.trial.params, entry.key: counted.counts[-1]}
        plan = self.context.plan_with(greatest, entry.key, trees)
        self.experiment = plan.experiment
        return plan

    def _progressed(self, done: int, total: int) -> None:
        if done < total:  # the end is told with the trial's state
            self.context.task.job.progress.add(ProgressEvent(self.name, done, total))

    def _judge(
        self, value: float, done: int, prepared: Prepared, own: Callable[[], CommonDecision]
    ) -> None:
        """Report a value; end the trial if it, or how it decides the finished rows, is hopeless."""
        self.reported[done] = value
        context = self.context
        end_if_hopeless(
            context.study,
            self.trial,
            context.settings,
            value,
            done,
            len(prepared.folds.splits),
            lambda: context.race.verdict(own(), prepared),
        )
