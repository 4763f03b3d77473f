"""The page of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutscore.metrics.aggregate import mean, spread
from cutscore.metrics.catalogue import SCORE_METRICS, describe
from cutscore.records import Undefined
from cutscore.report.calibrated import Calibrated
from cutscore.report.importance import Importance
from cutscore.report.over_time import OverTime
from cutscore.report.page.cutoff import CutoffFacts, calibration_bins, cutoff_page
from cutscore.report.result import Result

_CALIBRATIONS = {
    "NoCalibration": "scores as the model gives them",
    "Isotonic": "isotonic calibration",
    "Sigmoid": "sigmoid calibration",
    "PriorCorrection": "corrected for the training prior",
}
SHOWN = 12
"""Features on the page."""


def run_page(
    result: Result,
    name: str,
    document: Mapping[str, Any],
    importance: Importance | None,
    calibrated: Calibrated | Undefined,
) -> str:
    """Return the page of a run called `name`; `document` is its threshold.json."""
    folds, repeats = len(result.folds), result.decided.repeats
    shares = () if importance is None else zip(importance.features, importance.mean, strict=True)
    return cutoff_page(
        CutoffFacts(
            title=name,
            about=[
                f"{document['rows']:,} rows, {document['positives']:,} positive",
                f"out-of-fold scores of {folds} fold{'s' * (folds > 1)}"
                + (f" in {repeats} repeats" if repeats > 1 else ""),
                _CALIBRATIONS.get(result.calibration, f"calibration: {result.calibration}"),
            ],
            document=document,
            cuts=result.cut_table,
            costs=result.costs,
            repeats=repeats,
            beta=result.beta,
            vertices=result.vertices.tolist(),
            calibration=calibration_bins(calibrated),
            importance=[(feature, float(share)) for feature, share in shares][:SHOWN],
            facts=list(_scores(result)),
            cautions=result.notes,
            periods=result.over_time.document() if isinstance(result.over_time, OverTime) else None,
        )
    )


def _scores(result: Result) -> Iterator[tuple[str, str]]:
    """Yield score metrics over folds with their spread, as texts."""
    for name in SCORE_METRICS:
        each = [fold.validation[name] for fold in result.folds]
        middle, apart = mean(each), spread(each)
        if not isinstance(middle, Undefined):
            around = "" if isinstance(apart, Undefined) else f" ± {apart:.4f} over folds"
            yield describe(name).label, f"{middle:.4f}{around}"
