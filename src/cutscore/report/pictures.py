"""The pictures of a run and the curve they are drawn from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutscore import metrics
from cutscore.records import (
    Confusion,
    CutTable,
    OutOfFold,
    Rows,
    ThresholdChoice,
    Undefined,
    weights_of,
)
from cutscore.report.calibrated import Calibrated
from cutscore.report.items import Figure, Item, TableFile, Tag
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.report.result import Result
from cutscore.report.settings import ReportSettings

FOLD_POINTS = 200


def picture_items(
    result: Result, name: str, settings: ReportSettings, calibrated: Calibrated | Undefined
) -> Iterator[Item]:
    """Yield the threshold curve as a table, and every picture except the feature importance."""
    ranked = _ranked(result)
    cuts = result.cut_table
    kept = metrics.thinned_cuts(cuts, settings.curve_points)
    yield _curve_table(cuts, kept, result.decided.repeats)
    yield _confusion(result, name)
    if ranked.positives and ranked.negatives:
        yield from _rank_pictures(result, name, ranked, settings.curve_points)
    else:
        for artifact in ("roc_curve.png", "pr_curve.png"):
            yield Tag(f"{UNDEFINED_PREFIX}{artifact}", "all scored rows have one class")
    yield _cost(result, name, kept)
    if isinstance(calibrated, Undefined):
        yield Tag(f"{UNDEFINED_PREFIX}calibration.png", calibrated.reason)
    else:
        yield _calibration(name, calibrated)


def _ranked(result: Result) -> metrics.Ranking:
    """Return the ranking of the decided scores, without sorting where all cuts are there."""
    cuts, decided = result.cut_table, result.decided
    if cuts.thinned:
        return metrics.ranking(decided.target, decided.score, decided.weights)
    return metrics.Ranking(score=cuts.threshold[1:], tp=cuts.tp[1:], fp=cuts.fp[1:])


def _curve_table(cuts: CutTable, kept: Rows, repeats: int) -> TableFile:
    """Return outcomes and cost at some thresholds, averaged over repeats."""
    tp, fp = cuts.tp[kept] / repeats, cuts.fp[kept] / repeats
    frame = {
        "threshold": cuts.threshold[kept],
        "total_cost": cuts.cost[kept] / repeats,
        "tp": tp,
        "fp": fp,
        "tn": cuts.negatives / repeats - fp,
        "fn": cuts.positives / repeats - tp,
    }
    return TableFile("threshold_curve.parquet", frame)


def _confusion(result: Result, name: str) -> Figure:
    from cutscore.report.figures.confusion import confusion_matrix

    chosen = result.reference.chosen
    figure = confusion_matrix(name, chosen.confusion, _cost_shares(result), chosen.threshold)
    return Figure("confusion_matrix.png", figure)


def _cost_shares(result: Result) -> Confusion:
    """Return what each outcome costs in total under the chosen rule, averaged over repeats."""
    decided, costs, repeats = result.decided, result.costs, result.decided.repeats
    flagged = result.reference.chosen.rule.flag(decided.score, costs)
    positive = decided.target == 1
    if_flagged, if_not = costs.flagged(decided.target), costs.unflagged(decided.target)
    return Confusion(
        tp=float(if_flagged[flagged & positive].sum()) / repeats,
        fp=float(if_flagged[flagged & ~positive].sum()) / repeats,
        tn=float(if_not[~flagged & ~positive].sum()) / repeats,
        fn=float(if_not[~flagged & positive].sum()) / repeats,
    )


def _rank_pictures(
    result: Result, name: str, ranked: metrics.Ranking, points: int
) -> Iterator[Item]:
    """Yield the ROC and the precision-recall curve, pooled and by fold."""
    from cutscore.report.figures.curves import FoldCurves, pr_curve, roc_curve

    folds = [fold for fold in _by_fold(result.decided) if fold.positives and fold.negatives]
    counts = result.reference.chosen.confusion
    recall = counts.tp / (counts.tp + counts.fn)
    flagged = counts.tp + counts.fp
    shown = FoldCurves(
        _xy(metrics.roc_curve(ranked, points)),
        [_xy(metrics.roc_curve(fold, FOLD_POINTS)) for fold in folds],
        float(metrics.roc_auc(ranked)),  # type: ignore[arg-type]  # both classes are there
        _spread(result, "roc_auc"),
        (counts.fp / (counts.fp + counts.tn), recall),
    )
    yield Figure("roc_curve.png", roc_curve(name, shown))
    shown = FoldCurves(
        _xy(metrics.pr_curve(ranked, points)),
        [_xy(metrics.pr_curve(fold, FOLD_POINTS)) for fold in folds],
        float(metrics.pr_auc(ranked)),  # type: ignore[arg-type]  # both classes are there
        _spread(result, "pr_auc"),
        (recall, counts.tp / flagged) if flagged else None,
    )
    base_rate = ranked.positives / (ranked.positives + ranked.negatives)
    yield Figure("pr_curve.png", pr_curve(name, shown, base_rate))


def _by_fold(oof: OutOfFold) -> Iterator[metrics.Ranking]:
    for repeat in np.unique(oof.repeat):
        for fold in np.unique(oof.fold[oof.repeat == repeat]):
            here = (oof.repeat == repeat) & (oof.fold == fold)
            weights = weights_of(oof.weights, here)
            yield metrics.ranking(oof.target[here], oof.score[here], weights)


def _xy(curve: metrics.Curve) -> tuple[metrics.Floats, metrics.Floats]:
    return curve.x, curve.y


def _spread(result: Result, metric: str) -> tuple[float, float] | None:
    """Return mean and standard deviation over folds, where every fold has the figure."""
    values = [fold.validation[metric] for fold in result.folds]
    known = [value for value in values if not isinstance(value, Undefined)]
    if len(known) < max(len(values), 2):
        return None
    return float(np.mean(known)), float(np.std(known))


def _cost(result: Result, name: str, kept: Rows) -> Figure:
    from cutscore.report.figures.cost import Mark, MarkKind, cost_curve

    reference, cuts, repeats = result.reference, result.cut_table, result.decided.repeats
    chosen, bayes = reference.chosen, reference.bayes
    choices: list[tuple[MarkKind, str, ThresholdChoice]] = [
        ("chosen", "chosen", chosen),
        ("grid", "grid", reference.grid),
    ]
    if not isinstance(bayes, Undefined):
        note = "Bayes" if reference.bayes_valid else "Bayes (not valid here)"
        choices.append(("bayes", note, bayes))
    marks = [
        Mark(kind, note, choice.threshold, choice.total_cost)
        for kind, note, choice in choices
        if choice.threshold is not None
    ]
    if chosen.threshold is None:
        marks.insert(0, Mark("chosen", "each row by its own costs", None, chosen.total_cost))
    crossfit = result.crossfit
    comparable = not isinstance(crossfit.total_cost, Undefined) and not crossfit.left_out
    figure = cost_curve(
        name,
        cuts.threshold[kept],
        cuts.cost[kept] / repeats,
        marks,
        (reference.flag_nobody, reference.flag_everybody),
        float(crossfit.total_cost) if comparable else None,  # type: ignore[arg-type]
    )
    return Figure("cost_curve.png", figure)


def _calibration(name: str, shown: Calibrated) -> Figure:
    from cutscore.report.figures.calibration import calibration

    return Figure(
        "calibration.png",
        calibration(name, shown.before, shown.brier, shown.after, shown.errors),
    )
