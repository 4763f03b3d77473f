"""`cutscore runs ...`: the store read back."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cutscore.cli.send import send
from cutscore.cli.store import StoreOption, address_of
from cutscore.cli.viewing import ArtifactsOption, progress_bar, view_of
from cutscore.errors import RequestError

PLAIN_WIDTH = 160  # where output is no terminal, nothing has to be cut

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from rich.console import Console
    from rich.table import Table

    from cutscore.runs.reading import RunDetail, RunSummary

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

WIDE = 100
LISTED = (
    ("roc_auc", "AUC", ".4f"),
    ("threshold", "threshold", ".4f"),
    ("crossfit_cost", "cost", ",.0f"),
    ("crossfit_savings", "savings", ".1%"),
)

app = typer.Typer(help="Read the store: list, show, compare, export.", no_args_is_help=True)
app.command("send")(send)


@app.command("list")
def list_(
    experiment: Annotated[str | None, typer.Option(help="Only this MLflow experiment.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many runs, newest first.")] = 50,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs, newest first.

    Example: cutscore runs list --experiment quickstart
    """
    from cutscore.runs.reading import list_runs

    runs = list_runs(_client(store), experiment, limit=limit)
    if as_json:
        print(json.dumps([asdict(run) for run in runs], indent=2))
    else:
        console = _console()
        console.print(_runs_table(runs, wide=console.width >= WIDE), highlight=False)


@app.command("show")
def show(
    run: Annotated[str, typer.Argument(help="A run id, the beginning of one, or a run's name.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show all that a run left behind, and what its record lacks.

    Example: cutscore runs show exp03_cv_domain_none --json
    """
    from cutscore.runs.reading import missing_from_record, show_run

    detail = show_run(_client(store), run)
    missing = missing_from_record(detail)
    if as_json:
        print(json.dumps({**asdict(detail), "missing": missing}, indent=2))
    else:
        console = _console()
        for part in (*_detail_tables(detail), _verdict(detail, missing)):
            console.print(part, highlight=False)


@app.command("compare")
def compare_(
    first: Annotated[str, typer.Argument(metavar="RUN_A", help="A run id, prefix or name.")],
    second: Annotated[str, typer.Argument(metavar="RUN_B", help="The run to set beside it.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set two runs side by side, and say why their thresholds differ.

    Example: cutscore runs compare exp01_cv_baseline_none exp03_cv_domain_none
    """
    from cutscore.cli.comparison import comparison_parts
    from cutscore.runs.comparing import compare
    from cutscore.runs.reading import show_run

    client = _client(store)
    found = compare(show_run(client, first), show_run(client, second))
    if as_json:
        print(json.dumps(asdict(found), indent=2))
        return
    console = _console()
    for part in comparison_parts(found):
        console.print(part, highlight=False)


@app.command("export")
def export(
    form: Annotated[str, typer.Option("--format", help="csv, parquet or json.")] = "csv",
    out: Annotated[
        Path | None, typer.Option(help="The file to write; otherwise the terminal.")
    ] = None,
    experiment: Annotated[str | None, typer.Option(help="Only this MLflow experiment.")] = None,
    store: StoreOption = None,
    artifacts: ArtifactsOption = None,
) -> None:
    """Write the inventory of all runs, one row each: labels, figures, files, state.

    Example: cutscore runs export --out runs.csv
    """
    from cutscore.care.export import check_form, rows, write_rows
    from cutscore.care.findings import counted

    check_form(form, out)
    view = view_of(store, artifacts, "--store")
    with progress_bar("runs") as heard:
        table = rows(view.contents, view.files, experiment, heard)
    text = write_rows(table, form, out)
    if out is None:
        sys.stdout.write(text)
    else:
        print(f"{counted(len(table), 'run')} written to {out}", file=sys.stderr)


def _client(store: str | None) -> MlflowClient:
    """Return a client for a store that is there."""
    from cutscore.runs.client import open_client
    from cutscore.runs.init import check_store

    uri = address_of(store).uri
    try:
        check_store(uri)
    except RequestError as error:  # whoever reads has given a flag, no setting
        faults = [replace(fault, setting="--store") for fault in error.faults]
        raise RequestError(faults) from error
    return open_client(uri)


def _console() -> Console:
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)


def _runs_table(runs: list[RunSummary], *, wide: bool) -> Table:
    """Return one line per run; a narrow terminal does without the experiment."""
    from rich import box
    from rich.table import Table

    title = f"{len(runs)} runs, newest first"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("id", "name", *(["experiment"] if wide else []), "status"):
        table.add_column(heading, overflow="fold")
    for _, heading, _ in LISTED:
        table.add_column(heading, justify="right", no_wrap=True)
    for run in runs:
        finished = run.complete or run.status != "FINISHED"
        status = run.status.lower() if finished else "finished, incomplete"
        figures = [_figure(run.metrics.get(key), form) for key, _, form in LISTED]
        names = [run.name, run.experiment] if wide else [run.name]
        table.add_row(run.run_id[:8], *names, status, *figures)
    return table


def _detail_tables(detail: RunDetail) -> list[Table]:
    from rich.table import Table

    run = detail.summary
    head = Table(title=f"{run.name}  ({run.run_id})", title_justify="left", show_header=False)
    head.add_row("experiment", run.experiment)
    head.add_row("status", run.status)
    head.add_row("started", run.started)
    for name, tag in run.tags.items():
        if not name.startswith("mlflow."):
            head.add_row(name, tag)
    metrics = Table(title="metrics", title_justify="left")
    metrics.add_column("metric")
    metrics.add_column("value", justify="right")
    metrics.add_column("by fold")
    for name, value in run.metrics.items():
        steps = detail.history.get(name, {})
        metrics.add_row(name, f"{value:,.6g}", "  ".join(f"{v:,.5g}" for v in steps.values()))
    params = Table(title="params", title_justify="left", show_header=False)
    for name, text in detail.params.items():
        params.add_row(name, text)
    files = Table(title=f"artifacts in {detail.artifact_uri}", title_justify="left")
    files.add_column("file")
    files.add_column("bytes", justify="right")
    for file in detail.artifacts:
        files.add_row(file.path, f"{file.size:,}")
    return [head, params, metrics, files]


def _verdict(detail: RunDetail, missing: list[str]) -> str:
    lines = [f"model: {model}" for model in detail.models]
    if missing:
        lines.append(f"[red]Missing from the record:[/red] {', '.join(missing)}")
    else:
        lines.append("[green]Nothing is missing from the record.[/green]")
    if detail.namesakes:
        lines.append(f"Older runs of this name: {', '.join(i[:8] for i in detail.namesakes)}")
    return "\n".join(lines)


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
