"""A made `periods.json`."""

from typing import Any

FIGURES = {
    "gini_mean": 0.6, "gini_stability": 0.58, "mean_minus_sd": 0.57, "worst_period": 0.5,
    "gini_slope": -0.01, "gini_slope_error": 0.02, "frozen_threshold_cost": 700.0,
    "refitted_threshold_cost": 650.0, "not_recutting_cost": 50.0, "periods": 4.0,
    "periods_insufficient": 1.0,
}  # fmt: skip


def document(names=("2024-01", "2024-02", "2024-03", "2024-04"), **changes: Any) -> dict[str, Any]:
    """The third period, and every fourth after it, has too few rows; a threshold comes from one."""
    periods = [
        {
            "period": name,
            "rows": 900,
            "positives": 90 - 80 * (at % 4 == 2),
            "base_rate": 0.1,
            "roc_auc": None if at % 4 == 2 else 0.8,
            "gini": None if at % 4 == 2 else 0.6 - 0.1 * (at == 1),
            "gini_error": None if at % 4 == 2 else 0.03,
            "flagged_share": 0.2,
            "observed_to_expected": None if at % 4 == 2 else 1.1,
            "cost_per_row": 0.4 + 0.01 * at,
            "score_psi": 0.02 * at,
            "score_psi_noise": 0.018,
            "largest_column_psi": 0.03 * at,
            "largest_column": "income",
            "frozen_cost_per_row": 0.45 if at else None,
            "refitted_cost_per_row": 0.42 if at else None,
            "refitted_threshold": 0.2 if at else None,
            "insufficient": "insufficient data: 10 positives of 900 rows" if at % 4 == 2 else "",
        }
        for at, name in enumerate(names)
    ]
    cut = {"chosen_from": 1, "threshold": 0.2, "difference": 50.0, "low": 5.0, "high": 95.0}
    return {
        "schema_version": 1,
        "stretch": "month",
        "rows_without_period": 0,
        "figures": dict(FIGURES),
        "undefined": {},
        "recutting": {**cut, "undefined": None},
        "periods": periods,
        "columns": {"income": {"psi": [0.0], "noise": [0.01]}},
        **changes,
    }
