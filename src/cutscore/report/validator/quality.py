"""How well a run's scores rank, keep their promises and hold over its parts, in tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from cutscore.metrics import kolmogorov_smirnov, ranking
from cutscore.metrics.catalogue import SCORE_METRICS, describe
from cutscore.records import MetricValue, Undefined
from cutscore.report.record_words import figure_text, metric_text, number_text
from cutscore.report.validator.bands import (
    Gain,
    Grade,
    beyond_chance,
    gains,
    grades,
    reversals,
)
from cutscore.report.validator.blocks import Items, Section, Words, picture, section, table
from cutscore.report.validator.facts import ValidationFacts
from cutscore.report.validator.rows import JudgedRows
from cutscore.report.validator.stability import PartFigures, area_of, by_part

WIDE = 1.959963984540054
"""The standard normal quantile of a two-sided 95 % interval."""
_OUTER = "outer rows"


def ranking_section(facts: ValidationFacts) -> Section:
    """Tell how well scores rank, on rows of each kind."""
    kinds = {"out-of-fold": facts.rows}
    if not isinstance(facts.outer, str):
        kinds[_OUTER] = facts.outer
    columns = ("rows", "number", "positives", "AUC, 95 % interval", "Gini", "KS", "at score")
    return section(
        "ranking",
        "How well the scores rank",
        [
            table(
                "Discrimination on rows that the models had not seen",
                columns,
                (_ranked(name, rows) for name, rows in kinds.items()),
                "Gini = 2 AUC − 1. KS is the largest distance between the distributions of scores "
                "of the two classes. Intervals by Hanley and McNeil (1982), all rows pooled.",
            ),
            _outer_words(facts),
            table(
                "Validation against training",
                ("figure", "validation, mean of folds", "spread", "training", "gap"),
                (
                    (
                        describe(name).label,
                        *(metric_text(facts.metrics, form.format(name)) or "-" for form in _FORMS),
                    )
                    for name in SCORE_METRICS
                ),
                "Boosted trees fit their training rows closely; a gap is a warning only where the "
                "validation figure falls short of what is needed.",
            ),
            picture(facts.pictures.get("roc_curve.png"), "ROC curve, pooled and by fold"),
            picture(facts.pictures.get("pr_curve.png"), "Precision against recall"),
        ],
        live="scores",
    )


_FORMS = ("{}", "{}_std", "train_{}", "{}_gap")


def gains_section(facts: ValidationFacts) -> Section:
    """Tell what the highest scores hold."""
    rows = facts.rows
    return section(
        "gains",
        "Gains by decile",
        [
            table(
                "Gains by decile, the highest scores first",
                ("decile", "scores", "rows", "positives", "bad rate", "lift", "captured", "KS"),
                map(_gain, range(1, 11), gains(rows.target, rows.score, rows.weights)),
                "Captured: the share of all positives in this decile and those above. KS: captured "
                "minus the same share of negatives. Equal scores share a decile.",
            )
        ],
    )


def grades_section(facts: ValidationFacts) -> Section:
    """Tell whether each band of scores keeps its promise."""
    known = facts.rows.with_probability()
    found = graded(known)
    return section(
        "grades",
        "Bad rate by score band, and calibration by grade",
        [
            table(
                "Probability promised and bad rate observed, by grade",
                ("grade", "probability", "rows", "positives", "mean probability", "bad rate",
                 "95 % interval", "p, rate ≤ promise", "the probability"),
                map(_grade, range(1, len(found) + 1), found),
                "Probabilities by calibrators that had not seen the rows. Jeffreys' interval of "
                "rates; a small p says that the grade is worse than promised. One grade in "
                "twenty lies outside by chance.",
            ),
            Items(tuple(_reversal_texts(found))),
            table(
                "Over all rows",
                ("figure", "as the model gives it", "calibrated"),
                (
                    (describe(name).label, *(metric_text(facts.metrics, n) or "-" for n in both))
                    for name, both in _CALIBRATED.items()
                ),
                f"Calibration: {facts.choices.get('calibration', 'custom')}.",
            ),
            picture(facts.pictures.get("calibration.png"), "Share of positives by mean score"),
        ],
    )  # fmt: skip


_CALIBRATED = {
    "ece": ("ece", "ece_calibrated"),
    "brier": ("brier_oof", "brier_calibrated"),
    "log_loss": ("log_loss_oof", "log_loss_calibrated"),
}


def stability_section(facts: ValidationFacts) -> Section:
    """Tell whether some fold, or stretch of time, is odd."""
    parts = part_figures(facts)
    names = [*(str(at + 1) for at in range(len(parts))), _OUTER]
    if not isinstance(facts.outer, str):
        names.pop(-2)
    what = "stretch of time" if facts.in_time else "fold"
    about = (
        "Folds follow each other in time: each is judged by models of earlier rows alone."
        if facts.in_time
        else "Folds are drawn at random, so they cannot show a change over time: for that, name "
        "data.time and use validation=time_ordered."
    )
    return section(
        "stability",
        f"Stability by {'period' if facts.in_time else 'fold'}",
        [
            Words(about),
            table(
                f"The same figures for each {what}",
                (what, "rows", "bad rate", "observed / promised", "AUC, 95 % interval", "flagged",
                 "cost per row", "PSI", "its noise"),
                map(_part, names, parts),
                "PSI: how far scores have moved from those of the first row of the table, in ten "
                "bins; above 0.10 and well above its noise is worth a look, above 0.25 a change. "
                "Each fold has a model of its own, which moves scores, too.",
            ),
        ],
    )  # fmt: skip


def graded(rows: JudgedRows) -> tuple[Grade, ...]:
    """Return the grades of rows with probabilities; none where there are no rows."""
    return grades(rows.target, rows.probability, rows.weights) if len(rows) else ()


def gini(value: MetricValue) -> MetricValue:
    """Return 2 AUC − 1."""
    return value if isinstance(value, Undefined) else 2 * value - 1


def part_figures(facts: ValidationFacts) -> list[PartFigures]:
    """Return the figures of each fold, and of the outer rows where there are such."""
    if isinstance(facts.outer, str):
        return by_part(facts.rows)
    *parts, outer = by_part(facts.rows, facts.outer)
    return [*parts, replace(outer, cost_per_row=facts.metrics["outer_cost_per_row"])]


def ratio_text(value: MetricValue) -> str:
    """Return a ratio with two decimals, a dash where it does not exist."""
    return "-" if isinstance(value, Undefined) else f"{value:.2f}"


def _ranked(name: str, rows: JudgedRows) -> tuple[str, ...]:
    area, error = area_of(rows)
    distance, at = kolmogorov_smirnov(ranking(rows.target, rows.score, rows.weights))
    return (
        name, f"{len(rows):,}", f"{int(np.count_nonzero(rows.target)):,}",
        _around(area, error), figure_text(gini(area)), figure_text(distance),
        figure_text(at),
    )  # fmt: skip


def _around(value: MetricValue, error: MetricValue) -> str:
    if isinstance(value, Undefined) or isinstance(error, Undefined):
        return "-"
    low, high = value - WIDE * error, min(value + WIDE * error, 1.0)
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def _outer_words(facts: ValidationFacts) -> Words | None:
    if isinstance(facts.outer, str):
        return Words(f"Out of sample or out of time: not shown, {facts.outer}.", "note")
    late = " They are later than all folds." if facts.in_time else ""
    return Words(f"The outer rows taught nothing and chose nothing.{late}")


def _gain(number: int, gain: Gain) -> tuple[str, ...]:
    band = gain.band
    return (
        str(number), f"{band.low:.4f} to {band.high:.4f}", f"{band.rows:,}",
        number_text(band.positives), f"{band.rate:.2%}", f"{gain.lift:.2f}",
        f"{gain.captured:.1%}", f"{gain.separation:.3f}",
    )  # fmt: skip


def _grade(number: int, grade: Grade) -> tuple[str, ...]:
    band = grade.band
    return (
        str(number), f"{band.low:.4f} to {band.high:.4f}", f"{band.rows:,}",
        number_text(band.positives), f"{band.mean:.3%}", f"{band.rate:.3%}",
        f"{grade.low:.3%} to {grade.high:.3%}", f"{grade.p_value:.3f}", grade.verdict,
    )  # fmt: skip


def _reversal_texts(found: Sequence[Grade]) -> Iterator[str]:
    turned = reversals(found)
    if not turned:
        yield "The bad rate rises from grade to grade: there is no reversal."
    for pair in turned:
        below, above = (grade.band for grade in pair)
        yield (
            f"Reversal: scores of {above.low:.4f} to {above.high:.4f} have a bad rate of "
            f"{above.rate:.3%}, those below {below.rate:.3%}: "
            f"{'more than' if beyond_chance(pair) else 'no more than'} chance can make of it."
        )


def _part(name: str, part: PartFigures) -> tuple[str, ...]:
    return (
        name, f"{part.rows:,}", f"{part.rate:.2%}", ratio_text(part.observed_to_expected),
        _around(part.roc_auc, part.error), f"{part.flagged:.2%}", f"{part.cost_per_row:,.4f}",
        f"{part.stability:.4f}", f"{part.noise:.4f}",
    )  # fmt: skip
