"""Runs of a store in tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cutscore.cli.metric_text import metric_text
from cutscore.metrics.catalogue import in_order, shown
from cutscore.metrics.metric_spec import MetricView
from cutscore.report.record_spec import PRUNED_TAG, is_ours
from cutscore.runs.values import RunDetail, RunSummary

WIDE = 100


def runs_table(runs: Sequence[RunSummary], width: int) -> Table:
    """Return one line per run; a narrow terminal does without the experiment."""
    title, wide = f"{len(runs)} runs, newest first", width >= WIDE
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("id", "name", *(["experiment"] if wide else []), "status"):
        table.add_column(heading, overflow="fold")
    columns = shown(MetricView.LIST)
    for spec in columns:
        table.add_column(spec.column, justify="right", no_wrap=True)
    for run in runs:
        names = [run.name, run.experiment] if wide else [run.name]
        figures = [metric_text(spec, run.metrics) for spec in columns]
        table.add_row(run.run_id[:8], *map(Text, names), status_text(run), *figures)
    return table


def status_text(run: RunSummary) -> str:
    """Return how a run ended, and whether it says so itself."""
    if PRUNED_TAG in run.tags:
        return "pruned"
    finished = run.complete or run.status != "FINISHED" or not is_ours(run.tags)
    return run.status.lower() if finished else "finished, incomplete"


def detail_tables(detail: RunDetail, missing: Sequence[str]) -> Iterator[RenderableType]:
    """Yield everything that a store holds on a run, metrics in the order of the catalogue."""
    run = detail.summary
    tags = {name: tag for name, tag in run.tags.items() if not name.startswith("mlflow.")}
    head = {"experiment": run.experiment, "status": run.status, "started": run.started}
    yield _pairs(f"{run.name}  ({run.run_id})", {**head, **tags})
    metrics = Table(title="metrics", title_justify="left")
    metrics.add_column("metric")
    metrics.add_column("value", justify="right")
    metrics.add_column("by fold")
    for name in in_order(run.metrics):
        steps = detail.history.get(name, {})
        by_fold = "  ".join(f"{value:,.5g}" for value in steps.values())
        metrics.add_row(Text(name), f"{run.metrics[name]:,.6g}", by_fold)
    yield _pairs("params", detail.params)
    yield metrics
    yield Text(f"artifacts in {detail.artifact_uri}", style="italic")
    files = Table()
    files.add_column("file")
    files.add_column("bytes", justify="right")
    for file in detail.artifacts:
        files.add_row(Text(file.path), f"{file.size:,}")
    yield files
    for model in detail.models:
        yield Text(f"model: {model}")
    yield missing_text(missing)
    if detail.namesakes:
        yield Text(f"Older runs of this name: {', '.join(i[:8] for i in detail.namesakes)}")


def missing_text(missing: Sequence[str]) -> Text:
    """Return what the record lacks."""
    if not missing:
        return Text("Nothing is missing from the record.", style="green")
    return Text.assemble(("Missing from the record: ", "red"), ", ".join(missing))


def _pairs(title: str, pairs: dict[str, str]) -> Table:
    table = Table(title=Text(title), title_justify="left", show_header=False)
    for name, text in pairs.items():
        table.add_row(Text(name), Text(text))
    return table
