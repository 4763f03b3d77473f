"""Which features the models used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.report.items import Figure, Item, TableFile, Tag
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.report.result import Result
from cutscore.report.settings import ReportSettings

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Importance:
    """Each feature's share of the total importance, over folds, the largest first.

    `mean` and `spread` have shape (features,).
    """

    features: tuple[str, ...]
    mean: Floats
    spread: Floats


def importance_of(result: Result) -> Importance | None:
    """Return the shares of a run's features; None if its models have no importance."""
    per_fold = [dict(fold.importance) for fold in result.folds if fold.importance is not None]
    if not per_fold:
        return None
    columns = list(dict.fromkeys(key for shares in per_fold for key in shares))
    values = np.array([[shares.get(column, 0.0) for column in columns] for shares in per_fold])
    totals = values.sum(axis=1, keepdims=True)
    shares = np.divide(values, totals, out=np.zeros_like(values), where=totals > 0)
    mean, spread = shares.mean(axis=0), shares.std(axis=0)
    order = np.lexsort((columns, -mean))
    return Importance(tuple(columns[i] for i in order), mean[order], spread[order])


def importance_items(
    found: Importance | None, name: str, settings: ReportSettings
) -> Iterator[Item]:
    """Yield the shares as a table and as a picture."""
    if found is None:
        for artifact in ("feature_importance.csv", "feature_importance.png"):
            yield Tag(f"{UNDEFINED_PREFIX}{artifact}", "this model has no feature importance")
        return
    yield TableFile(
        "feature_importance.csv",
        {
            "feature": np.array(found.features),
            "importance": found.mean,
            "importance_std": found.spread,
        },
    )
    from cutscore.report.figures.importance import feature_importance

    figure = feature_importance(
        name,
        dict(zip(found.features, found.mean.tolist(), strict=True)),
        "share of the total importance, mean over folds",
        dict(zip(found.features, found.spread.tolist(), strict=True)),
        settings.top_features,
    )
    yield Figure("feature_importance.png", figure)
