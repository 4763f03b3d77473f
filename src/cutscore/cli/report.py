"""`cutscore report`: what a model validator reads of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cutscore.cli.store import StoreOption


def report(
    run: Annotated[
        str,
        typer.Argument(help="A run: id, beginning of it, or name; a version; an alias."),
    ],
    against: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="A run to compare with: who is decided otherwise."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write. [outputs/report_NAME.html]"),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Add all settings, figures, features and packages.")
    ] = False,
    pdf: Annotated[
        bool,
        typer.Option("--pdf", help="Print a PDF beside it, by an installed Chromium."),
    ] = False,
    store: StoreOption = None,
) -> None:
    """Write the validation report of a run: one HTML file in the order a validator reads.

    It tells data, ranking, gains, calibration by grade, the cut-off with its cost, the swap set
    against no model and against another run, stability, reasons, limits and how to make it again.
    Nothing is changed in the store.

    Example: cutscore report exp03_cv_domain_none

    Example: cutscore report credit@champion --against exp01_cv_baseline_none --pdf
    """
    from cutscore.cli.viewing import run_store
    from cutscore.delivery.printing import find_browser, print_page, report_path, write_whole
    from cutscore.delivery.validating import validation_report

    report_path("", out)
    browser = find_browser() if pdf else None
    words = ("--store", store) if store else ()
    made = validation_report(run_store(store), run, against, full=full, store_words=words)
    path = report_path(made.name, out)
    write_whole(path, made.html)
    print(path)
    if browser is not None:
        print(print_page(browser, path))
