"""The figures of a period: what they are called, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutscore.monitoring.monitor import Monitored
from cutscore.records import Undefined

Figures = Mapping[str, Mapping[str, float]]
"""By period and name; those that do not exist are left out."""


@dataclass(frozen=True)
class PeriodFigure:
    """One figure: how tables name it, None where they leave it out, its format, whose guess it is.

    `stands_on` is the footnote with the assumption of an estimate.
    """

    title: str | None = None
    form: str = "{}"
    stands_on: str = ""


FIGURES: Mapping[str, PeriodFigure] = {
    "rows": PeriodFigure("rows", "{:,.0f}"),
    "alarms": PeriodFigure("alarms", "{:.0f}"),
    "columns_moved": PeriodFigure(),
    "score_psi": PeriodFigure("score PSI", "{:.3f}"),
    "score_psi_noise": PeriodFigure("noise", "{:.3f}"),
    "largest_column_psi": PeriodFigure(),
    "flagged_share": PeriodFigure("flagged", "{:.1%}"),
    "mean_probability": PeriodFigure(),
    "estimated_base_rate": PeriodFigure("base rate", "{:.1%}", "¹"),
    "estimated_base_rate_error": PeriodFigure("± 1 sd", "{:.1%}"),
    "estimated_cost_per_row": PeriodFigure("cost/row", "{:.4g}", "²"),
    "labelled_rows": PeriodFigure("labelled", "{:,.0f}"),
    "base_rate": PeriodFigure("base rate", "{:.2%}"),
    "roc_auc": PeriodFigure("AUC", "{:.4f}"),
    "ks": PeriodFigure("KS", "{:.3f}"),
    "cost_per_row": PeriodFigure("cost/row", "{:.4g}"),
    "regret_per_row": PeriodFigure("regret/row", "{:.3g}"),
    "regret_low": PeriodFigure(),
    "regret_high": PeriodFigure(),
}
"""All of them, in the order of `periods.csv`."""


def figures_by_period(found: Monitored) -> dict[str, dict[str, float]]:
    """Return the figures of each period by name; those that do not exist are left out."""
    told: dict[str, dict[str, float]] = {}
    for name, counts in found.periods.items():
        here = [each for each in found.findings if each.period == name]
        columns = [each for each in here if each.kind == "column"]
        score, guess = next(e for e in here if e.kind == "score"), found.estimates[name]
        values: dict[str, Any] = {
            "rows": counts.rows,
            "alarms": sum(each.verdict == "alarm" for each in here),
            "columns_moved": sum(each.verdict in ("alarm", "slight") for each in columns),
            "score_psi": score.value,
            "score_psi_noise": score.noise,
            "largest_column_psi": max((each.value for each in columns), default=None),
            "flagged_share": counts.flagged / counts.rows,
            "mean_probability": guess.expected_rate,
            "estimated_base_rate": guess.base_rate,
            "estimated_base_rate_error": guess.base_rate_error,
            "estimated_cost_per_row": guess.cost_per_row,
        }
        labelled = found.labelled.get(name)
        if labelled is not None:
            regret = labelled.regret_per_row or (None, None, None)
            values |= {
                "labelled_rows": labelled.rows,
                "base_rate": labelled.positives / labelled.rows,
                "roc_auc": labelled.roc_auc,
                "ks": labelled.ks,
                "cost_per_row": labelled.cost_per_row,
                **dict(zip(("regret_per_row", "regret_low", "regret_high"), regret, strict=True)),
            }
        told[name] = {
            key: float(value)
            for key, value in values.items()
            if value is not None and not isinstance(value, Undefined) and math.isfinite(value)
        }
    return told


def period_table(figures: Figures) -> tuple[list[str], list[list[str]]]:
    """Return the titles of the figures that some period has, and a row of texts for each period."""
    shown = {
        key: each
        for key, each in FIGURES.items()
        if each.title is not None and any(key in values for values in figures.values())
    }
    rows = [
        [name, *(each.form.format(values[k]) if k in values else "-" for k, each in shown.items())]
        for name, values in figures.items()
    ]
    return [f"{each.title}{each.stands_on}" for each in shown.values()], rows
