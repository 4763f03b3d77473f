"""One experiment from its data to its evidence: the whole flow as one function.

source -> dataset -> features -> folds -> [per fold: fitted preparation -> sampling -> model ->
scores] -> out-of-fold scores -> calibration -> threshold (with the cost matrix) -> result
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from cutscore import metrics
from cutscore.calibration import Calibration
from cutscore.cost import Cost, CostMatrix
from cutscore.data import Source
from cutscore.features import FeatureStrategy
from cutscore.model import Fitted, Model, Session
from cutscore.preparation import Preparation, fit_preparation
from cutscore.records import (
    Dataset,
    Fold,
    FoldResult,
    Folds,
    OutOfFold,
    Table,
    TrainingRows,
)
from cutscore.report.result import Result
from cutscore.sampling import Sampler
from cutscore.threshold import ThresholdRule
from cutscore.threshold.evidence import cross_fit, reference
from cutscore.validation import Splitter
from cutscore.validation.splitting import split_rows

# Parameters of the classifiers that weigh classes, whatever the sampling method does.
CLASS_WEIGHTS = ("class_weight", "scale_pos_weight", "is_unbalance", "unbalance", "unbalanced_sets")

OnFold = Callable[[int, int], None]


def unheard(_done: int, _total: int) -> None:
    """Let news of finished folds pass."""


@dataclass(frozen=True)
class Experiment:
    """One resolved configuration. `threads` is None for all cores; it changes no result."""

    data: Source
    features: FeatureStrategy
    validation: Splitter
    sampling: Sampler
    calibration: Calibration
    model: Model
    cost: Cost
    threshold: ThresholdRule
    seed: int = 42
    threads: int | None = None

    @property
    def workers(self) -> int:
        """Threads that a fit may use."""
        return self.threads or len(os.sched_getaffinity(0))


@dataclass(frozen=True, eq=False)
class Prepared:
    """An experiment's data, features, folds and costs: everything before the first fit."""

    dataset: Dataset
    table: Table
    folds: Folds
    costs: CostMatrix
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FinalModel:
    """A model fitted on all rows, with the preparation that its columns went through."""

    fitted: Fitted
    preparation: Preparation


class Workbench:
    """Keeps what several cells need: loaded data, built features, open model sessions.

    One entry of each kind is kept, which serves a sweep in its own order: cells of one data set,
    one feature strategy and one model follow each other.
    """

    def __init__(self) -> None:
        self._dataset: tuple[Source, Dataset] | None = None
        self._table: tuple[Dataset, FeatureStrategy, Table] | None = None
        self._session: tuple[Table, Model, int, bool, Session] | None = None

    def dataset(self, source: Source) -> Dataset:
        """Load a data set, or return the loaded one."""
        if self._dataset is None or self._dataset[0] != source:
            self._table = self._session = None
            self._dataset = (source, source.load())
        return self._dataset[1]

    def table(self, dataset: Dataset, features: FeatureStrategy) -> Table:
        """Build the features of a data set, or return the built ones."""
        kept = self._table
        if kept is None or kept[0] is not dataset or kept[1] != features:
            self._session = None
            self._table = kept = (dataset, features, features.build(dataset))
        return kept[2]

    def session(self, experiment: Experiment, prepared: Prepared, *, shared: bool) -> Session:
        """Open a model's session on a table, or return the open one."""
        table, model, threads = prepared.table, experiment.model, experiment.workers
        kept = self._session
        if kept is None or kept[0] is not table or kept[1:4] != (model, threads, shared):
            self._session = None  # let the old bins go before new ones are made
            opened = model.session(table, prepared.dataset.target, threads=threads, shared=shared)
            self._session = kept = (table, model, threads, shared, opened)
        return kept[4]


def prepare(experiment: Experiment, bench: Workbench) -> Prepared:
    """Load data, build features, split, and check that every fold can be sampled.

    Raises
    ------
    RequestError
        If the data, the expressions, the folds, the costs or the sampling cannot be as asked.
    """
    seconds: dict[str, float] = {}
    with _timed(seconds, "data"):
        dataset = bench.dataset(experiment.data)
    with _timed(seconds, "features"):
        table = bench.table(dataset, experiment.features)
    with _timed(seconds, "folds"):
        folds = split_rows(experiment.validation, dataset)
        costs = experiment.cost.matrix(dataset)
    for fold in folds.splits:
        experiment.sampling.check(dataset.target[fold.train])
    return Prepared(dataset, table, folds, costs, seconds)


def execute(
    experiment: Experiment,
    prepared: Prepared,
    bench: Workbench,
    on_fold: OnFold = unheard,
) -> Result:
    """Fit and score every fold, then choose the threshold and gather its evidence.

    `on_fold(done, total)` is called as folds finish.
    """
    seconds = dict(prepared.seconds)
    shared = shares_bins(experiment, prepared.table)
    with _timed(seconds, "binning"):
        session = bench.session(experiment, prepared, shared=shared)
    results = []
    total = len(prepared.folds.splits)
    on_fold(0, total)
    for done, fold in enumerate(prepared.folds.splits, start=1):
        results.append(run_fold(experiment, prepared, session, fold))
        on_fold(done, total)
    for result in results:
        for stage, spent in result.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
    with _timed(seconds, "threshold"):
        oof = out_of_fold(prepared, results)
        return decide(experiment, prepared, tuple(results), oof, seconds)


