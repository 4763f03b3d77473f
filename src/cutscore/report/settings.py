"""What a run's report looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval


@dataclass(frozen=True)
class ReportSettings:
    """Sizes of the report; nothing here changes a run's figures."""

    curve_points: Annotated[int, Interval(ge=50, le=20_000)] = 2_000
    calibration_bins: Annotated[int, Interval(ge=2, le=100)] = 20
    top_features: Annotated[int, Interval(ge=1, le=100)] = 20
