"""The validation report: one page in the order in which a model validator reads.

The prose is in `validation.html.jinja`; here are the figures.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cutscore.metrics import kolmogorov_smirnov, ranking
from cutscore.metrics.catalogue import SCORE_METRICS, describe, in_order, shown
from cutscore.metrics.metric_spec import MetricView
from cutscore.records import Confusion, MetricValue, Undefined
from cutscore.report.figures.style import number
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.page.cutoff import cutoff_page
from cutscore.report.part_figures import PartFigures, area_of, by_part
from cutscore.report.record_spec import UNDEFINED_PREFIX
from cutscore.report.record_words import (
    figure_text,
    limits_of,
    method_words,
    number_text,
    rule_words,
)
from cutscore.report.validator.bands import beyond_chance, gains, grades, reversals
from cutscore.report.validator.facts import ValidationFacts
from cutscore.report.validator.glances import glances
from cutscore.report.validator.swaps import swap_set

TITLES = {
    "summary": "At a glance",
    "lineage": "What is predicted, and on which data",
    "method": "How it was made",
    "ranking": "How well the scores rank",
    "gains": "Gains by decile",
    "grades": "Bad rate by score band, and calibration by grade",
    "cut-off": "The cut-off and what it costs",
    "no-model": "Against deciding without a model",
    "other-run": "Against the run {}",
    "stability": "Stability by fold",
    "over-time": "Over time",
    "reasons": "What the scores go by",
    "limits": "Limits",
    "environment": "Environment, and how to make it again",
    "appendix": "Appendix: the whole record",
}
"""The sections in their order."""

SHOWN = 15
"""Features of a report that is not full."""
_OUTER = "outer rows"
_WIDE = 1.959963984540054
"""The standard normal quantile of a two-sided 95 % interval."""
_SMALL = 100
"""With fewer positives all figures are coarse."""
_LIBRARIES = ("numpy", "duckdb", "lightgbm", "xgboost-cpu", "scikit-learn", "imbalanced-learn")


def validation_page(facts: ValidationFacts) -> str:
    """Return the report as one HTML file that needs nothing else."""
    return cutoff_page(
        facts.cutoff, "validation.html.jinja", "cutscore.report.validator",
        run=facts,
        **_words(),
        **_record(facts),
        **_figures(facts),
    )  # fmt: skip


def _words() -> dict[str, Any]:
    """Return how figures are put into words."""
    return {
        "count": number_text,
        "number": number,
        "percent": lambda share, digits=2: f"{share:.{digits}%}",
        "figure_text": figure_text,
        "ratio": lambda value: "-" if isinstance(value, Undefined) else f"{value:.2f}",
        "interval": _interval,
        "label": lambda name: describe(name).label,
        "score_metrics": SCORE_METRICS,
        "compared": shown(MetricView.FIRST),
    }


def _record(facts: ValidationFacts) -> dict[str, Any]:
    """Return what the record tells."""
    metrics, tags = facts.metrics, facts.tags
    told = rule_words(facts.document, metrics)
    importance = facts.importance if facts.full else facts.importance[:SHOWN]
    asked = " ".join(facts.overrides) or "nothing but the defaults"
    return {
        "titles": _titles(facts),
        "metric": lambda name: describe(name).text(metrics.get(name)),
        "settings": facts.config.get("data") or {},
        "together": _together(facts.config),
        "purpose": (facts.config.get("report") or {}).get("purpose"),
        "notes": [tags[tag] for tag in ("notes", "outer_notes") if tag in tags],
        "method": [*method_words(facts.config, facts.choices).items(), ("asked for", asked)],
        "sentence": told["sentence"],
        "rule_told": [*told["facts"].items(), *_lending(facts)],
        "importance": importance,
        "left_out": len(facts.importance) - len(importance),
        "limits": list(_limits(facts)),
        "undefined": {
            tag.removeprefix(UNDEFINED_PREFIX): why
            for tag, why in tags.items()
            if tag.startswith(UNDEFINED_PREFIX)
        },
        "libraries": [(name, facts.environment.get(name)) for name in _LIBRARIES],
        "figures_told": [
            (describe(name).label, number_text(metrics[name])) for name in in_order(metrics)
        ],
        "pictures": {
            name: f"data:image/png;base64,{b64encode(png).decode('ascii')}"
            for name, png in facts.pictures.items()
        },
    }


def _figures(facts: ValidationFacts) -> dict[str, Any]:
    """Return what the rows tell."""
    rows, outer = facts.rows, () if isinstance(facts.outer, str) else (facts.outer,)
    known = rows.with_probability()
    graded = grades(known.target, known.probability, known.weights) if len(known) else ()
    parts = by_part(rows, *outer)
    names = [str(at + 1) for at in range(len(parts) - len(outer))]
    crossfitted = list(_crossfitted(facts, parts[: len(names)]))
    if outer:
        cost = facts.metrics["outer_cost_per_row"]
        parts[-1] = replace(parts[-1], cost_per_row=cost)
        crossfitted.append(f"{cost:.4f}")
    nobody, everybody = rows.costs.no_model(rows.target)
    no_model = swap_set(rows, np.full(len(rows), everybody < nobody))
    return {
        "glances": list(glances(facts, graded, parts, no_model)),
        "ranked": [("out-of-fold", _ranked(rows)), *((_OUTER, _ranked(each)) for each in outer)],
        "gains": gains(rows.target, rows.score, rows.weights),
        "grades": graded,
        "reversals": [(*pair, beyond_chance(pair)) for pair in reversals(graded)],
        "parts": list(zip([*names, *(_OUTER for _ in outer)], parts, crossfitted, strict=True)),
        "no_model_rule": "flag everybody" if everybody < nobody else "flag nobody",
        "no_model": no_model,
    }


def _crossfitted(facts: ValidationFacts, parts: Sequence[PartFigures]) -> Iterator[str]:
    """Yield what each fold costs per row, decided by rows that may inform it, where that is it."""
    decided = {
        part["part"]: part for part in facts.document["crossfit"]["parts"] if part["repeat"] == 0
    }
    for at, part in zip(np.unique(facts.rows.part).tolist(), parts, strict=True):
        found = decided.get(at, {})
        same = found.get("rows") == part.rows
        yield f"{found['total_cost'] / part.size:.4f}" if same else "-"


def _titles(facts: ValidationFacts) -> dict[str, str]:
    titles = dict(TITLES)
    if facts.other is None:
        del titles["other-run"]
    else:
        titles["other-run"] = titles["other-run"].format(facts.other.name)
    if facts.in_time:
        titles["stability"] = "Stability by period"
    if facts.cutoff.periods is None:
        del titles["over-time"]
    if not facts.full:
        del titles["appendix"]
    return titles


def _together(config: Mapping[str, Any]) -> str:
    """Return the column whose groups folds keep on one side, "none" where they do not."""
    folds = config.get("validation") or {}
    keeps = folds.get("keep_groups_together") or str(folds.get("_target_")).endswith(".Grouped")
    return str((config.get("data") or {}).get("group")) if keeps else "none"


def _lending(facts: ValidationFacts) -> Iterator[tuple[str, str]]:
    """Yield the rule in a lender's figures."""
    counts = Confusion(**facts.document["confusion"])
    size = counts.tp + counts.fp + counts.tn + counts.fn
    passed = counts.tn + counts.fn
    yield "share not flagged (approval rate)", f"{passed / size:.2%}"
    yield "bad rate among those not flagged", f"{counts.fn / passed:.3%}" if passed else ""
    yield "bad rate of all", f"{(counts.tp + counts.fn) / size:.3%}"


