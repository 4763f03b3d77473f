"""Final deliveries of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cutscore.config.compose import Composer
from cutscore.errors import Fault, RequestError
from cutscore.report.record_spec import KIND_TAG
from cutscore.rerun.choosing import RunSelection
from cutscore.rerun.rerunning import rerun
from cutscore.rerun.results import RerunResult
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunDetail

FILES = (
    "model_card.html",
    "model_card.md",
    "threshold.json",
    "train_predictions.csv",
    "submission.csv",
    "feature_importance.csv",
    "feature_importance.png",
    "reasons.csv",
    "beeswarm.png",
    "dependence.png",
    "confusion_matrix.png",
    "roc_curve.png",
    "pr_curve.png",
    "cost_curve.png",
    "calibration.png",
)
MODEL = "model"


@dataclass(frozen=True)
class Delivered:
    """A delivery: how it compares with its run, the new run, and what was copied to a folder."""

    made: RerunResult
    detail: RunDetail | None
    copied: tuple[Path, ...] = ()


def deliver(
    store: RunStore,
    run: str,
    overrides: Sequence[str],
    composer: Composer,
    stderr: Console,
    out: Path | None = None,
) -> Delivered:
    """Make the final delivery of a run.

    Raises
    ------
    RequestError
        If there is no such run, it cannot be made again or kept, or `out` is not an empty folder.
    """
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        problem = f'"{out}" is there already.'
        raise RequestError(Fault("--out", problem, "Name a folder that is new or empty."))
    detail = store.read(run)
    if KIND_TAG in detail.summary.tags:
        best = detail.summary.tags.get("best_run", "")
        problem = f"{detail.summary.name} only holds other runs together."
        raise RequestError(Fault("RUN", problem, f"Deliver one of them: {best}" if best else ""))
    selection = RunSelection((detail.summary.run_id,), None, None, None, None)
    (made,) = rerun(store, selection, overrides, composer, stderr, delivery=True).results
    if made.outcome.status != "complete":
        return Delivered(made, None)
    copied = () if out is None else _copy(store, made.outcome.run_id, out)
    return Delivered(made, store.read(made.outcome.run_id), copied)


def _copy(store: RunStore, run_id: str, out: Path) -> tuple[Path, ...]:
    """Copy what is delivered to a folder, and return it."""
    out.mkdir(parents=True, exist_ok=True)
    found = [store.download(run_id, name, out) for name in FILES]
    model = store.model(run_id, out)
    found.append(None if model is None else model.rename(out / MODEL))
    return tuple(path for path in found if path is not None)
