"""What a search leaves to look at, as items."""

from __future__ import annotations

from collections.abc import Iterator

from cutscore.records import Undefined
from cutscore.report.figures.search.searched import Searched
from cutscore.report.items import Figure, Item, TableFile, Tag, Text
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.search.arrays import (
    front_columns,
    importance_columns,
    searched,
    short_names,
    trial_columns,
)
from cutscore.search.importances import ENOUGH, importances
from cutscore.search.records import StudyRecord

IMPORTANCES = ("importances", "importances.csv", "importances.png")
BY_VALUE = ("slices.png", "parallel_coordinates.png")


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
    yield from _importance_items(study, shares)
    yield from _pictures(study, shown)
    if len(study.objectives) > 1:
        yield from _front_items(study, shown)
    from cutscore.search.html import search_page

    yield Text("search.html", search_page(study, shown, shares))


def importance_words(study: StudyRecord) -> str:
    """Return what the importances are, with how many trials they come from."""
    complete = len(study.complete)
    hint = "" if complete >= ENOUGH else f", a hint: it takes {ENOUGH} to be sure"
    return f"share (PED-ANOVA, {complete} complete trials{hint})"


def _importance_items(study: StudyRecord, shares: dict[str, float] | Undefined) -> Iterator[Item]:
    """Yield the importances as table and picture."""
    if isinstance(shares, Undefined):
        for name in IMPORTANCES:
            yield Tag(f"{UNDEFINED_PREFIX}{name}", shares.reason)
        return
    from cutscore.report.figures.search import importances as drawing

    yield TableFile("importances.csv", importance_columns(shares))
    names = short_names(study.space)
    bars = {names[key]: share for key, share in shares.items()}
    words = importance_words(study)
    figure = drawing.importances(study.name, bars, words)
    yield Figure("importances.png", figure)


def _pictures(study: StudyRecord, shown: Searched) -> Iterator[Item]:
    """Yield the pictures that every search has."""
    from cutscore.report.figures.search.history import history
    from cutscore.report.figures.search.parallel import parallel_coordinates
    from cutscore.report.figures.search.slices import slices

    yield Figure("history.png", history(study.name, shown))
    if not study.complete:
        for name in BY_VALUE:
            yield Tag(f"{UNDEFINED_PREFIX}{name}", "no trial is complete")
        return
    yield Figure("slices.png", slices(study.name, shown))
    yield Figure("parallel_coordinates.png", parallel_coordinates(study.name, shown))


def _front_items(study: StudyRecord, shown: Searched) -> Iterator[Item]:
    """Yield the Pareto front as table and picture."""
    if not study.complete:
        for name in ("pareto.csv", "pareto.png"):
            yield Tag(f"{UNDEFINED_PREFIX}{name}", "no trial is complete")
        return
    from cutscore.report.figures.search.pareto import pareto_front

    yield TableFile("pareto.csv", front_columns(study))
    yield Figure("pareto.png", pareto_front(study.name, shown))
