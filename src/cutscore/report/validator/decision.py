"""The cut-off, what it costs, and how it compares with other ways to decide, in tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from cutscore.metrics.catalogue import shown
from cutscore.metrics.metric_spec import MetricView
from cutscore.records import Confusion
from cutscore.report.figures.style import number
from cutscore.report.record_words import metric_text, number_text, rule_words
from cutscore.report.validator.blocks import (
    Block,
    Section,
    Words,
    pairs,
    picture,
    section,
    table,
)
from cutscore.report.validator.facts import OtherRun, ValidationFacts
from cutscore.report.validator.swaps import Cell, SwapSet, swap_set


def decision_section(facts: ValidationFacts) -> Section:
    """Tell the rule and what it costs."""
    told = rule_words(facts.document, facts.metrics)
    counts = Confusion(**facts.document["confusion"])
    size = counts.tp + counts.fp + counts.tn + counts.fn
    passed = counts.tn + counts.fn
    lending = {
        "share not flagged (approval rate)": f"{passed / size:.2%}",
        "bad rate among those not flagged": f"{counts.fn / passed:.3%}" if passed else "",
        "bad rate of all": f"{(counts.tp + counts.fn) / size:.3%}",
    }
    return section(
        "cut-off",
        "The cut-off and what it costs",
        [
            Words(told["sentence"].replace("`", "")),
            pairs("The rule and its cost", [*told["facts"].items(), *lending.items()]),
            picture(facts.pictures.get("cost_curve.png"), "Total cost of every threshold"),
            picture(facts.pictures.get("confusion_matrix.png"), "Confusion matrix"),
            picture(facts.pictures.get("threshold_by_ratio.png"), "Best threshold by cost ratio"),
        ],
        live="cutoff",
    )


def no_model_swaps(facts: ValidationFacts) -> tuple[str, SwapSet]:
    """Return the cheaper rule without a model, in words, and the run's decisions beside it."""
    nobody, everybody = facts.rows.costs.no_model(facts.rows.target)
    all_of_them = everybody < nobody
    swaps = swap_set(facts.rows, np.full(len(facts.rows), all_of_them))
    return "flag everybody" if all_of_them else "flag nobody", swaps


def no_model_section(facts: ValidationFacts, rule: str, swaps: SwapSet) -> Section:
    """Tell what the model is worth against the cheaper rule without one."""
    by_costs = metric_text(facts.metrics, "no_model_rule_cost")
    text = f"Deciding each row by its own costs and the base rate alone would cost {by_costs}."
    fixed = facts.rows.costs.fixed
    return section(
        "no-model",
        "Against deciding without a model",
        [
            Words(f"The cheaper rule without a model is to {rule}."),
            *_swap_blocks(facts, swaps, f"to {rule}"),
            Words(text) if by_costs and not fixed else None,
        ],
    )


def other_section(facts: ValidationFacts, other: OtherRun) -> Section:
    """Tell who is decided otherwise than by another run, and at what cost."""
    blocks: list[Block] = []
    if isinstance(other.swaps, str):
        blocks.append(Words(f"There is no swap set: {other.swaps}.", "note"))
    else:
        blocks += _swap_blocks(facts, other.swaps, other.name)
    return section(
        "other-run",
        f"Against the run {other.name}",
        [
            *blocks,
            table(
                "Figures side by side",
                ("figure", facts.name, other.name),
                _side_by_side(facts, other),
                ""
                if isinstance(other.swaps, SwapSet)
                else "The two were not judged on the same rows at the same costs.",
            ),
            table(
                "Settings that differ",
                ("setting", facts.name, other.name),
                other.settings,
                worded=3,
            )
            if other.settings
            else Words("No setting of data, features, model, costs or threshold differs."),
        ],
    )


def money(swaps: SwapSet) -> str:
    """Return what this run saves, with its interval, in words."""
    return f"saves {number(-swaps.difference)} ({number(-swaps.high)} to {number(-swaps.low)})"


def _swap_blocks(facts: ValidationFacts, swaps: SwapSet, other: str) -> Iterator[Block]:
    cells = {
        "both flag": swaps.both,
        "only this run flags": swaps.only_this,
        "only the other flags": swaps.only_other,
        "neither flags": swaps.neither,
    }
    passes = f" Of {facts.passes} passes over the rows, the first." if facts.passes > 1 else ""
    yield table(
        f"Swap set: this run, and {other}",
        ("decision", "rows", "share", "positives", "bad rate"),
        (_swapped(name, cell, cells.values()) for name, cell in cells.items()),
        f"Each rule as it was chosen, on out-of-fold scores, by weight if rows have any.{passes}",
    )
    yield pairs(
        "What that costs, at the costs of this run",
        [
            ("this run", number_text(swaps.cost_this)),
            ("the other", number_text(swaps.cost_other)),
            ("difference", number_text(swaps.difference)),
            ("its 95 % interval", f"{number(swaps.low)} to {number(swaps.high)}"),
            ("so", swaps.verdict),
        ],
        "Paired bootstrap: rows are drawn with both decisions, 1,000 times.",
    )


def _swapped(name: str, cell: Cell, cells: Iterable[Cell]) -> tuple[str, ...]:
    size = sum(each.size for each in cells)
    return (
        name, number_text(cell.size), f"{cell.size / size:.2%}", number_text(cell.positives),
        "-" if cell.rate is None else f"{cell.rate:.2%}",
    )  # fmt: skip


def _side_by_side(facts: ValidationFacts, other: OtherRun) -> Iterator[tuple[str, str, str]]:
    for spec in shown(MetricView.FIRST):
        here, there = facts.metrics.get(spec.name), other.metrics.get(spec.name)
        if here is not None or there is not None:
            yield spec.label, spec.text(here), spec.text(there)
