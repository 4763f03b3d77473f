"""The metrics of the record by name: what is known of each, and other words for it.

All that shows, ranks, optimises, compares or checks metrics reads this table; its entries are in
`specs.py` and `period_specs.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from cutscore.metrics.metric_spec import Direction, MetricSpec, MetricView, Scope
from cutscore.metrics.specs import DECISION_METRICS, HEADLINE, SCORE_METRICS, SPECS

__all__ = [
    "CATALOGUE",
    "DECISION_METRICS",
    "HEADLINE",
    "SCORE_METRICS",
    "canonical",
    "describe",
    "in_order",
    "known_as",
    "required",
    "searchable",
    "shown",
]

CATALOGUE: Mapping[str, MetricSpec] = {spec.name: spec for spec in SPECS}
"""All metrics by name, in the order in which tables show them."""

_BEST_CELL = "best_"
_OTHER_WORDS = {alias: spec.name for spec in CATALOGUE.values() for alias in spec.aliases}


def canonical(name: str) -> str:
    """Return the name that a metric has in the record; itself where the catalogue has none.

    Aliases are known, and names in other letters: AUC, ROC-AUC.
    """
    if name in CATALOGUE:
        return name
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    return plain if plain in CATALOGUE else _OTHER_WORDS.get(plain, name)


def describe(name: str) -> MetricSpec:
    """Return what is known of a metric, also of one that only another version or tool records."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    best = name.removeprefix(_BEST_CELL)
    if best in CATALOGUE:
        spec = CATALOGUE[best]
        return replace(spec, name=name, label=f"best {spec.label}", heading="", scope="parent")
    scope: Scope = "run"
    if name.startswith(("fold_", "period_")):
        scope = "fold" if name.startswith("fold_") else "period"
    varies = name.startswith("seconds_")
    return MetricSpec(name, name.replace("_", " "), scope=scope, varies=varies, searchable=False)


def shown(view: MetricView) -> tuple[MetricSpec, ...]:
    """Return the metrics of a table, or of several together, in their order."""
    return tuple(spec for spec in CATALOGUE.values() if spec.views & view)


def required(*scopes: Scope) -> tuple[str, ...]:
    """Return the names that a record must have in these scopes."""
    return tuple(s.name for s in CATALOGUE.values() if s.required and s.scope in scopes)


def searchable() -> dict[str, Direction | None]:
    """Return the metrics that a search may optimise, each with the way that is better."""
    return {s.name: s.better for s in CATALOGUE.values() if s.searchable and s.scope == "run"}


def known_as(names: Iterable[str]) -> list[str]:
    """Return names and all other words for them, for a message that names the nearest."""
    found = list(names)
    return found + [alias for alias, name in _OTHER_WORDS.items() if name in found]


def in_order(names: Iterable[str]) -> list[str]:
    """Return names in the order of the catalogue, unknown ones last by the alphabet."""
    place = {name: number for number, name in enumerate(CATALOGUE)}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))