def _limits(facts: ValidationFacts) -> Iterator[str]:
    """Yield what the report cannot say."""
    validation, repeated = facts.tags.get("validation", ""), facts.metrics.get("duplicates", 0.0)
    yield from limits_of(validation, facts.document, facts.metrics, repeated)
    positives = int(np.count_nonzero(facts.rows.target))
    if positives < _SMALL:
        yield f"There are {positives} positive rows only: every figure is coarse."
    if facts.passes > 1:
        yield f"Tables of rows tell the first of {facts.passes} passes over the rows."
    if facts.missing:
        yield f"The record lacks {', '.join(facts.missing)}."


def _ranked(rows: JudgedRows) -> dict[str, MetricValue]:
    area, error = area_of(rows)
    distance, at = kolmogorov_smirnov(ranking(rows.target, rows.score, rows.weights))
    return {
        "rows": len(rows),
        "positives": int(np.count_nonzero(rows.target)),
        "roc_auc": area,
        "error": error,
        "gini": area if isinstance(area, Undefined) else 2 * area - 1,
        "distance": distance,
        "at": at,
    }


def _interval(value: MetricValue, error: MetricValue) -> str:
    if isinstance(value, Undefined) or isinstance(error, Undefined):
        return "-"
    low, high = value - _WIDE * error, min(value + _WIDE * error, 1.0)
    return f"{value:.4f} ({low:.4f} to {high:.4f})"
