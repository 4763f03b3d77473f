"""Runs side by side: settings that differ, figures, curves, and rows that change sides."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault, RequestError
from cutscore.runs.comparing import compare
from cutscore.runs.values import RunDetail

if TYPE_CHECKING:
    from cutscore.report.judged_rows import JudgedRows

FindFile = Callable[[str, str], Path | None]
"""Returns a run's file by the run's id and the file's name."""

Frame = dict[str, npt.NDArray[Any]]
Judge = Callable[[Frame, dict[str, Any]], "JudgedRows"]
"""Returns rows as a run decided them, of its table of scores and its `threshold.json`."""

MOST_RUNS = 12
CURVE, RULE, SCORES = "threshold_curve.parquet", "threshold.json", "oof_scores.parquet"
_POINTS = 300
"""So many points of a curve are sent; a screen shows no more."""
_KEPT = ("costs", "objective", "beta", "constraints", "rows", "positives", "confusion", "bayes",
         "asked_ratio", "per_row", "no_model", "plateau", "bootstrap", "calibration")  # fmt: skip


def side_by_side(runs: Sequence[RunDetail], find: FindFile) -> dict[str, Any]:
    """Return what a comparison of runs shows, for JSON; others are set against the first."""
    return {
        "runs": [{**_about(run), **evidence(run.summary.run_id, find)} for run in runs],
        "reasons": [_reasons(runs[0], other) for other in runs[1:]],
    }


def swap_set(first: str, second: str, find: FindFile, judge: Judge) -> dict[str, Any]:
    """Return how many rows both runs flag, either, or none, by target, and what that costs.

    The costs are those of the first run; `low` and `high` bound what it costs more than the second.

    Raises
    ------
    RequestError
        If that cannot be said, with the reason.
    """
    from cutscore.report.validator.swaps import aligned
    from cutscore.report.validator.swaps import swap_set as swapped

    one, two = (_judged(run, find, judge) for run in (first, second))
    at = aligned(one.ids, two.ids)
    if at is None:
        raise _no_swap("the runs have not scored the same rows.")
    if not np.array_equal(one.target, two.target[at]):
        raise _no_swap("rows of the same name have different targets: the data differ.")
    found = swapped(one, two.flagged[at])
    cells = {"both": found.both, "first": found.only_this, "second": found.only_other,
             "neither": found.neither}  # fmt: skip
    return {
        "rows": len(one),
        "counts": {name: [cell.size - cell.positives, cell.positives]
                   for name, cell in cells.items()},
        "difference": found.difference,
        "low": found.low,
        "high": found.high,
    }  # fmt: skip


def _about(run: RunDetail) -> dict[str, Any]:
    summary = run.summary
    return {
        "run_id": summary.run_id,
        "name": summary.name,
        "experiment": summary.experiment,
        "state": summary.status,
        "metrics": {k: v for k, v in summary.metrics.items() if math.isfinite(v)},
        "params": run.params,
        "tags": {k: v for k, v in summary.tags.items() if not k.startswith("mlflow.")},
        "files": [file.path for file in run.artifacts],
    }


def evidence(run_id: str, find: FindFile, points: int = _POINTS) -> dict[str, Any]:
    """Return a run's threshold and curve, for JSON; None where it has none that can be read.

    The curve has evenly many points along it, the cheapest among them.
    """
    rule, curve = _json(find(run_id, RULE)), find(run_id, CURVE)
    kept = None if rule is None else {name: rule.get(name) for name in _KEPT}
    try:
        return {"rule": kept, "curve": None if curve is None else _thinned(_columns(curve), points)}
    except (OSError, ValueError, KeyError):  # pyarrow's errors are ValueErrors
        return {"rule": kept, "curve": None}


def _thinned(curve: Frame, points: int) -> dict[str, list[float]]:
    size = len(curve["threshold"])
    at = np.unique(np.linspace(0, size - 1, min(size, points)).round().astype(int))
    at = np.union1d(at, [int(np.argmin(curve["total_cost"]))]) if size else at
    names = ("threshold", "total_cost", "tp", "fp", "tn", "fn")
    return {name: curve[name][at].astype(float).tolist() for name in names}


def _reasons(first: RunDetail, other: RunDetail) -> list[str]:
    """Return in words why the thresholds of two runs differ."""
    found = compare(first, other)
    if None in found.thresholds:
        return [why for why in found.without if why] or ["a run has no threshold"]
    return [reason.explanation for reason in found.reasons]


def _judged(run_id: str, find: FindFile, judge: Judge) -> JudgedRows:
    """Return the rows of a run's first pass over them."""
    rule, scores = _json(find(run_id, RULE)), find(run_id, SCORES)
    if rule is None or scores is None:
        raise _no_swap(f"run {run_id[:12]} has no scores, or no threshold.")
    try:
        frame = _columns(scores)
        return judge(frame, rule).take(frame["repeat"] == frame["repeat"].min())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _no_swap(f"the record of run {run_id[:12]} is of another version.") from error


def _columns(path: Path) -> Frame:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def _json(path: Path | None) -> dict[str, Any] | None:
    """Return an object out of a file, None where it is none."""
    if path is None:
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _no_swap(problem: str) -> RequestError:
    return RequestError(Fault("swap set", problem))
