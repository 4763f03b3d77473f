"""What `cutscore rerun` says at its end."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from cutscore.rerun.agreement import Agreement, MetricComparison, RerunVerdict
from cutscore.rerun.results import RerunOutcome, RerunResult


def as_plain(outcome: RerunOutcome) -> dict[str, Any]:
    """Return the outcome as plain values; what is no number is null."""
    return {
        "holds": outcome.holds,
        "parent_id": outcome.parent_id,
        "notes": list(outcome.notes),
        "reruns": [
            {
                "name": made.original.name,
                "run_id": made.original.run_id,
                "rerun_id": made.outcome.run_id or None,
                "verdict": made.verdict,
                "failure": made.outcome.failure or None,
                "filled": list(made.filled),
                **_agreement(made.agreement),
            }
            for made in outcome.results
        ],
    }


def print_reruns(outcome: RerunOutcome, console: Console) -> None:
    """Print every figure of one rerun; of several a line each, and the figures that differ."""
    if len(outcome.results) == 1:
        agreement = outcome.results[0].agreement
        if agreement is not None:
            console.print(_figures_table("figures", agreement.metrics))
    for made in outcome.results:
        if len(outcome.results) > 1 and made.agreement is not None:
            unequal = [f for f in made.agreement.metrics if f.verdict in _SHOWN]
            if unequal:
                console.print(_figures_table(made.original.name, unequal))
    for made in outcome.results:
        console.print(_line(made), soft_wrap=True)
    verdicts = [made.verdict for made in outcome.results]
    if len(verdicts) > 1:
        counts = {word: verdicts.count(word) for word in dict.fromkeys(verdicts)}
        told = ", ".join(f"{count} {word}" for word, count in counts.items())
        console.print(f"{len(verdicts)} reruns: {told}")


_SHOWN = (RerunVerdict.CLOSE, RerunVerdict.DIFFERENT)


def _figures_table(
    title: str, figures: tuple[MetricComparison, ...] | list[MetricComparison]
) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("metric")
    for heading in ("first", "rerun"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for figure in figures:
        name = figure.name if figure.fold is None else f"{figure.name}[{figure.fold}]"
        style = "bold red" if figure.verdict == RerunVerdict.DIFFERENT else None
        values = (_number(figure.first), _number(figure.second))
        table.add_row(name, *values, str(figure.verdict), style=style)
    return table


def _line(made: RerunResult) -> str:
    """Return a run and its rerun in one line."""
    head = f"{made.original.name} ({made.original.run_id[:8]})"
    if made.agreement is None:
        return f"{head}: FAILED: {made.outcome.failure}"
    scores, agreement = made.agreement.scores, made.agreement
    rows = f" ({scores.differing} of {scores.rows} rows" if scores.differing else ""
    if rows:
        known = math.isfinite(scores.largest)
        rows += f", by {scores.largest:.3g} at most)" if known else ")"
    counts = [
        f"{agreement.count(verdict)} figures {verdict}"
        for verdict in RerunVerdict
        if agreement.count(verdict)
    ]
    filled = f"; {len(made.filled)} files that it lacked were copied to it" if made.filled else ""
    told = ", ".join([f"out-of-fold scores {scores.verdict}{rows}", *counts])
    return f"{head}: {agreement.verdict}: {told}; new run {made.outcome.run_id}{filled}"


def _agreement(agreement: Agreement | None) -> dict[str, Any]:
    if agreement is None:
        return {"scores": None, "figures": []}
    scores = asdict(agreement.scores)
    if not math.isfinite(agreement.scores.largest):
        scores["largest"] = None
    return {"scores": scores, "figures": [asdict(figure) for figure in agreement.metrics]}


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.8g}"
