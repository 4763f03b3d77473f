"""One experiment from its data to its evidence: the whole flow as one function.

source -> dataset -> features -> folds -> [per fold: fitted preparation -> sampling -> model ->
scores] -> out-of-fold scores -> calibration -> threshold (with the cost matrix) -> result
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from cutscore.cost.risk import one_sided
from cutscore.data.settings import LineSettings
from cutscore.data.unlabelled import RowSettings, check_columns
from cutscore.experiment.deciding import decide
from cutscore.experiment.folds import out_of_fold, refit, run_fold, shares_bins
from cutscore.experiment.judging import judge, pooled
from cutscore.experiment.over_time import over_time
from cutscore.experiment.partial import CommonDecision, decide_together, decided, prune_value
from cutscore.experiment.parts import (
    Experiment,
    ExperimentCache,
    FoldProgress,
    Prepared,
)
from cutscore.experiment.timing import timed
from cutscore.experiment.tree_counts import TreeCounts, spread_counts
from cutscore.experiment.weighing import check_weighing, weighed_costs
from cutscore.records import Dataset, FoldResult
from cutscore.report.result import Result
from cutscore.validation.splitting import split_rows

__all__ = [
    "CommonDecision",
    "Experiment",
    "ExperimentCache",
    "FoldProgress",
    "Prepared",
    "TreeCounts",
    "decide",
    "decide_together",
    "decided",
    "execute",
    "judge",
    "out_of_fold",
    "pooled",
    "prepare",
    "prune_value",
    "refit",
    "run_fold",
    "shares_bins",
    "spread_counts",
]


def prepare(experiment: Experiment, cache: ExperimentCache) -> Prepared:
    """Load data, build features, split, and check that every fold can be sampled.

    Raises
    ------
    RequestError
        If the data, the expressions, the model, the folds, the costs or the sampling cannot be as
        asked, or something does not go with row weights.
    """
    seconds: dict[str, float] = {}
    with timed(seconds, "data"):
        dataset = cache.dataset(experiment.source)
    check_weighing(experiment, dataset)
    _check_unlabelled(experiment, dataset)
    with timed(seconds, "features"):
        table = cache.table(dataset, experiment.features)
        cache.check_model(experiment.model, table, dataset.target)
    with timed(seconds, "folds"):
        folds = split_rows(experiment.validation, dataset)
        periods = cache.periods(experiment, dataset)
    with timed(seconds, "costs"):
        amounts, fit = dataset.amounts, experiment.cost.fit
        inner = folds.inner
        known = dataset.target if inner is None else dataset.target[inner]
        prices = fit(dataset, inner)
        certain = one_sided(prices.matrix(amounts, inner), known)
        costs = tuple(
            weighed_costs(fit(dataset, fold.train), dataset, fold.validation)
            for fold in folds.splits
        )
        outer_costs = weighed_costs(prices, dataset, folds.outer) if len(folds.outer) else None
    for fold in folds.splits:
        experiment.sampling.check(dataset.target[fold.train])
    if inner is not None:
        experiment.sampling.check(known)
    notes = (*dataset.notes, *(() if certain is None else (f"costs: {certain}",)))
    return Prepared(dataset, table, folds, costs, outer_costs, seconds, notes, periods)


def _check_unlabelled(experiment: Experiment, dataset: Dataset) -> None:
    """Look at the rows to which the model is to be applied, where there are such."""
    path, source = experiment.unlabelled, experiment.data
    if path is not None and dataset.raw is not None and isinstance(source, LineSettings):
        check_columns(path, dataset.raw, RowSettings.like(source))


def execute(
    experiment: Experiment,
    prepared: Prepared,
    cache: ExperimentCache,
    on_fold: Callable[[FoldProgress], None] | None = None,
    known: Iterator[FoldResult] | None = None,
) -> Result:
    """Fit and score every fold, then choose the threshold and gather its evidence.

    `on_fold(progress)` is called before the first fold and as folds finish; what it raises ends
    the experiment. `known` are the folds where they have been fitted already.
    """
    seconds = dict(prepared.seconds)
    results: list[FoldResult] = []
    if on_fold is not None:
        on_fold(FoldProgress(prepared, results))
    for result in _fitted(experiment, prepared, cache, seconds) if known is None else known:
        results.append(result)
        if on_fold is not None:
            on_fold(FoldProgress(prepared, results))
    for result in results:
        for stage, spent in result.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
    with timed(seconds, "threshold"):
        oof = out_of_fold(prepared, results)
        made = decide(experiment, prepared, tuple(results), oof, seconds)
    with timed(seconds, "metrics"):
        return replace(made, over_time=over_time(experiment, prepared, cache, made))


def _fitted(
    experiment: Experiment, prepared: Prepared, cache: ExperimentCache, seconds: dict[str, float]
) -> Iterator[FoldResult]:
    """Fit and score one fold after another."""
    shared = shares_bins(experiment, prepared.table)
    with timed(seconds, "binning"):
        session = cache.session(experiment, prepared, shared=shared)
    for fold in prepared.folds.splits:
        yield run_fold(experiment, prepared, session, fold)
