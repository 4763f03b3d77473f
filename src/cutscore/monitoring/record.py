"""What a look at later rows leaves behind: figures by period, tables, pictures, a document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.monitoring.advice import advice
from cutscore.monitoring.estimates import CALIBRATED, PRIOR
from cutscore.monitoring.monitor import Monitored
from cutscore.monitoring.page import monitor_page
from cutscore.monitoring.pictures import drift_picture, history_picture
from cutscore.records import Undefined
from cutscore.report.items import Figure, Item, Metric, TableFile, Tag, Text

FORMAT = 1
FIGURES = (
    "rows",
    "alarms",
    "columns_moved",
    "score_psi",
    "score_psi_noise",
    "largest_column_psi",
    "flagged_share",
    "mean_probability",
    "estimated_base_rate",
    "estimated_base_rate_error",
    "estimated_cost_per_row",
    "labelled_rows",
    "base_rate",
    "roc_auc",
    "ks",
    "cost_per_row",
    "regret_per_row",
    "regret_low",
    "regret_high",
)
"""The figures of a period, in the order of `periods.csv`."""


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


def monitored_items(found: Monitored, name: str) -> Iterator[Item]:
    """Yield the record; `name` is the run's."""
    figures, said = figures_by_period(found), advice(found)
    for step, values in enumerate(figures.values()):
        for key, value in values.items():
            yield Metric(key, value, step)
    yield Tag("monitored_model", found.model)
    yield Tag("action", said.action)
    yield Tag("advice", said.sentence)
    yield Tag("periods", ", ".join(figures))
    yield Text("monitor.json", json.dumps(document(found), indent=1, allow_nan=False) + "\n")
    yield TableFile("findings.csv", _findings_table(found))
    yield TableFile("periods.csv", _periods_table(figures))
    yield TableFile("grades.csv", _grades_table(found))
    yield Text("monitor.html", monitor_page(found, figures, name))
    yield Figure("drift.png", drift_picture(found, name))
    yield Figure("history.png", history_picture(found, figures, name))


def document(found: Monitored) -> dict[str, Any]:
    """Return all of it as plain values."""
    said = advice(found)
    told = {
        "schema_version": FORMAT,
        "model": found.model,
        "action": said.action,
        "advice": said.sentence,
        "alarm": bool(found.alarms),
        "rows": found.rows,
        "reference": {"rows": found.reference.rows, **asdict(found.scored)},
        "periods": figures_by_period(found),
        "assumptions": {"estimated_base_rate": PRIOR, "estimated_cost_per_row": CALIBRATED},
        "findings": [asdict(each) for each in found.findings],
        "notes": list(found.notes),
    }
    return {key: _plain(value) for key, value in told.items()}


def _plain(value: Any) -> Any:
    """Return values as JSON holds them; what is no finite number becomes null."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def _findings_table(found: Monitored) -> dict[str, npt.NDArray[Any]]:
    rows = [asdict(each) for each in found.findings]
    names = ("period", "kind", "name", "value", "noise", "probability", "verdict", "said")
    numbers = ("value", "noise", "probability")
    return {
        key: np.array([_number(r[key]) for r in rows])
        if key in numbers
        else np.array([str(r[key]) for r in rows], dtype=object)
        for key in names
    }


def _periods_table(figures: dict[str, dict[str, float]]) -> dict[str, npt.NDArray[Any]]:
    columns = {
        key: np.array([_number(values.get(key)) for values in figures.values()]) for key in FIGURES
    }
    return {"period": np.array(list(figures), dtype=object), **columns}


def _grades_table(found: Monitored) -> dict[str, npt.NDArray[Any]]:
    """Return the grades of labelled rows: how many, what was promised, what came, its interval."""
    rows = [(name, each) for name, figures in found.labelled.items() for each in figures.grades]
    columns = {
        "lowest": [each.band.low for _, each in rows],
        "highest": [each.band.high for _, each in rows],
        "rows": [each.band.size for _, each in rows],
        "mean_probability": [each.band.mean for _, each in rows],
        "share_of_positives": [each.band.rate for _, each in rows],
        "jeffreys_low": [each.low for _, each in rows],
        "jeffreys_high": [each.high for _, each in rows],
    }
    numbers = {key: np.array(values, dtype=np.float64) for key, values in columns.items()}
    verdicts = np.array([each.verdict for _, each in rows], dtype=object)
    return {"period": np.array([n for n, _ in rows], dtype=object), **numbers, "verdict": verdicts}


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
