"""From out-of-fold scores to a threshold and its evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cutscore.calibration import Calibration
from cutscore.calibration.crossfit import cross_calibrate
from cutscore.calibration.inverse import raw_threshold
from cutscore.calibration.none import NoCalibration
from cutscore.cost.matrix import join_costs
from cutscore.cost.risk import bayes_risk, no_model_risk
from cutscore.experiment.parts import Experiment, Prepared
from cutscore.records import (
    FoldResult,
    OutOfFold,
    Undefined,
    fit_calibrator,
)
from cutscore.report.result import Result
from cutscore.threshold.certainty import certainty_of, evidence_cuts
from cutscore.threshold.evidence import cross_fit, reference
from cutscore.threshold.implied import frontier_of
from cutscore.validation.splitting import rows_together


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
    shifted = corrected(oof, calibration)
    calibrator = fit_calibrator(calibration, shifted.score, shifted.target, shifted.weights)
    decided = replace(shifted, score=calibrator.apply(shifted.score))
    cross_calibrated = cross_calibrate(shifted, calibration)
    valid = all(fold.natural for fold in folds) or _calibrates(calibration)
    groups = rows_together(experiment.validation, prepared.dataset)
    evidence = reference(
        decided,
        costs,
        rule,
        bayes_valid=valid,
        origin="out-of-fold" if len(folds) > 1 else "holdout",
        calibration=type(calibration).__name__,
    )
    chosen = evidence.chosen
    cut_table = evidence_cuts(decided, costs, rule, evidence)
    frontier = frontier_of(cut_table)
    certainty = certainty_of(
        decided,
        costs,
        rule,
        chosen,
        cut_table,
        frontier,
        groups=None if groups is None else groups[oof.row],
        resamples=experiment.resamples,
        seed=experiment.seed,
    )
    return Result(
        folds=folds,
        ids=prepared.dataset.ids[oof.row],
        oof=oof,
        decided=decided,
        costs=costs,
        crossfit=cross_fit(shifted, costs, rule, calibration),
        reference=evidence,
        rows=prepared.dataset.rows,
        beta=rule.beta,
        calibration=type(calibration).__name__,
        seconds=seconds,
        cross_calibrated=cross_calibrated,
        calibrator=calibrator,
        raw_threshold=raw_threshold(chosen.threshold, calibration, calibrator, oof),
        bayes_risk=bayes_risk(oof, cross_calibrated, costs),
        no_model_rule=no_model_risk(oof, costs),
        certainty=certainty,
        cut_table=cut_table,
        vertices=np.empty(0) if isinstance(frontier, Undefined) else frontier.threshold,
        outer_rows=len(prepared.folds.outer),
        notes=prepared.notes,
    )


def corrected(oof: OutOfFold, calibration: Calibration) -> OutOfFold:
    """Return the scores with the effect of sampling undone, where the calibration does that."""
    if oof.base_rate is None or oof.prior is None:
        return oof
    return replace(oof, score=calibration.correct(oof.score, oof.base_rate, oof.prior))


def _calibrates(calibration: Calibration) -> bool:
    return not isinstance(calibration, NoCalibration)
