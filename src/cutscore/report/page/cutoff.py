"""The page of a cut-off: the decision in words, then every threshold live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutscore.cost.matrix import CostMatrix
from cutscore.metrics import decision_metrics
from cutscore.records import Confusion, CutTable, Undefined
from cutscore.report.calibrated import Calibrated
from cutscore.report.figures.calibration import Reliability
from cutscore.report.figures.style import number, shorten
from cutscore.report.page.evidence import cut_evidence
from cutscore.report.page.over_time import period_charts, period_words
from cutscore.report.page.shell import ROOM, page

SCRIPTS = ("figures.js", "charts.js", "cutoff.js")
_LONGEST = 300
"""Characters of a name or caution."""

_OUTLINE = 160
"""Points of the curve that is there without JavaScript."""

_THINNED = (
    "So many rows have more thresholds than are looked at: all that are shown are exact, and the "
    "best for other costs is the best of those."
)
_TOLD = ("threshold", "plateau", "bootstrap", "asked_ratio")


@dataclass(frozen=True, eq=False)
class CutoffFacts:
    """What a page tells of a cut-off.

    Attributes
    ----------
    title : what it is called
    about : short texts below the title
    document : the `threshold.json` of it
    cuts, costs, repeats : all cuts of the scores, aligned costs, passes over the rows
    beta : that of the reported F-beta
    vertices : thresholds that are optimal for some costs of mistakes
    asked : other thresholds with their names
    calibration : reliability by name: `score`, `share` and `count` of each bin
    importance : columns with their shares, the largest first
    facts : further figures of the record as texts
    cautions : what a reader must know
    periods : the `periods.json` of it, where there is one
    """

    title: str
    about: Sequence[str]
    document: Mapping[str, Any]
    cuts: CutTable
    costs: CostMatrix
    repeats: int
    beta: float
    vertices: Sequence[float] = ()
    asked: Sequence[tuple[str, float]] = ()
    calibration: Mapping[str, Mapping[str, Sequence[float]]] | None = None
    importance: Sequence[tuple[str, float]] = ()
    facts: Sequence[tuple[str, str]] = ()
    cautions: Sequence[str] = ()
    periods: Mapping[str, Any] | None = None


def cutoff_page(
    told: CutoffFacts, template: str = "cutoff.html.jinja", room: str = ROOM, **context: Any
) -> str:
    """Return the page as text; a `template` of another `room` may extend it, with more context."""
    document, cuts = told.document, told.cuts
    marks = list(_marks(told))
    known = [*(mark for _, mark in marks), *told.vertices]
    bayes = document["bayes"]["threshold"]
    evidence = cut_evidence(
        cuts, told.costs, known if bayes is None else [*known, bayes], told.repeats
    )
    data = {
        "cuts": evidence,
        "beta": told.beta,
        "bayes_valid": document["bayes"]["valid"],
        "marks": [{"name": name, "threshold": mark} for name, mark in marks],
        "decided": _decided(document),
        "calibration": [{"name": name, **bins} for name, bins in (told.calibration or {}).items()],
        "importance": [
            {"name": shorten(name, _LONGEST), "value": share, "text": f"{share:.1%}"}
            for name, share in told.importance
        ],
    }
    scripts: Sequence[str] = SCRIPTS
    if told.periods is not None:
        data["periods"], scripts = period_charts(told.periods), ("periods.js", *SCRIPTS)
    return page(
        template,
        shorten(told.title, _LONGEST),
        data,
        scripts,
        periods=None if told.periods is None else period_words(told.periods),
        about=[shorten(text, _LONGEST) for text in told.about],
        verdict=list(_verdict(document)),
        sureness=[*_sureness(document), *([_THINNED] if cuts.thinned else [])],
        cautions=[shorten(text, 2 * _LONGEST) for text in told.cautions],
        figures=_figures(document, told.beta),
        within=_within(document["bootstrap"]),
        beta=f"{told.beta:g}",
        costs=evidence["costs"],
        both_classes=bool(cuts.positives and cuts.negatives),
        outline=_outline(cuts),
        facts=[(name, shorten(text, _LONGEST)) for name, text in (*_facts(document), *told.facts)],
        room=room,
        **context,
    )


def reliability_bins(shown: Reliability) -> dict[str, list[float]]:
    """Return what a chart of calibration needs, to as many digits as it can show."""
    score, share = ([float(f"{v:.4g}") for v in each] for each in (shown.score, shown.share))
    return {"score": score, "share": share, "count": shown.count.tolist()}


def calibration_bins(found: Calibrated | Undefined) -> dict[str, dict[str, list[float]]]:
    """Return the bins of a run's scores, and of calibrated ones if there are any, by name."""
    if isinstance(found, Undefined):
        return {}
    shown = {"as the model gives them": found.before, "calibrated, cross-fitted": found.after}
    return {name: reliability_bins(each) for name, each in shown.items() if each is not None}


