"""Which charts a search has, and why it lacks some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cutscore.records import Undefined
from cutscore.report.figures.search import plot
from cutscore.report.figures.search.history import history
from cutscore.report.figures.search.importances import importances
from cutscore.report.figures.search.parallel import parallel_coordinates
from cutscore.report.figures.search.pareto import pareto_front
from cutscore.report.figures.search.searched import Searched
from cutscore.report.figures.search.slices import slices
from cutscore.report.figures.search.tree_counts import tree_counts
from cutscore.search.arrays import short_names
from cutscore.search.importances import ENOUGH
from cutscore.search.records import StudyRecord

PICTURE_LIMITS: Mapping[str, int] = {
    "importances": 20,
    "slices": 12,
    "parallel_coordinates": 11,
    "pareto": 6,
}
"""How many settings or pairs of objectives a picture holds; a page holds them all."""


def charts(
    study: StudyRecord,
    shown: Searched,
    shares: Mapping[str, float] | Undefined,
    limits: Mapping[str, int] | None = None,
) -> Iterator[tuple[str, plot.Chart | Undefined]]:
    """Yield each chart by its name, or why it does not exist."""
    most = limits or {}
    yield "history", history(shown)
    if study.tree_costs:
        yield "tree_counts", tree_counts(shown, study.tree_costs)
    missing = None if study.complete else Undefined("no trial is complete")
    if len(study.objectives) > 1:
        yield "pareto", missing or pareto_front(shown, most.get("pareto"))
    if isinstance(shares, Undefined):
        yield "importances", shares
    else:
        names = short_names(study.space)
        bars = {names[key]: share for key, share in shares.items()}
        trials = len(study.complete)
        hint = "" if trials >= ENOUGH else f" (a hint: it takes {ENOUGH} to be sure)"
        note = f"Its share in reaching the best tenth of {trials} complete trials{hint}."
        yield "importances", importances(bars, note, most.get("importances"))
    yield "slices", missing or slices(shown, most.get("slices"))
    name = "parallel_coordinates"
    yield name, missing or parallel_coordinates(shown, most.get(name))
