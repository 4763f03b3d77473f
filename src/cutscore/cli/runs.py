"""`cutscore runs ...`: the store read back."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cutscore.cli.send import send
from cutscore.cli.store import StoreOption
from cutscore.cli.viewing import ArtifactsOption, progress_bar, run_store, view_of

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

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
    runs = run_store(store).find(experiment, limit=limit)
    if as_json:
        print(json.dumps([asdict(run) for run in runs], indent=2))
        return
    from cutscore.cli.console import output
    from cutscore.cli.runs_text import runs_table

    console = output()
    console.print(runs_table(runs, console.width))


@app.command("show")
def show(
    run: Annotated[str, typer.Argument(help="A run id, the beginning of one, or a run's name.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Print everything that the run left behind.")
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a run was asked for, decided and reached, what it lacks, and how to go on.

    Example: cutscore runs show exp03_cv_domain_none

    Example: cutscore runs show exp03_cv_domain_none --all
    """
    from cutscore.runs.values import missing_from_record

    kept = run_store(store)
    detail = kept.read(run)
    missing = missing_from_record(detail)
    if as_json:
        print(json.dumps({**asdict(detail), "missing": missing}, indent=2))
        return
    from cutscore.cli.console import output
    from cutscore.cli.run_overview import print_overview
    from cutscore.cli.runs_text import detail_tables
    from cutscore.cli.shown_run import gathered

    console = output()
    if not everything:
        print_overview(gathered(kept, detail, missing, store), console)
        return
    for part in detail_tables(detail, missing):
        console.print(part)


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
    from cutscore.cli.console import output
    from cutscore.runs.comparing import compare

    kept = run_store(store)
    found = compare(kept.read(first), kept.read(second))
    if as_json:
        print(json.dumps(asdict(found), indent=2))
        return
    console = output()
    for part in comparison_parts(found):
        console.print(part)


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
    with progress_bar("runs") as report:
        table = rows(view.contents, view.files, experiment, report)
    for line in (
        *view.notes,
        *view.damage,
        *(f"Not read as it stands: {one}" for one in view.lost),
    ):
        print(line, file=sys.stderr)
    text = write_rows(table, form, out)
    if out is None:
        sys.stdout.write(text)
    else:
        print(f"{counted(len(table), 'run')} written to {out}", file=sys.stderr)