def _marks(told: CutoffFacts) -> Iterator[tuple[str, float]]:
    document = told.document
    for name, place in (("Chosen", document), ("Grid", document["grid"])):
        if place["threshold"] is not None:
            yield name, place["threshold"]
    for name, threshold in told.asked:
        yield shorten(name, 40), threshold


def _decided(document: Mapping[str, Any]) -> dict[str, Any]:
    crossfit = document["crossfit"]
    kept = {name: crossfit[name] for name in ("total_cost", "rows_left_out")}
    return {**{name: document[name] for name in _TOLD}, "crossfit": kept}


def _verdict(document: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield the decision in words, and which of them stand out."""
    threshold, crossfit = document["threshold"], document["crossfit"]
    if threshold is None:
        yield "Decide each row by its own costs: flag it when that costs less. ", False
    else:
        yield "Flag a row when its score is at least ", False
        yield f"{threshold:.6g}", True
        yield ". ", False
    known = crossfit["total_cost"] is not None
    cost, savings = (
        (crossfit if known else document)["total_cost"],
        (crossfit if known else document)["savings"],
    )
    yield "That costs ", False
    yield number(cost), True
    decided = f"the {crossfit['rows']:,.0f} rows" if crossfit["rows_left_out"] else "rows"
    where = (
        f"cross-fitted, on {decided} that did not choose it" if known else "on rows that chose it"
    )
    yield f" ({where})", False
    if savings is not None:
        yield ", ", False
        yield f"{abs(savings):.1%} {'less' if savings >= 0 else 'more'}", True
        no_model = document["no_model"]
        everybody = no_model["flag_everybody"] < no_model["flag_nobody"]
        yield f" than flagging {'everybody' if everybody else 'nobody'}", False
    yield ". ", False
    c = Confusion(**document["confusion"])
    flagged, rows = c.tp + c.fp, c.tp + c.fp + c.tn + c.fn
    yield f"It flags {flagged / rows:.1%} of rows", False
    if c.tp + c.fn:
        yield f" and catches {c.tp / (c.tp + c.fn):.1%} of positives", False
    if flagged:
        yield f"; {c.tp / flagged:.1%} of those flagged are positive", False
    yield ".", False


def _sureness(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield how sure it is, in words."""
    spread, plateau = document["bootstrap"], document["plateau"]
    if spread:
        level = f"{spread['level']:.0%}"
        if spread["threshold_low"] is not None:
            yield (
                f"Of {spread['resamples']:,} resamples of these scores, {level} put the best "
                f"threshold between {number(spread['threshold_low'])} and "
                f"{number(spread['threshold_high'])}, and the cost of the chosen one between "
                f"{number(spread['cost_low'])} and {number(spread['cost_high'])}."
            )
        else:
            yield (
                f"In {level} of {spread['resamples']:,} resamples of these scores the cost lies "
                f"between {number(spread['cost_low'])} and {number(spread['cost_high'])}."
            )
    if document["threshold"] is None:
        yield "Below stands what one threshold for all rows would cost instead."
    further = plateau["pieces"] - 1
    pieces = f", or in {further} further interval{'s' * (further > 1)}," * (further > 0)
    low, high, excess = (number(plateau[name]) for name in ("low", "high", "excess"))
    yield (
        f"Any threshold from {low} to {high}{pieces} costs hardly more than the best (at most "
        f"{excess})."
    )


def _within(spread: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the intervals of the chosen threshold and its cost, as short as a tile is."""
    if not spread:
        return {"threshold": "", "cost": ""}
    level = f"{spread['level']:.0%} of resamples: "
    cost = f"chosen, {level}{number(spread['cost_low'])} to {number(spread['cost_high'])}"
    if spread["threshold_low"] is None:
        return {"threshold": "", "cost": cost}
    low, high = (number(spread[f"threshold_{end}"]) for end in ("low", "high"))
    return {"threshold": f"chosen, {level}{low} to {high}", "cost": cost}


def _figures(document: Mapping[str, Any], beta: float) -> dict[str, dict[str, Any]]:
    """Return the live figures as the record has them: values, and texts for people."""
    confusion = Confusion(**document["confusion"])
    rates = decision_metrics(confusion, beta)
    rows = confusion.tp + confusion.fp + confusion.tn + confusion.fn
    flagged = (confusion.tp + confusion.fp) / rows
    regret = document["total_cost"] - document["exact"]["total_cost"]
    texts = {
        "threshold": (document["threshold"], "{:.6g}".format),
        "total_cost": (document["total_cost"], number),
        "cost_per_row": (document["cost_per_row"], number),
        "savings": (document["savings"], "{:.2%}".format),
        "regret": (regret, number),
        "flagged": (flagged, "{:.2%}".format),
        **{name: (rates[name], "{:.2%}".format) for name in ("precision", "recall", "fbeta")},
        **{name: (rates[name], number) for name in ("tp", "fp", "tn", "fn")},
    }
    return {
        name: {"value": value, "text": form(value)}
        if isinstance(value, int | float)
        else {"value": "", "text": "–"}
        for name, (value, form) in texts.items()
    }


def _outline(cuts: CutTable) -> str:
    """Return the cost curve as points of an SVG line, for a page without JavaScript."""
    kept = np.unique(np.linspace(0, len(cuts.cost) - 1, _OUTLINE).astype(int))
    cost, threshold = cuts.cost[kept], cuts.threshold[kept]
    across = (threshold - threshold.min()) / (np.ptp(threshold) or 1.0)
    up = (cost - cost.min()) / (np.ptp(cost) or 1.0)
    return " ".join(f"{560 * x:.0f},{195 - 190 * y:.0f}" for x, y in zip(across, up, strict=True))


def _facts(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield figures that stay, whatever the slider says."""
    crossfit, no_model, costs = document["crossfit"], document["no_model"], document["costs"]
    yield "rule", document["rule"]
    yield "rows, positive", f"{document['rows']:,}, {document['positives']:,}"
    if document["weights"] is not None:
        yield "weights", f"sum {number(document['weights']['sum'])}; all other figures go by them"
    if costs is not None and not costs["per_row"]:
        told = ((name.replace("_", " "), costs[name]) for name in costs if name != "per_row")
        yield "costs", ", ".join(f"{name} {value:g}" for name, value in told if value) or "none"
    yield (
        "cost of flagging nobody, everybody",
        (f"{number(no_model['flag_nobody'])}, {number(no_model['flag_everybody'])}"),
    )
    if crossfit["total_cost"] is not None:
        yield "cross-fitted cost", f"{crossfit['total_cost']:,.10g}"
    if crossfit["threshold_std"] is not None:
        yield "threshold, spread over folds", f"{crossfit['threshold_std']:.4g}"
    yield "cost of the exact optimum", f"{document['exact']['total_cost']:,.10g}"
    if document["grid"]["total_cost"] is not None:
        yield (
            f"on a grid of {document['grid']['step']:g}",
            f"{document['grid']['total_cost']:,.10g}",
        )
    if document["bayes"]["total_cost"] is not None:
        yield "at the Bayes threshold", f"{document['bayes']['total_cost']:,.10g}"
