"""The metrics of runs on data that have a time: of each period, and of all periods together."""

from __future__ import annotations

from cutscore.metrics.metric_spec import MetricSpec, MetricView

_SHOWN, _NAMED = MetricView.SINGLE, MetricView.SINGLE | MetricView.NAMED

OVER_TIME = (
    MetricSpec("gini_mean", "Gini, mean of the periods", "maximize", ".4f", views=_SHOWN,
               stand_in="roc_auc"),
    MetricSpec("gini_stability", "Gini, less its fall and spread over periods", "maximize", ".4f",
               "stability", views=_NAMED, stand_in="roc_auc"),
    MetricSpec("mean_minus_sd", "Gini, mean less the deviation of lower periods", "maximize",
               ".4f", views=_NAMED, stand_in="roc_auc"),
    MetricSpec("worst_period", "Gini of the worst period", "maximize", ".4f", "worst period",
               views=_NAMED, stand_in="roc_auc"),
    MetricSpec("gini_slope", "Gini, change a period", None, ".5f", views=_SHOWN,
               spread="gini_slope_error", searchable=False),
    MetricSpec("gini_slope_error", "the same, standard error", None, ".5f", searchable=False),
    MetricSpec("frozen_threshold_cost", "cost of later periods, frozen threshold", "minimize",
               ",.0f", "frozen cost", views=_NAMED),
    MetricSpec("refitted_threshold_cost", "the same, threshold chosen anew", "minimize", ",.0f"),
    MetricSpec("not_recutting_cost", "cost of not choosing the threshold anew", None, ",.0f",
               views=_SHOWN, searchable=False),
    MetricSpec("periods", "periods", None, ",.0f", searchable=False),
    MetricSpec("periods_insufficient", "periods with too few rows for a Gini", None, ",.0f",
               searchable=False),
)  # fmt: skip
"""Of all periods together, from out-of-fold scores; those without a time have none of them."""

OBJECTIVES = frozenset(spec.name for spec in OVER_TIME if spec.searchable)
"""Those that a search may ask for; data without a time have none."""

BY_PERIOD = (
    MetricSpec("period_rows", "rows by period", None, ",.0f"),
    MetricSpec("period_gini", "Gini by period", None, ".4f", spread="period_gini_error"),
    MetricSpec("period_gini_error", "the same, standard error", None, ".4f"),
    MetricSpec("period_base_rate", "share of positives by period", None, ".1%"),
    MetricSpec("period_flagged_share", "share flagged by period", None, ".1%"),
    MetricSpec("period_observed_to_expected", "observed to expected positives by period", None,
               ".3f"),
    MetricSpec("period_cost_per_row", "cost per row by period", None, ",.4f"),
    MetricSpec("period_score_psi", "PSI of the score by period", None, ".4f"),
    MetricSpec("period_largest_column_psi", "largest PSI of a column by period", None, ".4f"),
    MetricSpec("period_frozen_cost_per_row", "cost per row by period, frozen threshold", None,
               ",.4f"),
    MetricSpec("period_refitted_cost_per_row", "the same, threshold chosen anew", None, ",.4f"),
)  # fmt: skip
"""Of each period, the step being its place."""
