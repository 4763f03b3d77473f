"""The figures that a reader asks for first, each with its usual yardstick."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutscore.metrics import kolmogorov_smirnov, ranking
from cutscore.records import Undefined
from cutscore.report.figures.style import number
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.part_figures import PartFigures, area_of, observed_to_expected
from cutscore.report.validator.bands import Grade, beyond_chance, reversals
from cutscore.report.validator.facts import ValidationFacts
from cutscore.report.validator.swaps import SwapSet


@dataclass(frozen=True)
class Glance:
    """A question, the figure that answers it, the yardstick, and how the two compare."""

    question: str
    figure: str
    yardstick: str
    kept: bool | None

    @property
    def verdict(self) -> str:
        """How they compare, in words."""
        return "not known" if self.kept is None else "within" if self.kept else "look closer"


def glances(
    facts: ValidationFacts,
    graded: Sequence[Grade],
    parts: Sequence[PartFigures],
    no_model: SwapSet,
) -> Iterator[Glance]:
    """Yield the figures; those that do not exist are left out."""
    yield from _ranking(facts.rows)
    yield _later(facts.metrics.get("roc_auc"), facts.metrics.get("outer_roc_auc"))
    turned = reversals(graded)
    clear = sum(map(beyond_chance, turned))
    told = f"{len(turned)} reversals, {clear} beyond chance"
    yield Glance("Does the bad rate rise with the score?", told, "none beyond chance", not clear)
    out = sum(grade.verdict != "holds" for grade in graded)
    told = f"{out} of {len(graded)} grades outside their interval"
    kept = out <= max(1, len(graded) / 20)
    yield Glance("Are probabilities kept, grade by grade?", told, "one in twenty", kept)
    ratio = observed_to_expected(facts.rows)
    if not isinstance(ratio, Undefined):
        told = f"{ratio:.2f} observed for each promised"
        yield Glance("Are they kept over all?", told, "0.95 to 1.05", 0.95 <= ratio <= 1.05)
    if len(parts) > 1:
        worst = max(parts[1:], key=lambda part: part.stability)
        told = f"PSI at most {worst.stability:.3f} (noise {worst.noise:.3f})"
        calm = worst.stability < max(0.10, 2 * worst.noise)
        yield Glance("Do scores stay where they were?", told, "below 0.10", calm)
    if facts.cutoff.periods is not None:
        yield from _over_time(facts.cutoff.periods)
    yield _saving("no model", no_model)
    if facts.other is not None and isinstance(facts.other.swaps, SwapSet):
        yield _saving(facts.other.name, facts.other.swaps)


def _ranking(rows: JudgedRows) -> Iterator[Glance]:
    area, error = area_of(rows)
    distance, _ = kolmogorov_smirnov(ranking(rows.target, rows.score, rows.weights))
    if not isinstance(area, Undefined) and not isinstance(error, Undefined):
        told = f"Gini {200 * area - 100:.1f} ± {200 * error:.1f} (standard error)"
        yield Glance("Does the score rank?", told, "above 0 beyond doubt", area - 3 * error > 0.5)
    if not isinstance(distance, Undefined):
        told, kept = f"KS {100 * distance:.1f}", 0.20 <= distance <= 0.70
        yield Glance(
            "How far apart are the classes?", told, "20 to 70; above, look for a leak", kept
        )


def _later(inner: float | None, outer: float | None) -> Glance:
    question, yardstick = "Does it hold on rows that chose nothing?", "Gini falls by less than 5"
    if inner is None or outer is None:
        return Glance(question, "not tested", yardstick, None)
    told = f"Gini {200 * outer - 100:.1f} against {200 * inner - 100:.1f} in the folds"
    return Glance(question, told, yardstick, 200 * (inner - outer) < 5)


def _over_time(document: Mapping[str, Any]) -> Iterator[Glance]:
    """Yield whether the Gini falls from period to period, where enough of them have one."""
    figures, stretch = document["figures"], document["stretch"] or "period"
    if "gini_slope" not in figures:
        return
    slope, error = figures["gini_slope"], figures["gini_slope_error"]
    told = (
        f"Gini {100 * figures['gini_mean']:.1f} on average, {100 * figures['worst_period']:.1f} at "
        f"worst, {100 * slope:+.2f} ± {100 * error:.2f} a {stretch}"
    )
    kept = slope + 1.645 * error >= 0
    yield Glance("Does it rank as well later on?", told, "no fall beyond chance (95 %)", kept)


def _saving(other: str, swaps: SwapSet) -> Glance:
    told = f"saves {number(-swaps.difference)} ({number(-swaps.high)} to {number(-swaps.low)})"
    return Glance(f"Is it cheaper than {other}?", told, "interval above 0", swaps.high < 0)
