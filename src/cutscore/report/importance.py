"""Which features the models used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cutscore.report.items import Figure, Item, TableFile, Tag
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.report.result import Result
from cutscore.report.settings import ReportSettings


def importance_items(result: Result, name: str, settings: ReportSettings) -> Iterator[Item]:
    """Yield the mean and spread over folds of each feature's share of the total importance."""
    per_fold = [dict(fold.importance) for fold in result.folds if fold.importance is not None]
    if not per_fold:
        for artifact in ("feature_importance.csv", "feature_importance.png"):
            yield Tag(f"{UNDEFINED_PREFIX}{artifact}", "this model has no feature importance")
        return
    columns = list(dict.fromkeys(key for shares in per_fold for key in shares))
    values = np.array([[shares.get(column, 0.0) for column in columns] for shares in per_fold])
    totals = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, totals, out=np.zeros_like(values), where=totals > 0)
    mean, spread = shares.mean(axis=0), shares.std(axis=0)
    order = np.lexsort((columns, -mean))
    yield TableFile(
        "feature_importance.csv",
        {
            "feature": np.array(columns)[order],
            "importance": mean[order],
            "importance_std": spread[order],
        },
    )
    from cutscore.report.figures.importance import feature_importance

    figure = feature_importance(
        name,
        dict(zip(columns, mean.tolist(), strict=True)),
        "share of the total importance, mean over folds",
        dict(zip(columns, spread.tolist(), strict=True)),
        settings.top_features,
    )
    yield Figure("feature_importance.png", figure)
