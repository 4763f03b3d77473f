"""A sweep's leaderboard as one page that needs no server: the same views, their values inlined."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutscore.dashboard.comparison import FindFile, evidence
from cutscore.dashboard.page import SCRIPTS, read
from cutscore.dashboard.tables import BASE, described, packed
from cutscore.metrics.catalogue import describe, in_order
from cutscore.report.page.shell import page

MOST_CURVES, POINTS = 24, 100
"""So many of the best cells bring their curves along, each of so many points."""


@dataclass(frozen=True)
class BoardCell:
    """A cell of a sweep: its options and overridden settings by key, and its figures."""

    run_id: str
    name: str
    state: str
    settings: Mapping[str, str]
    metrics: Mapping[str, float]
    failure: str = ""


def leaderboard_page(
    sweep: str, cells: Sequence[BoardCell], swept: Sequence[str], metric: str, find: FindFile
) -> str:
    """Return the page of a sweep's cells, the best by `metric` first."""
    names = in_order({name for cell in cells for name in cell.metrics})
    known = [name for name in names if not describe(name).stepped]
    values: dict[str, list[Any]] = {name: [None] * len(cells) for name in BASE}
    values |= {
        "run_id": [cell.run_id for cell in cells],
        "name": [cell.name for cell in cells],
        "experiment": [sweep] * len(cells),
        "state": [cell.state for cell in cells],
        "seconds": [cell.metrics.get("seconds_total") for cell in cells],
        **{f"params.{key}": [cell.settings.get(key) for cell in cells] for key in swept},
        **{f"metrics.{name}": [_finite(c.metrics.get(name)) for c in cells] for name in known},
    }
    first = dict.fromkeys((metric, "roc_auc", "threshold", "crossfit_savings"))
    runs = {
        "rows": len(cells),
        "stamp": "",
        "columns": {name: packed(column) for name, column in values.items()},
        "keys": {"params": list(swept), "tags": [], "metrics": known},
        "usual": [f"params.{key}" for key in swept] + [f"metrics.{n}" for n in first if n in known],
        "metrics": described(known),
        "sort": f"{'-' if describe(metric).better == 'maximize' else ''}metrics.{metric}",
    }
    counts = {key: len({cell.settings.get(key) for cell in cells}) for key in swept}
    data = {
        "runs": runs,
        "varying": {f"params.{key}": count for key, count in counts.items() if count > 1},
        "compare": {"runs": [_compared(c, n, find) for n, c in enumerate(cells)], "reasons": []},
    }
    scripts = [name if name == "charts.js" else f"pages/{name}" for name in SCRIPTS]
    return page(
        "pages/leaderboard.html.jinja", f"Leaderboard of {sweep}", data, scripts,
        room="cutscore.dashboard", sweep=sweep, more=read("dashboard.css"),
    )  # fmt: skip


def _compared(cell: BoardCell, number: int, find: FindFile) -> dict[str, Any]:
    """Return what a comparison shows of a cell."""
    told = {"rule": None, "curve": None}
    if number < MOST_CURVES and cell.run_id:
        told = evidence(cell.run_id, find, POINTS)
    return {
        "run_id": cell.run_id,
        "name": cell.name,
        "experiment": "",
        "state": cell.state,
        "metrics": {k: v for k, v in cell.metrics.items() if _finite(v) is not None},
        "params": dict(cell.settings),
        "tags": {"cutscore.failure": cell.failure} if cell.failure else {},
        "files": [],
        **told,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
