"""The page of a look at later rows: what to do, figures by period, all that was tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutscore.monitoring.advice import advice
from cutscore.monitoring.estimates import CALIBRATED, PRIOR
from cutscore.monitoring.figures import Figures, period_table
from cutscore.monitoring.monitor import Monitored
from cutscore.monitoring.verdicts import DriftFinding
from cutscore.report.figures.style import number
from cutscore.report.page.shell import page

ALARMS_SHOWN = 200
_LOOKS = ("", "second", "third")
_CHARTS: Sequence[tuple[str, str, bool, Mapping[str, str]]] = (
    (
        "score",
        "stability index",
        False,
        {"score_psi": "score", "score_psi_noise": "what chance alone makes"},
    ),
    (
        "shares",
        "share of rows",
        True,
        {
            "flagged_share": "flagged",
            "estimated_base_rate": "positives, estimated",
            "base_rate": "positives, labelled",
        },
    ),
    (
        "costs",
        "cost per row",
        False,
        {"estimated_cost_per_row": "estimated", "cost_per_row": "realised"},
    ),
)


def monitor_page(found: Monitored, figures: Figures, name: str) -> str:
    """Return the page as text; `figures` are those by period, `name` is the run's."""
    periods = list(figures)
    labelled = next(
        (found.labelled[each] for each in reversed(periods) if each in found.labelled), None
    )
    grades = [] if labelled is None else labelled.grades
    titles, rows = period_table(figures)
    alarms = found.alarms[:ALARMS_SHOWN]
    latest = [each for each in found.findings if each.period == periods[-1]]
    ranked = sorted(latest, key=lambda each: (each.verdict != "alarm", -each.value, each.name))
    data = {
        "periods": periods,
        "charts": [_chart(found, figures, *each) for each in _CHARTS],
        "grades": [
            {"x": g.band.mean, "y": g.band.rate, "low": g.low, "high": g.high, "look": ""}
            for g in grades
        ],
    }
    return page(
        "page_of_monitoring.html.jinja",
        name,
        data,
        ("charts.js", "page_of_monitoring.js"),
        styles=("page_of_monitoring.css",),
        room="cutscore.monitoring",
        about=[
            f"model {found.model}",
            f"{found.rows:,} rows",
            f"{len(found.findings):,} things looked at",
        ],
        advice=advice(found).sentence,
        notes=list(found.notes),
        prior=PRIOR,
        calibrated=CALIBRATED,
        graded=bool(grades),
        alarm_heads=_heads("period", "alarm", "what", "by"),
        alarms=[(each.period, each.name, each.said, number(each.value)) for each in alarms],
        period_heads=_heads("period", *titles),
        periods=rows,
        finding_heads=_heads("what", "values", "verdict", "by", "noise"),
        findings=[_row(each) for each in ranked],
    )


def _row(each: DriftFinding) -> tuple[str, ...]:
    noise = "" if each.noise is None else number(each.noise)
    return each.name, each.said, each.verdict, number(each.value), noise


def _heads(*texts: str) -> list[dict[str, Any]]:
    words = ("alarm", "what", "verdict", "values", "period")
    return [{"text": text, "number": text not in words} for text in texts]


def _chart(
    found: Monitored,
    figures: Figures,
    name: str,
    label: str,
    percent: bool,
    lines: Mapping[str, str],
) -> dict[str, Any]:
    drawn = [
        {
            "name": words,
            "look": look,
            "points": [[at, f[key]] for at, f in enumerate(figures.values()) if key in f],
        }
        for look, (key, words) in zip(_LOOKS, lines.items(), strict=False)
    ]
    scored, levels = found.scored, []
    if name == "score" and scored.spread > 0:
        levels = [{"at": scored.spread, "name": "what another fit makes", "look": "grey"}]
    if name == "shares":
        levels = [{"at": scored.base_rate, "name": "base rate in training", "look": "grey"}]
    if name == "costs" and scored.cost_per_row is not None:
        levels = [{"at": scored.cost_per_row, "name": "promised, cross-fitted", "look": "grey"}]
    kept = [line for line in drawn if line["points"]]
    return {"id": name, "label": label, "percent": percent, "lines": kept, "levels": levels}
