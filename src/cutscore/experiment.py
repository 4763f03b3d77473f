"""One experiment from its data to its evidence: the whole flow as one function.

source -> dataset -> features -> folds -> [per fold: fitted preparation -> sampling -> model ->
scores] -> out-of-fold scores -> calibration -> threshold (with the cost matrix) -> result
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cutscore import metrics
from cutscore.calibration import Calibration
from cutscore.calibration.crossfit import cross_calibrate
from cutscore.calibration.inverse import raw_threshold
from cutscore.calibration.none import NoCalibration
from cutscore.calibration.training_prior import TrainingPrior, training_prior, weighs_classes
from cutscore.cost import Cost, CostMatrix
from cutscore.cost.bayes import one_sided
from cutscore.cost.matrix import join_costs
from cutscore.cost.risk import bayes_risk, no_model_risk
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
    Rows,
    Table,
    TrainingRows,
)
from cutscore.report.result import Result
from cutscore.sampling import Sampler
from cutscore.threshold import ThresholdRule
from cutscore.threshold.evidence import cross_fit, reference
from cutscore.validation import Splitter
from cutscore.validation.splitting import split_rows

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
    def source(self) -> Source:
        """The data, without the rows that the costs cannot price."""
        where: str | None = getattr(self.cost, "where", None)
        return self.data.keeping(where) if where else self.data

    @property
    def workers(self) -> int:
        """Threads that a fit may use."""
        return self.threads or len(os.sched_getaffinity(0))


@dataclass(frozen=True, eq=False)
class Prepared:
    """An experiment's data, features, folds and costs: everything before the first fit.

    `costs` are those of each fold's validation rows, aligned with `folds.splits`; what they
    estimate they estimate on the fold's training rows.
    """

    dataset: Dataset
    table: Table
    folds: Folds
    costs: tuple[CostMatrix, ...]
    seconds: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


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
        dataset = bench.dataset(experiment.source)
    with _timed(seconds, "features"):
        table = bench.table(dataset, experiment.features)
    with _timed(seconds, "folds"):
        folds = split_rows(experiment.validation, dataset)
    with _timed(seconds, "costs"):
        price = experiment.cost.matrix
        certain = one_sided(price(dataset), dataset.target)
        costs = tuple(price(dataset, fold.train, fold.validation) for fold in folds.splits)
    for fold in folds.splits:
        experiment.sampling.check(dataset.target[fold.train])
    notes = () if certain is None else (f"costs: {certain}",)
    return Prepared(dataset, table, folds, costs, seconds, notes)


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
    costs = join_costs(prepared.costs, [len(fold.fold.validation) for fold in folds])
    calibration, rule = experiment.calibration, experiment.threshold
    corrected = _corrected(oof, calibration)
    calibrator = calibration.fit(corrected.score, corrected.target)
    decided = replace(corrected, score=calibrator.apply(corrected.score))
    cross_calibrated = cross_calibrate(corrected, calibration)
    valid = all(fold.natural for fold in folds) or _calibrates(calibration)
    evidence = reference(decided, costs, rule, bayes_valid=valid)
    return Result(
        folds=folds,
        ids=prepared.dataset.ids[oof.row],
        oof=oof,
        decided=decided,
        costs=costs,
        crossfit=cross_fit(corrected, costs, rule, calibration),
        reference=evidence,
        rows=prepared.dataset.rows,
        beta=rule.beta,
        calibration=type(calibration).__name__,
        seconds=seconds,
        cross_calibrated=cross_calibrated,
        raw_threshold=raw_threshold(evidence.chosen.threshold, calibration, calibrator, oof),
        bayes_risk=bayes_risk(oof, cross_calibrated, costs),
        no_model_rule=no_model_risk(oof, costs),
        notes=prepared.notes,
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
        training = _sample(experiment, prepared, table, fold.train)
        prior = training_prior(training, target, _parameters(experiment))
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
        base_rate=float(target[fold.train].mean(dtype=np.float64)),
        prior=prior.share,
        seconds=seconds,
        notes=(*preparation.notes, *_prior_notes(experiment, prior)),
    )


def refit(experiment: Experiment, prepared: Prepared, bench: Workbench) -> FinalModel:
    """Fit the model on all rows, prepared and sampled as in the folds."""
    rows = np.arange(prepared.dataset.rows, dtype=np.int64)
    whole = Fold(repeat=0, number=0, train=rows, validation=rows[:0])
    session = bench.session(experiment, prepared, shared=shares_bins(experiment, prepared.table))
    preparation, table = _prepare_rows(experiment, prepared.table, whole)
    training = _sample(experiment, prepared, table, rows)
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
        base_rate=np.repeat([result.base_rate for result in results], lengths),
        prior=np.repeat([result.prior for result in results], lengths),
    )


def _corrected(oof: OutOfFold, calibration: Calibration) -> OutOfFold:
    """Return the scores with the effect of sampling undone, where the calibration does that."""
    if oof.base_rate is None or oof.prior is None:
        return oof
    return replace(oof, score=calibration.correct(oof.score, oof.base_rate, oof.prior))


def _calibrates(calibration: Calibration) -> bool:
    return not isinstance(calibration, NoCalibration)


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


def _sample(experiment: Experiment, prepared: Prepared, table: Table, rows: Rows) -> TrainingRows:
    """Sample training rows; whatever costs estimate comes from these rows too."""
    sampler, dataset = experiment.sampling, prepared.dataset
    values = table.values if sampler.needs_complete else None
    costs = experiment.cost.matrix(dataset, rows, rows)
    return sampler.sample(rows, dataset.target[rows], values, experiment.seed, costs)


def _natural(experiment: Experiment, training: TrainingRows, fold: Fold) -> bool:
    """Return whether the model learnt the class shares as they are: nothing drawn or weighted."""
    weighted = training.weights is not None or weighs_classes(_parameters(experiment))
    return training.size == len(fold.train) and not weighted


def _parameters(experiment: Experiment) -> Mapping[str, Any]:
    """Return the classifier's own parameters."""
    params: Mapping[str, Any] = getattr(experiment.model, "params", {})
    return params


def _prior_notes(experiment: Experiment, prior: TrainingPrior) -> tuple[str, ...]:
    """Say why a correction of the prior is approximate, if one is made and it is."""
    if not (experiment.calibration.uses_prior and prior.doubt):
        return ()
    return (f"{prior.doubt}, so that calibration=prior is approximate: see ece_calibrated.",)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Add the wall time of the body to `seconds[stage]`."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start
