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
from cutscore.monitoring.figures import FIGURES, Figures, figures_by_period
from cutscore.monitoring.monitor import Monitored
from cutscore.monitoring.page import monitor_page
from cutscore.monitoring.pictures import drift_picture, history_picture
from cutscore.report.items import Figure, Item, Metric, TableFile, Tag, Text

FORMAT = 1


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


def _periods_table(figures: Figures) -> dict[str, npt.NDArray[Any]]:
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
