"""What a search leaves to look at, as items."""

from __future__ import annotations

from collections.abc import Iterator

from cutscore.records import Undefined
from cutscore.report.figures.search.drawing import picture
from cutscore.report.items import Figure, Item, TableFile, Tag, Text
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.search.arrays import (
    front_columns,
    importance_columns,
    searched,
    trial_columns,
)
from cutscore.search.charts import PICTURE_LIMITS, charts
from cutscore.search.html import search_page
from cutscore.search.importances import importances
from cutscore.search.records import StudyRecord


def search_items(
    study: StudyRecord, shares: dict[str, float] | Undefined | None = None
) -> Iterator[Item]:
    """Yield the table of trials, the importances, the pictures and the page of a search.

    What does not exist (no trial is complete, all have the same value) is told by the tag
    `undefined.<name>` with the reason. `shares` are the `importances` where they are known
    already.
    """
    if shares is None:
        shares = importances(study)
    shown = searched(study, () if isinstance(shares, Undefined) else list(shares))
    yield TableFile("trials.csv", trial_columns(study))
    if isinstance(shares, Undefined):
        for name in ("importances", "importances.csv"):
            yield Tag(f"{UNDEFINED_PREFIX}{name}", shares.reason)
    else:
        yield TableFile("importances.csv", importance_columns(shares))
    if len(study.objectives) > 1 and study.complete:
        yield TableFile("pareto.csv", front_columns(study))
    for name, chart in charts(study, shown, shares, PICTURE_LIMITS):
        if isinstance(chart, Undefined):
            yield Tag(f"{UNDEFINED_PREFIX}{name}.png", chart.reason)
            if name == "pareto":
                yield Tag(f"{UNDEFINED_PREFIX}{name}.csv", chart.reason)
        else:
            yield Figure(f"{name}.png", picture(chart, study.name))
    yield Text("search.html", search_page(study, shown, shares))
