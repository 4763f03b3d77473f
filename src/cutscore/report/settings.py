"""What a run's report looks like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Interval

from cutscore.metrics.stability import StabilitySettings
from cutscore.records import Stretch

Against = Literal["unflagged", "negatives", "all"]
"""Training rows that a row's reasons compare it with: those not flagged, those of class 0, all."""


@dataclass(frozen=True)
class ReportSettings:
    """Sizes of the report; `bootstrap` is the number of resamples, 0 for none.

    `delivery` asks for what is handed over: the model fitted on all rows and kept, out-of-fold
    predictions, those of unlabelled rows, and a model card, on which `purpose` says what for.

    Reasons for scores are told in points, `points_to_double` of which double the odds, against a
    group of training rows.

    Where the data have a time, figures are told by `period`, too: None for that of the validation,
    and for months where it has none. `stability` says how periods are judged together.

    Nothing here changes a run's scores, threshold or costs.
    """

    curve_points: Annotated[int, Interval(ge=50, le=20_000)] = 2_000
    calibration_bins: Annotated[int, Interval(ge=2, le=100)] = 20
    bootstrap: Annotated[int, Interval(ge=0, le=100_000)] = 1_000
    top_features: Annotated[int, Interval(ge=1, le=100)] = 20
    delivery: bool = False
    purpose: str | None = None
    points_to_double: Annotated[float, Interval(gt=0, le=1_000)] = 20.0
    reasons_against: Against = "unflagged"
    period: Stretch | None = None
    stability: StabilitySettings = field(default_factory=StabilitySettings)
