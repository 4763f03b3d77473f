"""The first screen of a run that holds others together: a sweep, a search, or several reruns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cutscore.cli.metric_text import metric_text
from cutscore.cli.runs_text import status_text
from cutscore.cli.shown_run import ShownRun, cut_list
from cutscore.metrics.catalogue import describe, shown
from cutscore.metrics.metric_spec import MetricView
from cutscore.report.record_spec import KIND_TAG
from cutscore.runs.values import RunSummary

BEST = 10
_COUNTED = ("cells_", "trials_", "reruns_")
_GOAL = re.compile(r"(?P<metric>\w+) \((?P<direction>minimize|maximize)\)")


def parent_sections(run: ShownRun) -> Iterator[tuple[str, Iterator[RenderableType]]]:
    """Yield what was asked, and what came of it."""
    yield run.tags[KIND_TAG], _asked(run)
    yield "outcome", _outcome(run)
    yield "best", _best(run)


def goal_of(run: ShownRun) -> tuple[str, str] | None:
    """Return the metric that the runs below are ranked by and which way is better."""
    if "ranked_by" in run.tags:
        metric = run.tags["ranked_by"]
        return metric, describe(metric).better or "maximize"
    found = _GOAL.match(run.detail.params.get("search.metric", ""))
    return (found["metric"], found["direction"]) if found else None


def _asked(run: ShownRun) -> Iterator[RenderableType]:
    if swept := run.tags.get("swept"):
        yield Text(f"over {swept}")
    params = [f"{key}={value}" for key, value in run.detail.params.items()]
    if params:
        yield Text(cut_list(params, "  "))


def _outcome(run: ShownRun) -> Iterator[RenderableType]:
    counts = [
        f"{value:,.0f} {describe(name).label}"
        for name, value in run.metrics.items()
        if name.startswith(_COUNTED)
    ]
    if counts:
        yield Text(", ".join(counts))
    if advice := run.tags.get("advice"):
        yield Text(advice)
    if parent := run.tags.get("recut_of"):
        yield Text(f"cut anew: {parent}")
    if stopped := run.tags.get("stopped"):
        yield Text(f"stopped because {stopped}")


def _best(run: ShownRun) -> Iterator[RenderableType]:
    best = run.tags.get("best_run")
    if best is None:
        return
    name = next((child.name for child in run.children if child.run_id == best), "")
    yield Text(f"{name} ({best[:12]})".strip(), "bold")
    figures = [n for n in run.metrics if n.startswith("best_")]
    told = [f"{describe(n).label.removeprefix('best ')} {run.text(n)}" for n in figures]
    if told:
        yield Text(", ".join(told))


def children_table(run: ShownRun) -> Table:
    """Return the best of the runs below, or the newest where nothing ranks them."""
    goal = goal_of(run)
    children = ranked(run.children, goal)[:BEST]
    what = f"by {describe(goal[0]).label}" if goal else "newest first"
    title = f"Runs below: {len(children)} of {len(run.children)}, {what}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("id", no_wrap=True, min_width=8)
    table.add_column("name", no_wrap=True)
    columns = [describe(goal[0])] if goal else []
    columns += [spec for spec in shown(MetricView.LIST) if spec not in columns]
    for spec in columns:
        table.add_column(spec.column, justify="right", no_wrap=True)
    for child in children:
        status = status_text(child)
        name = child.name if status == "finished" else f"{child.name} ({status})"
        figures = [metric_text(spec, child.metrics) for spec in columns]
        table.add_row(child.run_id[:8], Text(name), *figures)
    return table


def ranked(runs: Sequence[RunSummary], goal: tuple[str, str] | None) -> list[RunSummary]:
    """Return runs best first; those without the metric are last."""
    if goal is None:
        return list(runs)
    metric, direction = goal
    sign = 1 if direction == "minimize" else -1
    worst = float("inf")
    return sorted(
        runs, key=lambda one: sign * one.metrics[metric] if metric in one.metrics else worst
    )
