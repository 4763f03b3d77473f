"""The outer rows as judges: figures of rows that neither taught nor chose anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.experiment.folds import refit
from cutscore.experiment.parts import Experiment, ExperimentCache, Prepared
from cutscore.metrics import brier, confusion_at, score_metrics
from cutscore.records import (
    Confusion,
    MetricValue,
    MetricValues,
    Scores,
    Table,
    Undefined,
    size_of,
    weights_of,
)
from cutscore.report.outer import OuterEvaluation
from cutscore.report.record_spec import WEIGHT
from cutscore.report.result import Result
from cutscore.scoring.decision import Decision


def judge(
    experiment: Experiment, prepared: Prepared, cache: ExperimentCache, result: Result
) -> OuterEvaluation:
    """Fit on all inner rows and decide the outer rows as the result says.

    Scores go through the correction of the prior, the calibrator and the threshold that the inner
    out-of-fold scores gave; what costs estimate they estimate on the inner rows. Score metrics are
    of scores as the model gives them, but for `brier_calibrated`.

    Raises
    ------
    ValueError
        If there are no outer rows.
    """
    outer, costs = prepared.folds.outer, prepared.outer_costs
    if costs is None:
        raise ValueError("no row is held out to judge by: validation.outer is none")
    target, weights = prepared.dataset.target[outer], weights_of(prepared.dataset.weights, outer)
    decision = Decision(result.calibrator, result.reference.chosen.rule)
    final = refit(experiment, prepared, cache, decision, prepared.folds.inner)
    made = final.decide(Table(prepared.table.columns, prepared.table.values[outer]), costs)
    score, decided, flagged = made.score, made.probability, made.flagged
    nobody, everybody = costs.no_model(target)
    scores = {
        **score_metrics(target, score, weights),
        "brier_calibrated": brier(target, decided, weights),
    }
    frame = {"row": prepared.dataset.ids[outer], "target": target, "score": score}
    weighed = {} if weights is None else {WEIGHT: weights}
    return OuterEvaluation(
        rows=len(outer),
        size=size_of(len(outer), weights),
        total_cost=costs.total(target, flagged),
        flag_nobody=nobody,
        flag_everybody=everybody,
        confusion=confusion_at(target, flagged, weights),
        scores=scores,
        beta=result.beta,
        frame={**frame, **_calibrated(score, decided), "flagged": flagged, **weighed},
    )


def pooled(judged: Sequence[OuterEvaluation]) -> OuterEvaluation:
    """Return the figures of several outer parts together: they judge how the winner was chosen.

    Costs and counts are summed. Scores of different models cannot be ranked together, so each
    score metric is the mean over parts, each part weighing as much as its rows. The table says
    which part a row was in.

    Raises
    ------
    ValueError
        If there are no parts.
    """
    if not judged:
        raise ValueError("there are no outer parts to pool")
    sizes = [part.rows for part in judged]
    return OuterEvaluation(
        rows=sum(sizes),
        size=sum(part.size for part in judged),
        total_cost=sum(part.total_cost for part in judged),
        flag_nobody=sum(part.flag_nobody for part in judged),
        flag_everybody=sum(part.flag_everybody for part in judged),
        confusion=Confusion.total(part.confusion for part in judged),
        scores=_means([part.scores for part in judged], [part.size for part in judged]),
        beta=judged[0].beta,
        frame=_joined(judged, sizes),
        notes=tuple(dict.fromkeys(note for part in judged for note in part.notes)),
    )


def _calibrated(score: Scores, decided: Scores) -> dict[str, Scores]:
    """Return the scores that were decided on, if they are others than the model's."""
    return {} if np.array_equal(score, decided) else {"calibrated": decided}


def _means(parts: Sequence[MetricValues], sizes: Sequence[float]) -> dict[str, MetricValue]:
    """Return the mean of each score metric, undefined as soon as one part's is."""
    means: dict[str, MetricValue] = {}
    for name in parts[0]:
        values = [part[name] for part in parts]
        missing = next((value for value in values if isinstance(value, Undefined)), None)
        means[name] = missing if missing is not None else float(np.average(values, weights=sizes))  # type: ignore[arg-type]  # none is Undefined here
    return means


def _joined(judged: Sequence[OuterEvaluation], sizes: Sequence[int]) -> dict[str, npt.NDArray[Any]]:
    """Return the tables end to end, with the number of each row's part."""
    calibrated = any("calibrated" in part.frame for part in judged)
    names = ["row", "target", "score", *(["calibrated"] if calibrated else []), "flagged"]
    names += [WEIGHT] if WEIGHT in judged[0].frame else []
    frame = {
        name: np.concatenate([part.frame.get(name, part.frame["score"]) for part in judged])
        for name in names
    }
    return {"part": np.repeat(np.arange(len(judged)), sizes), **frame}
