"""What the run leaves behind that holds several reruns together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cutscore.report.items import Item, Metric, Param, TableFile
from cutscore.rerun.agreement import RerunVerdict
from cutscore.rerun.results import FAILED, RerunResult


def parent_items(made: Sequence[RerunResult]) -> Iterator[Item]:
    """Yield how many reruns came out how, and every figure side by side."""
    yield Param("runs", len(made))
    verdicts = [one.verdict for one in made]
    for verdict in (RerunVerdict.EQUAL, RerunVerdict.CLOSE, RerunVerdict.DIFFERENT, FAILED):
        yield Metric(f"reruns_{verdict.replace(' ', '_')}", verdicts.count(verdict))
    yield TableFile(
        "reruns.csv",
        {
            "name": np.array([one.original.name for one in made]),
            "run_id": np.array([one.original.run_id for one in made]),
            "rerun_id": np.array([one.outcome.run_id for one in made]),
            "verdict": np.array(verdicts),
            "scores": np.array([_scores(one) for one in made]),
        },
    )
    rows = [
        (one.original.run_id, figure)
        for one in made
        if one.agreement is not None
        for figure in one.agreement.metrics
    ]
    figures = [figure for _, figure in rows]
    yield TableFile(
        "comparison.csv",
        {
            "run_id": np.array([run_id for run_id, _ in rows], dtype=str),
            "metric": np.array([figure.name for figure in figures], dtype=str),
            "fold": np.array([np.nan if f.fold is None else f.fold for f in figures], dtype=float),
            "first": np.array([_number(f.first) for f in figures], dtype=float),
            "rerun": np.array([_number(f.second) for f in figures], dtype=float),
            "verdict": np.array([str(figure.verdict) for figure in figures], dtype=str),
        },
    )


def _scores(made: RerunResult) -> str:
    return FAILED if made.agreement is None else str(made.agreement.scores.verdict)


def _number(value: float | None) -> float:
    return np.nan if value is None else value
