"""`cutscore store audit`, `reap` and `prune`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cutscore.cli.viewing import (
    SETTING,
    ArtifactsOption,
    StoreArgument,
    progress_bar,
    run_store,
    view_of,
)
from cutscore.errors import Fault, RequestError

if TYPE_CHECKING:
    from cutscore.care.selection import Filters

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


def audit(
    store: StoreArgument = None, artifacts: ArtifactsOption = None, as_json: JsonOption = False
) -> None:
    """Hold every run, file, model and version of a store against what it should be.

    Nothing is written. Reads stores of older MLflow versions and other systems, and folders of
    MLflow's old file store. Exit code 1 when anything is wrong.

    Example: cutscore store audit ../old/mlruns --json
    """
    from cutscore.care.audit import audit as audited
    from cutscore.cli.audit_text import print_audit
    from cutscore.runs.liveness import judge_life

    view = view_of(store, artifacts)
    with progress_bar("runs") as report:
        found = audited(view, judge_life, report)
    if as_json:
        body = {**asdict(found), "clean": found.clean, "by_kind": found.by_kind()}
        print(json.dumps(body, indent=2))
    else:
        print_audit(found)
    if not found.clean:
        raise typer.Exit(1)


def reap(
    store: StoreArgument = None,
    dry_run: DryRun = False,
    foreign_older_than: Annotated[
        float | None,
        typer.Option(
            metavar="HOURS",
            help="Also close runs that do not say which process writes them, if nothing has "
            "happened in them for so many hours.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Close runs that say RUNNING though their process is dead, with the reason.

    On this machine the process table decides; of other machines a sign of life older than five
    minutes. A run that may live is left alone.

    Example: cutscore store reap --dry-run
    """
    from cutscore.care.prune import refusals_told
    from cutscore.care.reap import reap as reaped
    from cutscore.cli.care_text import print_reaped
    from cutscore.runs.liveness import judge_life

    if foreign_older_than is not None and not foreign_older_than > 0:
        problem = f"it is a number of hours above 0, got {foreign_older_than:g}."
        raise RequestError(Fault("--foreign-older-than", problem))
    after = None if foreign_older_than is None else timedelta(hours=foreign_older_than)
    with refusals_told():
        found = reaped(
            run_store(store, SETTING), judge_life, unclaimed_after=after, dry_run=dry_run
        )
    if as_json:
        print(json.dumps({"dry_run": dry_run, "runs": [asdict(run) for run in found]}, indent=2))
    else:
        print_reaped(found, dry_run=dry_run)


def prune(
    store: StoreArgument = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Runs of Cutscore whose record is not whole.")
    ] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Runs that failed or were killed.")
    ] = False,
    pruned: Annotated[
        bool, typer.Option("--pruned", help="Trials that a search gave up early.")
    ] = False,
    where: Annotated[
        str | None,
        typer.Option(help='A condition in MLflow\'s search language: "metrics.roc_auc < 0.6".'),
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="Ended longer ago than this: 12h, 30d, 4w.")
    ] = None,
    experiment: Annotated[str | None, typer.Option(help="Only this MLflow experiment.")] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Delete for good what lies in the trash.")
    ] = False,
    undo: Annotated[
        str | None, typer.Option(metavar="TIME", help="Take this batch of the trash back.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it. Without it, it is only shown.")
    ] = False,
    dry_run: DryRun = False,
    artifacts: ArtifactsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete runs by filter; without --yes it is only shown which.

    Of --incomplete, --failed and --pruned any must fit, of the other filters all. A run is marked
    as deleted in MLflow and its files go to trash/TIME beside the database; --undo TIME takes
    that back, --empty deletes it for good. Runs behind a registered version, pinned ones (tag
    cutscore.pin), parents and best runs of runs that stay, and runs that may live are left.

    Example: cutscore store prune --failed --older-than 30d --yes
    """
    from cutscore.care.prune import refusals_told
    from cutscore.care.selection import Filters
    from cutscore.cli import care_work

    filters = Filters(incomplete, failed, pruned, where, older_than, experiment)
    _check_words(filters, empty=empty, undo=undo, yes=yes, dry_run=dry_run)
    with refusals_told():
        place = care_work.store_location(store, artifacts)
        if empty:
            care_work.empty_trash(place, do=yes, as_json=as_json)
        elif undo is not None:
            care_work.take_back(place, undo, as_json=as_json)
        else:
            care_work.prune_runs(place, filters, do=yes, as_json=as_json)


def _check_words(
    filters: Filters, *, empty: bool, undo: str | None, yes: bool, dry_run: bool
) -> None:
    """Check that the words of a pruning do not contradict each other."""
    faults = []
    if yes and dry_run:
        faults.append(Fault("--dry-run", "it contradicts --yes.", "Give one of the two."))
    if empty and undo is not None:
        faults.append(Fault("--undo", "it contradicts --empty.", "Give one of the two."))
    if (empty or undo is not None) and filters.given():
        word = "--empty" if empty else "--undo"
        problem = "it takes no filters: it works on what lies in the trash."
        faults.append(Fault(word, problem, "Leave the filters out."))
    if faults:
        raise RequestError(faults)
