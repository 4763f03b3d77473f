"""Which number of trees a search reads off each boosting instead of sampling it, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutscore.config.build import Plan
from cutscore.config.search_settings import SearchSettings
from cutscore.experiment import spread_counts
from cutscore.metrics.catalogue import HEADLINE
from cutscore.model.boosting import BoostedTrees
from cutscore.search.entry import SpaceEntry
from cutscore.search.space import Space

COUNTED: Mapping[str, str] = {
    name: f"{name}_counts" for name in (HEADLINE, f"{HEADLINE}_per_row", "crossfit_savings")
}
"""Metrics that the cheapest number of trees is the best for, and what is told in place of each by a
trial whose number was read off: see `TreeCounts.cross_fitted`."""

TREE_COUNTS = "tree_counts.csv"
"""The table of a trial's run: trees, and what all folds cost with so many."""

_DECIDES_PREFIXES = ("boosting", "booster")


@dataclass(frozen=True)
class CountedTrees:
    """The entry of the space that is read off, and the numbers of trees that are looked at."""

    entry: SpaceEntry
    counts: tuple[int, ...]


def counted_trees(plan: Plan, space: Space) -> CountedTrees | str | None:
    """Return what is read off; why nothing is; None if the space has no number of trees."""
    settings, model = plan.search_settings, plan.experiment.model
    names = _canonical(model)
    main = names.get("n_estimators", "n_estimators")
    entry = next((e for e in space.entries if _main(e, names) == main), None)
    if entry is None or settings.tree_counts is None:
        return None
    if why := _why_not(settings, space, model, entry):
        return f"search.tree_counts is not used, so {entry.key} is sampled: {why}"
    low, high = int(entry.low), int(entry.high)
    wanted = spread_counts(low, high, settings.tree_counts)
    step = int(entry.step or 1)
    counts = sorted({low + round((count - low) / step) * step for count in wanted})
    return CountedTrees(entry, tuple(counts))


def read_off_key(counted: CountedTrees | str | None) -> str | None:
    """Return the key of the space that trials have and none draws, None if there is none."""
    return counted.entry.key if isinstance(counted, CountedTrees) else None


def told_metric(metric: str, metrics: Mapping[str, float]) -> str:
    """Return the metric of a trial's run that the study is told for what is searched for."""
    told = COUNTED.get(metric, metric)
    return told if told in metrics else metric


def _why_not(
    settings: SearchSettings, space: Space, model: object, entry: SpaceEntry
) -> str | None:
    if not isinstance(model, BoostedTrees):
        return "the model is no boosting, whose first trees are a model"
    if settings.several or settings.metrics[0] not in COUNTED:
        return f"numbers of trees are compared by cost, for search.metric={'|'.join(COUNTED)}"
    if settings.sampler == "grid":
        return "a grid has a trial for each number"
    if entry.kind != "int":
        return f"{entry.text} is no range of whole numbers"
    names = _canonical(model)
    for other in space.entries:
        stopping = other.key in ("model", "model.early_stopping_rounds")
        if stopping or _main(other, names) in _DECIDES_PREFIXES:
            return f"the space varies {other.key}"
    return model.no_prefix


def _canonical(model: object) -> Mapping[str, str]:
    return model.vocabulary.canonical if isinstance(model, BoostedTrees) else {}


def _main(entry: SpaceEntry, names: Mapping[str, str]) -> str | None:
    """Return the main name of the model's parameter that an entry is, None if it is none."""
    group, _, name = entry.key.partition("model.params.")
    return names.get(name, name) if not group and name else None