def decide(
    experiment: Experiment,
    prepared: Prepared,
    folds: tuple[FoldResult, ...],
    oof: OutOfFold,
    seconds: dict[str, float],
) -> Result:
    """Calibrate the out-of-fold scores, choose the threshold and gather its evidence."""
    costs = prepared.costs.take(oof.row)
    calibrator = experiment.calibration.fit(oof.score, oof.target)
    decided = replace(oof, score=calibrator.apply(oof.score))
    rule = experiment.threshold
    return Result(
        folds=folds,
        ids=prepared.dataset.ids[oof.row],
        oof=oof,
        decided=decided,
        costs=costs,
        crossfit=cross_fit(oof, costs, rule, experiment.calibration),
        reference=reference(decided, costs, rule, bayes_valid=all(fold.natural for fold in folds)),
        rows=prepared.dataset.rows,
        beta=rule.beta,
        calibration=type(experiment.calibration).__name__,
        seconds=seconds,
    )


def run_fold(
    experiment: Experiment, prepared: Prepared, session: Session, fold: Fold
) -> FoldResult:
    """Prepare, sample, fit and score one fold; only its training rows teach anything."""
    seconds: dict[str, float] = {}
    target = prepared.dataset.target
    with _timed(seconds, "preparation"):
        preparation, table = _prepare_rows(experiment, prepared.table, fold)
    with _timed(seconds, "sampling"):
        training = _sample(experiment, table, fold.train, target)
    with _timed(seconds, "fit"):
        fitted = session.fit(training, table)
    with _timed(seconds, "score"):
        scores = fitted.scores(table)
    with _timed(seconds, "metrics"):
        validation = metrics.score_metrics(target[fold.validation], scores[fold.validation])
        train = metrics.score_metrics(target[fold.train], scores[fold.train])
    return FoldResult(
        fold=fold,
        fitted_rows=training.size,
        validation=validation,
        train=train,
        scores=scores[fold.validation],
        importance=fitted.importance(),
        natural=_natural(experiment, training, fold),
        seconds=seconds,
        notes=preparation.notes,
    )


def refit(experiment: Experiment, prepared: Prepared, bench: Workbench) -> FinalModel:
    """Fit the model on all rows, prepared and sampled as in the folds."""
    rows = np.arange(prepared.dataset.rows, dtype=np.int64)
    whole = Fold(repeat=0, number=0, train=rows, validation=rows[:0])
    session = bench.session(experiment, prepared, shared=shares_bins(experiment, prepared.table))
    preparation, table = _prepare_rows(experiment, prepared.table, whole)
    training = _sample(experiment, table, rows, prepared.dataset.target)
    return FinalModel(session.fit(training, table), preparation)


def shares_bins(experiment: Experiment, table: Table) -> bool:
    """Return whether folds may share the bins of the whole table (see ARCHITECTURE.md)."""
    sampling, needs = experiment.sampling, experiment.model.needs
    changed = needs.impute or needs.encode or needs.scale or sampling.needs_complete
    return experiment.model.shares_bins(table) and not sampling.synthesises and not changed


def out_of_fold(prepared: Prepared, results: list[FoldResult]) -> OutOfFold:
    """Put the folds' validation scores end to end."""
    folds = [result.fold for result in results]
    lengths = [len(fold.validation) for fold in folds]
    row = np.concatenate([fold.validation for fold in folds])
    return OutOfFold(
        row=row,
        repeat=np.repeat([fold.repeat for fold in folds], lengths).astype(np.int16),
        fold=np.repeat([fold.number for fold in folds], lengths).astype(np.int16),
        part=prepared.folds.parts,
        target=prepared.dataset.target[row],
        score=np.concatenate([result.scores for result in results]),
        rule=prepared.folds.crossfit,
    )


def _prepare_rows(experiment: Experiment, table: Table, fold: Fold) -> tuple[Preparation, Table]:
    """Fit the preparation that model and sampling need on the fold's training rows."""
    needs, complete = experiment.model.needs, experiment.sampling.needs_complete
    preparation = fit_preparation(
        table,
        fold.train,
        impute=needs.impute or complete,
        encode=needs.encode or complete,
        scale=needs.scale,
    )
    return preparation, preparation.transform(table)


def _sample(
    experiment: Experiment, table: Table, rows: np.ndarray, target: np.ndarray
) -> TrainingRows:
    sampler = experiment.sampling
    values = table.values if sampler.needs_complete else None
    return sampler.sample(rows, target[rows], values, experiment.seed)


def _natural(experiment: Experiment, training: TrainingRows, fold: Fold) -> bool:
    """Return whether the model learnt the class shares as they are: nothing drawn or weighted."""
    params = getattr(experiment.model, "params", {})
    weighted = any(params.get(name) not in (None, False, 1) for name in CLASS_WEIGHTS)
    return training.weights is None and training.size == len(fold.train) and not weighted


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Add the wall time of the body to `seconds[stage]`."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start
