"""`cutscore store reap` and `prune` for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from cutscore.care.findings import counted
from cutscore.care.trash import TRASH
from cutscore.cli.console import output

if TYPE_CHECKING:
    from cutscore.care.contents import Contents
    from cutscore.care.prune import PruneResult
    from cutscore.care.reap import Reaped
    from cutscore.care.selection import Selection
    from cutscore.care.trash import TrashBatch, TrashedRun

SHOWN = 50


def print_reaped(found: Sequence[Reaped], *, dry_run: bool) -> None:
    """Print what became of the runs that said RUNNING."""
    if not found:
        print("No run says RUNNING.")
        return
    verb = "would be closed" if dry_run else "closed"
    table = _table(
        f"{counted(len(found), 'run')} said RUNNING", "id", "name", "experiment", "now", "why"
    )
    for run in found:
        now = f"{run.status} ({verb})" if run.closed else "RUNNING, left alone"
        table.add_row(run.run_id[:8], run.name, run.experiment, now, run.reason)
    output().print(table)
    closed = sum(run.closed for run in found)
    print(f"{closed} {verb}, {len(found) - closed} left alone.")


def print_selection(
    runs: Sequence[TrashedRun], chosen: Selection, contents: Contents, folder: Path, *, done: bool
) -> None:
    """Print which runs are deleted, which fit and are left, and what comes next."""
    if not runs and not chosen.left:
        print("No run fits.")
        return
    if runs:
        verb = "deleted" if done else "would be deleted"
        table = _table(
            f"{counted(len(runs), 'run')} {verb}", "id", "name", "experiment", "why", "folders"
        )
        for run in runs[:SHOWN]:
            words = (run.name, run.experiment, run.reason)
            table.add_row(run.run_id[:8], *words, str(len(run.moves)))
        output().print(table)
        _print_cut(len(runs))
    if chosen.left:
        table = _table(
            f"left, though asked for: {counted(len(chosen.left), 'run')}", "id", "name", "why"
        )
        for run_id, reason in list(chosen.left.items())[:SHOWN]:
            table.add_row(run_id[:8], contents.runs[run_id].name, reason)
        output().print(table)
        _print_cut(len(chosen.left))
    if done and runs:
        print(f"Their files are in {folder / TRASH}; --undo takes it back, --empty clears it.")
    elif runs:
        print("Nothing was changed. Give --yes to delete them.")


def print_done(done: Sequence[PruneResult]) -> None:
    """Print what became of runs in the trash."""
    if not done:
        print("The trash is empty.")
        return
    table = _table(f"{counted(len(done), 'run')} in the trash", "id", "name", "experiment", "now")
    for entry in done[:SHOWN]:
        now = f"{entry.did}: {entry.problem}" if entry.problem else entry.did
        table.add_row(entry.run_id[:8], entry.name, entry.experiment, now)
    output().print(table)
    _print_cut(len(done))


def print_trash(found: Sequence[tuple[TrashBatch, int]], folder: Path) -> None:
    """Print what lies in the trash."""
    if not found:
        print("The trash is empty.")
        return
    table = _table(f"in {folder / TRASH}", "time", "runs", "bytes")
    for batch, size in found:
        table.add_row(batch.title, str(len(batch.runs)), f"{size:,}")
    output().print(table)
    print("Nothing was changed. Give --yes to delete it for good.")


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _print_cut(number: int) -> None:
    if number > SHOWN:
        print(f"... and {number - SHOWN} more; --json lists them all.")
