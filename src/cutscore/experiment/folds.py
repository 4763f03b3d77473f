"""One fold: prepared, sampled, fitted and scored; and the model that is fitted at last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cutscore import metrics
from cutscore.calibration.training_prior import TrainingPrior, training_prior
from cutscore.experiment.partial import ScoredFold
from cutscore.experiment.parts import Experiment, ExperimentCache, Prepared
from cutscore.experiment.timing import timed
from cutscore.model import Fitted, Session, SharesBins, WeighsClasses
from cutscore.preparation import Preparation, fit_preparation
from cutscore.records import (
    Fold,
    FoldResult,
    OutOfFold,
    Rows,
    Table,
    TrainingRows,
    positive_share,
    weights_of,
)
from cutscore.sampling import RowsToSample
from cutscore.scoring.decision import Decision, TrainedShares
from cutscore.scoring.inputs import inputs_of
from cutscore.scoring.kept_model import KeptModel
from cutscore.validation.splitting import rows_to_fit


@dataclass(frozen=True, eq=False)
class SampledFold:
    """A fold whose rows are prepared and sampled: what is left is to fit on them.

    `table` holds all rows, prepared; `prior` is what the model learns of how rare positives are;
    `seconds` are those spent, by stage.
    """

    fold: Fold
    preparation: Preparation
    table: Table
    training: TrainingRows
    prior: TrainingPrior
    seconds: dict[str, float]


def run_fold(
    experiment: Experiment, prepared: Prepared, session: Session, fold: Fold
) -> FoldResult:
    """Prepare, sample, fit and score one fold; only its training rows teach anything."""
    sampled = sample_fold(experiment, prepared, fold)
    with timed(sampled.seconds, "fit"):
        fitted = session.fit(sampled.training, sampled.table)
    return score_fold(experiment, prepared, sampled, fitted)


def sample_fold(experiment: Experiment, prepared: Prepared, fold: Fold) -> SampledFold:
    """Prepare and sample a fold by its training rows."""
    seconds: dict[str, float] = {}
    with timed(seconds, "preparation"):
        preparation, table = _prepare_rows(experiment, prepared.table, fold)
    with timed(seconds, "sampling"):
        training, prior = _sample(experiment, prepared, table, fold.train)
    return SampledFold(fold, preparation, table, training, prior, seconds)


def score_fold(
    experiment: Experiment, prepared: Prepared, sampled: SampledFold, fitted: Fitted
) -> FoldResult:
    """Score all rows of a fold with its fitted model, and measure both sides."""
    fold, seconds, dataset = sampled.fold, dict(sampled.seconds), prepared.dataset
    with timed(seconds, "score"):
        scores = fitted.scores(sampled.table)
    with timed(seconds, "metrics"):
        validation, train = (
            metrics.score_metrics(
                dataset.target[part], scores[part], weights_of(dataset.weights, part)
            )
            for part in (fold.validation, fold.train)
        )
    return FoldResult(
        fold=fold,
        fitted_rows=sampled.training.size,
        validation=validation,
        train=train,
        scores=scores[fold.validation],
        importance=fitted.importance(),
        natural=sampled.prior.natural,
        base_rate=base_rate(prepared, fold.train),
        prior=sampled.prior.share,
        seconds=seconds,
        trees=fitted.trees,
        notes=(*sampled.preparation.notes, *_prior_notes(experiment, sampled.prior)),
    )


def refit(
    experiment: Experiment,
    prepared: Prepared,
    cache: ExperimentCache,
    decision: Decision,
    rows: Rows | None = None,
) -> KeptModel:
    """Fit the model on `rows` (None: on all, outer ones too), prepared and sampled as in folds.

    If folds train on a sliding window, it is fitted on the latest window of them. What costs
    estimate they estimate on these rows too; `decision` is what the folds' scores gave.
    """
    dataset = prepared.dataset
    if rows is None:
        rows = np.arange(dataset.rows, dtype=np.int64)
    rows = rows_to_fit(experiment.validation, dataset, rows)
    whole = Fold(repeat=0, number=0, train=rows, validation=rows[:0])
    session = cache.session(experiment, prepared, shared=shares_bins(experiment, prepared.table))
    preparation, table = _prepare_rows(experiment, prepared.table, whole)
    training, prior = _sample(experiment, prepared, table, rows)
    return KeptModel(
        inputs=inputs_of(dataset, experiment.features, preparation),
        preparation=preparation,
        fitted=session.fit(training, table),
        shares=TrainedShares(experiment.calibration, base_rate(prepared, rows), prior.share),
        decision=decision,
        prices=experiment.cost.fit(dataset, rows),
    )


def shares_bins(experiment: Experiment, table: Table) -> bool:
    """Return whether folds may share the bins of the whole table (see ARCHITECTURE.md)."""
    model, sampling = experiment.model, experiment.sampling
    if not isinstance(model, SharesBins):
        return False
    needs = model.needs
    changed = needs.impute or needs.encode or needs.scale or sampling.needs_complete
    return model.shares_bins(table) and not sampling.synthesises and not changed


def out_of_fold(prepared: Prepared, results: Sequence[ScoredFold]) -> OutOfFold:
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
        weights=weights_of(prepared.dataset.weights, row),
        withheld={fold.number: fold.withheld for fold in folds if len(fold.withheld)},
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
    experiment: Experiment, prepared: Prepared, table: Table, rows: Rows
) -> tuple[TrainingRows, TrainingPrior]:
    """Sample training rows; whatever costs estimate comes from these rows too.

    Returns also what the model learns of how rare positives are, its own parameters counted in.
    """
    sampler, dataset, model = experiment.sampling, prepared.dataset, experiment.model
    sampled = sampler.sample(
        RowsToSample(
            rows,
            dataset.target[rows],
            experiment.seed,
            values=table.values if sampler.needs_complete else None,
            costs=experiment.cost.fit(dataset, rows).matrix(dataset.amounts, rows),
            weights=weights_of(dataset.weights, rows),
        )
    )
    factors = model.class_factors if isinstance(model, WeighsClasses) else None
    prior = training_prior(sampled, rows, dataset.target, factors, dataset.weights)
    return sampled.times(dataset.weights), prior


def base_rate(prepared: Prepared, rows: Rows) -> float:
    """Return the share of positives among training rows, by their own weights."""
    dataset = prepared.dataset
    return positive_share(dataset.target[rows], weights_of(dataset.weights, rows))


def _prior_notes(experiment: Experiment, prior: TrainingPrior) -> tuple[str, ...]:
    """Say why a correction of the prior is approximate, if one is made and it is."""
    if not (experiment.calibration.uses_prior and prior.doubt):
        return ()
    return (f"{prior.doubt}, so that calibration=prior is approximate: see ece_calibrated.",)
