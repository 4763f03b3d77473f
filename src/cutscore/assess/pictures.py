"""The pictures of an assessment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cutscore.assess.assessing import Assessment
from cutscore.assess.page import assessment_page
from cutscore.assess.words import objective_words
from cutscore.metrics import thinned_cuts
from cutscore.records import CutTable, Rows, Undefined, weights_of
from cutscore.report.figures import style
from cutscore.report.figures.cost import Band, Mark, cost_curve
from cutscore.report.figures.ratio import RatioCurve, threshold_by_ratio
from cutscore.report.figures.sheet import Sheet
from cutscore.report.figures.thresholds import (
    CostLines,
    Rates,
    cost_lines,
    rates_by_threshold,
    score_distributions,
)
from cutscore.report.items import Artifact, Figure, Text
from cutscore.report.record_spec import REPORT
from cutscore.report.threshold_json import json_text
from cutscore.threshold.sensitivity import cost_curves, expected_cost, sensitivity_of

POINTS = 2_000
BINS = 80


def assessment_items(made: Assessment, document: Mapping[str, Any]) -> Iterator[Artifact]:
    """Yield every picture that exists for these scores, the page and threshold.json."""
    name = _name(made)
    marks = {f"{at.threshold:g}": at.threshold for at in made.at}
    kept = _kept(made)
    yield Text("threshold.json", json_text(document))
    yield Text(REPORT, assessment_page(made, document))
    yield Figure("cost.png", _cost(made, name, kept))
    yield Figure("scores.png", _scores(made, name, marks))
    if isinstance(made.frontier, Undefined):
        return
    yield Figure("rates.png", _rates(made, name, kept, marks))
    found = sensitivity_of(made.frontier, np.geomspace(1.0, 100.0, 400))
    curve = RatioCurve(found.ratio, found.threshold, found.cost)
    yield Figure(
        "cost_ratio.png", threshold_by_ratio(name, curve, made.certainty.asked_ratio, marks)
    )
    yield Figure("cost_lines.png", _lines(made, name))


def _name(made: Assessment) -> str:
    """Return the line below the titles; a warning about in-sample scores comes first."""
    basis = made.chosen.basis
    loud = (
        "IN-SAMPLE SCORES, TOO GOOD TO BE TRUE · " if basis and basis.origin == "in-sample" else ""
    )
    return f"{loud}{Path(made.rows.path).name} · {objective_words(made)}"


def _kept(made: Assessment) -> Rows:
    """Return cuts enough for a picture, the marked ones among them."""
    return thinned_cuts(made.cut_table, POINTS, [at.threshold for at in made.at])


def _cost(made: Assessment, name: str, kept: Rows) -> Sheet:
    interval, evidence, chosen = made.interval, made.reference, made.chosen
    plateau = made.certainty.plateau
    word = "chosen" if chosen.threshold is not None else "each row by its own costs"
    marks = [Mark("chosen", word, chosen.threshold, chosen.total_cost)]
    for i, at in reversed(list(enumerate(made.at))):  # as they are drawn, the last on top
        colour = style.MARKS[i % len(style.MARKS)]
        marks.append(Mark("asked", "", at.threshold, at.total_cost, colour))
    band = Band(
        threshold=(interval.threshold_low, interval.threshold_high),
        cost=(interval.cost_low, interval.cost_high),
        plateau=(plateau.low, plateau.high),
        level=interval.level,
    )
    return cost_curve(
        name,
        made.cut_table.threshold[kept],
        made.cut_table.cost[kept],
        marks,
        (evidence.flag_nobody, evidence.flag_everybody),
        band=band,
    )


def _rates(made: Assessment, name: str, kept: Rows, marks: dict[str, float]) -> Sheet:
    cut_table: CutTable = made.cut_table
    kept = kept[kept > 0]  # with nobody flagged there is no precision
    tp, fp = cut_table.tp[kept], cut_table.fp[kept]
    square = made.rule.beta**2
    rates = Rates(
        threshold=cut_table.threshold[kept],
        precision=tp / (tp + fp),
        recall=tp / cut_table.positives,
        fbeta=(1.0 + square) * tp / (square * cut_table.positives + tp + fp),
        beta=made.rule.beta,
    )
    return rates_by_threshold(name, rates, made.chosen.threshold, marks)


def _scores(made: Assessment, name: str, marks: dict[str, float]) -> Sheet:
    scores, target = made.rows.score, made.rows.target
    inside = made.grid_covers
    limits = (0.0, 1.0) if inside else (float(scores.min()), float(scores.max()))
    edges = np.linspace(*limits, BINS + 1)
    weights = made.rows.weights
    counts = [
        np.histogram(scores[here], edges, weights=weights_of(weights, here))[0]
        for here in (target == 0, target == 1)
    ]
    return score_distributions(name, edges, (counts[0], counts[1]), made.chosen.threshold, marks)


def _lines(made: Assessment, name: str) -> Sheet:
    if isinstance(made.frontier, Undefined):
        raise ValueError("a cost curve needs both classes")
    found = cost_curves(made.frontier)
    pc = found.probability_cost
    lines = {"chosen": np.asarray(expected_cost(made.chosen.confusion, pc))}
    for at in made.at:
        lines[f"{at.threshold:g}"] = np.asarray(expected_cost(at.confusion, pc))
    asked = None
    if made.certainty.asked_ratio is not None:
        weight = made.certainty.asked_ratio * made.cut_table.positives
        asked = weight / (weight + made.cut_table.negatives)
    return cost_lines(name, CostLines(pc, found.best, found.trivial, lines), asked)
