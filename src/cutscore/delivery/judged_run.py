"""A recorded run read back: the rows that it judged, their decisions and their costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.cost.matrix import COLUMNS, ENTRIES, CostMatrix
from cutscore.delivery.finding import model_folder
from cutscore.delivery.registry import MODEL, resolve
from cutscore.errors import Fault, RequestError, blaming
from cutscore.records import exact_weights
from cutscore.records.decision import DecisionRule, rule_from_json
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.record_spec import FAILURE_TAG, KIND_TAG, PRUNED_TAG, WEIGHT, is_ours
from cutscore.report.threshold_json import SCHEMA_VERSION
from cutscore.runs.liveness import judge_life
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunDetail

SCORES, DOCUMENT = "oof_scores.parquet", "threshold.json"
Frame = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class JudgedRun:
    """A run whose rows can be judged again.

    Attributes
    ----------
    detail : what the store holds on it
    document : its `threshold.json`
    entries : all its entries, those of later passes over the rows too
    repeat : the pass of each entry, shape (entries,)
    model_score : the scores as the model gave them, shape (entries,)
    """

    detail: RunDetail
    document: Mapping[str, Any]
    entries: JudgedRows
    repeat: npt.NDArray[np.int64]
    model_score: npt.NDArray[np.float64]

    @property
    def rows(self) -> JudgedRows:
        """The entries of the first pass: each row once."""
        return self.entries.take(self.repeat == self.repeat.min())

    @property
    def passes(self) -> int:
        """How many passes over the rows there were."""
        return len(np.unique(self.repeat))


def find_judged(store: RunStore, word: str, folder: Path, setting: str = "RUN") -> JudgedRun:
    """Read the run that a word stands for; `folder` is where its files may be put.

    Parameters
    ----------
    word
        A run's id, the beginning of it, its name; a version of the registry or an alias.
    setting
        What the command calls it, for messages.

    Raises
    ------
    RequestError
        If there is no such run, or it holds no rows that can be judged.
    """
    if (found := model_folder(Path(word))) is not None:
        problem = f"{found} is a kept model, which holds no scores."
        raise RequestError(Fault(setting, problem, "Name the run that it came from."))
    with blaming(setting, MODEL):
        named = resolve(store, word)
    run_id = named.version.run_id if named.version is not None else named.run and named.run.run_id
    detail = store.read(run_id or word)
    if problem_and_remedy := _unfit(detail):
        raise RequestError(Fault(setting, *problem_and_remedy))
    return _read(store, detail, folder, setting)


def _unfit(detail: RunDetail) -> tuple[str, str] | None:
    """Return why a run has nothing to judge and what to do, None if it may have."""
    summary, tags = detail.summary, detail.summary.tags
    name, again = f'"{summary.name}"', f"Run it again: cutscore rerun {summary.run_id[:12]}."
    if not is_ours(tags):
        return f"{name} is not a run of Cutscore.", "Name one that `cutscore run` made."
    if KIND_TAG in tags:
        best = tags.get("best_run", "")
        remedy = f"Name one of them; the best is {best[:12]}." if best else "Name one of them."
        return f"{name} only holds other runs together.", remedy
    if summary.open:
        life = judge_life(tags)
        if life.dead:
            return f"{name} says RUNNING, but {life.reason}.", "Close it: cutscore store reap."
        return f"{name} is still running ({life.reason}).", "Wait until it has ended."
    if summary.status != "FINISHED":
        why = tags.get(PRUNED_TAG) or tags.get(FAILURE_TAG) or "it does not say why"
        return f"{name} ended {summary.status}: {' '.join(why.split())[:200]}.", again
    absent = {SCORES, DOCUMENT} - {file.path for file in detail.artifacts}
    if absent:
        return f"{name} has no {' and no '.join(sorted(absent))}.", again
    return None


def _read(store: RunStore, detail: RunDetail, folder: Path, setting: str) -> JudgedRun:
    """Read scores and decision rule."""
    summary, run_id = detail.summary, detail.summary.run_id
    again = f"Run it again: cutscore rerun {run_id[:12]}."
    found = [store.download(run_id, name, folder) for name in (DOCUMENT, SCORES)]
    try:
        text, scores = (path for path in found if path is not None)
        document = json.loads(text.read_text(encoding="utf-8"))
        if document.get("schema_version") != SCHEMA_VERSION:
            made = summary.tags.get("cutscore_version", "an unknown version")
            problem = (
                f'"{summary.name}" was recorded by Cutscore {made} in a form that is not read.'
            )
            raise RequestError(Fault(setting, problem, again))
        frame = read_frame(scores)
        entries, repeat = judged_rows(frame, document), frame["repeat"].astype(np.int64)
        return JudgedRun(detail, document, entries, repeat, frame["score"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = (
            f'the scores of "{summary.name}" cannot be read ({type(error).__name__}: {error}).'
        )
        raise RequestError(Fault(setting, problem, again)) from error


def read_frame(path: Path) -> Frame:
    """Return the columns of a Parquet file; what Arrow cannot read is a ValueError or OSError."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return {name: table.column(name).to_numpy() for name in table.column_names}


def judged_rows(frame: Frame, document: Mapping[str, Any]) -> JudgedRows:
    """Return the entries of a table of scores, decided as a `threshold.json` says."""
    if set(COLUMNS) <= set(frame):
        costs = CostMatrix(*(frame[name] for name in COLUMNS))
    else:
        costs = CostMatrix(*(float(document["costs"][name]) for name in ENTRIES))
    rule = rule_from_json(document["decision"]["rule"])
    return _rows(frame, frame["fold"].astype(np.int64), costs, rule)


def outer_rows(frame: Frame) -> JudgedRows:
    """Return outer rows from their table, which says who was flagged but not what rows cost."""
    return _rows(frame, np.zeros(len(frame["row"]), np.int64), CostMatrix(0.0, 0.0, 0.0, 0.0))


def _rows(
    frame: Frame, part: npt.NDArray[np.int64], costs: CostMatrix, rule: DecisionRule | None = None
) -> JudgedRows:
    """Return the rows of a table, flagged by a rule or else as the table says."""
    score = frame.get("calibrated", frame["score"])
    costs = costs.weighed(exact_weights(frame[WEIGHT]) if WEIGHT in frame else None)
    return JudgedRows(
        ids=frame["row"],
        target=frame["target"].astype(np.int8),
        score=score,
        probability=frame.get("cross_calibrated", score),
        flagged=rule.flag(score, costs) if rule else frame["flagged"].astype(np.bool_),
        part=part,
        costs=costs,
    )
