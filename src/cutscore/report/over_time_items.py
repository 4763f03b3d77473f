"""The figures of periods as items of the record."""

from __future__ import annotations

from collections.abc import Iterator

from cutscore.metrics.period_specs import BY_PERIOD, OVER_TIME
from cutscore.records import MetricValue, Undefined
from cutscore.report.items import Figure, Item, TableFile, Tag, Text
from cutscore.report.over_time import OverTime, document_text
from cutscore.report.record_spec import PERIOD_ARTIFACTS, PERIOD_TAG, UNDEFINED_PREFIX


def over_time_figures(
    found: OverTime | Undefined | None, *, by_period: bool = True
) -> Iterator[tuple[str, MetricValue, int]]:
    """Yield the metrics of all periods together, then those of each, the step being its place."""
    if found is None:
        return
    if isinstance(found, Undefined):
        for spec in OVER_TIME:
            yield spec.name, found, 0
        return
    for name, value in found.figures.items():
        yield name, value, 0
    for step, told in enumerate(found.periods() if by_period else ()):
        for spec in BY_PERIOD:
            figure = told[spec.name.removeprefix("period_")]
            if figure is not None:
                yield spec.name, float(figure), step


def over_time_items(found: OverTime | Undefined, name: str) -> Iterator[Item]:
    """Yield tables, document and picture; `name` is the run's."""
    yield Tag(PERIOD_TAG, (not isinstance(found, Undefined) and found.stretch) or "value")
    if isinstance(found, Undefined):
        for artifact in PERIOD_ARTIFACTS:
            yield Tag(f"{UNDEFINED_PREFIX}{artifact}", found.reason)
        return
    from cutscore.report.figures.periods import periods_picture

    yield Text("periods.json", document_text(found))
    yield TableFile("periods.csv", found.table())
    yield Figure("periods.png", periods_picture(found.document(), name))
