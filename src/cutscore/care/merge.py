"""Merging stores without loss: all of it, or nothing.

The whole merge is first done on a copy of the target's database, which finds every conflict
before anything is written. Then files are copied to hidden folders, the same rows are written in
one transaction, everything is checked inside it, files are renamed into place, and the commit is
the step that counts (`merge_journal`).
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from cutscore.care.database import integrity_faults
from cutscore.care.holdings import missing_files, unread_files
from cutscore.care.leave_out import part_faults, uncovered_faults
from cutscore.care.merge_checks import Plans, check_rows, check_unchanged
from cutscore.care.merge_memory import recall, remember, state_of_sources
from cutscore.care.merge_plan import plan_source, unit_faults
from cutscore.care.merge_report import MergeReport, SourceReport
from cutscore.care.merge_rows import write_source
from cutscore.care.merge_source import Opened, opened_source
from cutscore.care.merge_staging import (
    check_space,
    make_journal,
    needed_space,
    stage,
    units_with_files,
)
from cutscore.care.merge_target import (
    MergeRequest,
    MergeTarget,
    Seen,
    back_up,
    backup_path,
    check_request,
    check_target,
    connect,
    held,
    start_from,
)
from cutscore.care.rules import UNITS
from cutscore.errors import Fault, RequestError, StoreError
from cutscore.runs.merge_journal import (
    Journal,
    committed,
    finish,
    interrupted,
    move_into_place,
    repair,
    undo,
    write_journal,
)
from cutscore.runs.schema import create_database
from cutscore.runs.sqlite import is_empty

Note = Callable[[str], None]


def merge_stores(request: MergeRequest, note: Note) -> MergeReport:
    """Merge stores into the target; `note` hears of the progress.

    Raises
    ------
    RequestError
        If a store cannot be read or written, holds what there is no rule for, or a run differs
        in both. Nothing is written then.
    StoreError
        If the merge fails on the way. The target is as it was then.
    """
    started = time.monotonic()
    check_request(request)
    with ExitStack() as stack:
        if request.dry_run:
            if interrupted(request.target):
                note("an interrupted merge has left files; the next real merge clears them")
        else:
            stack.enter_context(held(request.target))
            repaired = repair(request.target)
            if repaired:
                note(repaired)
        created = is_empty(request.target)
        state = state_of_sources(request)
        known = None if created else recall(request, state)
        if known is not None:
            note("neither the target nor a source has changed since they were merged")
            return _report(request, known, started)
        check_target(request.target)
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cutscore-")))
        sources: list[Opened] = []
        for number, path in enumerate(request.sources):
            folder = temporary / str(number)
            folder.mkdir()
            opened = opened_source(path, folder, request.extra, note, request.leave_out)
            sources.append(stack.enter_context(opened))
        note("trying the merge on a copy of the target")
        scratch = temporary / "target.db"
        seen: Seen = {}
        plans, reports, changed = _rehearse(request, sources, scratch, seen)
        backup: Path | None = None
        if changed and not request.dry_run:
            backup = None if created else backup_path(request.target)
            reports = _execute(request, plans, backup, scratch, seen, note)
        if not request.dry_run and not is_empty(request.target):
            remember(request, state, reports)
        return _report(request, reports, started, changed=changed, created=created, backup=backup)


def _report(
    request: MergeRequest,
    sources: Sequence[SourceReport],
    started: float,
    *,
    changed: bool = False,
    created: bool = False,
    backup: Path | None = None,
) -> MergeReport:
    return MergeReport(
        target=str(request.target),
        dry_run=request.dry_run,
        changed=changed,
        created=created,
        backup=None if backup is None else str(backup),
        sources=tuple(sources),
        seconds=time.monotonic() - started,
    )


def _rehearse(
    request: MergeRequest, sources: Sequence[Opened], scratch: Path, seen: Seen
) -> tuple[Plans, list[SourceReport], bool]:
    """Do the merge on a copy of the target's database.

    Raises
    ------
    RequestError
        If a source holds what there is no rule for, or a run or model differs in both stores.
    """
    if is_empty(request.target):
        create_database(scratch)
    else:
        with closing(connect(request.target)) as real, closing(sqlite3.connect(scratch)) as copy:
            real.backup(copy)
    with closing(connect(scratch)) as connection:
        damage = integrity_faults(connection)
        if damage:
            problem = f"{request.target} is damaged: {damage[0]}."
            raise RequestError(Fault("--into", problem, "Restore it from a backup."))
        faults = part_faults(request.leave_out, [source.connection for source in sources])
        faults += [
            fault
            for source in sources
            for fault in uncovered_faults(str(source.path), source.connection, connection)
        ]
        if faults:
            raise RequestError(faults)
        target = MergeTarget(connection, request.target.parent, seen=seen)
        connection.execute("BEGIN")
        connection.execute("PRAGMA defer_foreign_keys = ON")
        before = connection.total_changes
        # Of one source alone, only the plan is needed: its rows are checked before the commit.
        whole = request.dry_run or len(sources) > 1
        plans, reports = _write_all(request, sources, target, whole=whole)
        changed = connection.total_changes != before
        if whole or not changed:
            check_rows(target, plans, reports)
        connection.rollback()
    return plans, reports, changed


def _write_all(
    request: MergeRequest, sources: Sequence[Opened], target: MergeTarget, *, whole: bool
) -> tuple[Plans, list[SourceReport]]:
    """Plan and write source after source, each against what those before have left."""
    plans: Plans = []
    reports: list[SourceReport] = []
    for source in sources:
        lost = tuple(map(str, source.lost))
        report = SourceReport(str(source.path), source.name, source.upgraded, lost)
        report.left_behind.update(source.left_behind)
        plan = plan_source(target, source, report, keep_target=request.keep_target)
        faults = unit_faults([(source, plan)])
        if faults:
            raise RequestError(faults)
        write_source(target, source, plan, report, whole=whole)
        for kind in UNITS:
            holdings = source.holdings[kind]
            report.missing.update(missing_files(source.connection, kind, holdings))
            report.unread.update(unread_files(holdings))
        plans.append((source, plan))
        reports.append(report)
    return plans, reports


def _execute(
    request: MergeRequest,
    plans: Plans,
    backup: Path | None,
    scratch: Path,
    seen: Seen,
    note: Note,
) -> list[SourceReport]:
    """Carry the merge out; on any failure the target is left as it was.

    Without a `backup` there is no target yet: it begins as a copy of `scratch`, which is empty.
    """
    work = units_with_files(plans)
    needed = needed_space(
        request.target, [source for source, _ in plans], work, backup=backup is not None
    )
    check_space(needed)
    journal = make_journal(request.target, work, backup=backup, created=backup is None)
    write_journal(journal)
    try:
        if backup is None:
            start_from(scratch, request.target)
        else:
            back_up(request.target, backup)
        stage(journal, work, note)
        os.sync()  # the database's commit is on the disk at once: the files must be before it
        check_unchanged(plans)
        note("writing")
        reports = _commit(request, plans, journal, seen)
    except BaseException as error:
        if committed(journal):  # interrupted just after the step that counts
            finish(journal)
        else:
            undo(journal)
        if isinstance(error, sqlite3.Error | OSError):
            raise StoreError(f"the merge failed ({error}); the target is as it was.") from error
        raise
    finish(journal)
    return reports


def _commit(
    request: MergeRequest, plans: Plans, journal: Journal, seen: Seen
) -> list[SourceReport]:
    """Write all rows in one transaction, check them, put files into place, and commit.

    `seen` spares reading the target's files again while it is locked.
    """
    with closing(connect(request.target)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA defer_foreign_keys = ON")
        try:
            target = MergeTarget(connection, request.target.parent, seen=seen)
            broken = set(connection.execute("PRAGMA foreign_key_check").fetchall())
            again, reports = _write_all(request, [s for s, _ in plans], target, whole=True)
            if [plan for _, plan in again] != [plan for _, plan in plans]:
                raise StoreError("the target changed meanwhile; nothing was merged. Try again.")
            check_rows(target, again, reports)
            if set(connection.execute("PRAGMA foreign_key_check").fetchall()) - broken:
                raise StoreError("rows would point at nothing; nothing was merged.")
            damage = integrity_faults(connection)
            if damage:
                raise StoreError(f"the database would be damaged ({damage[0]}).")
            connection.execute(f"PRAGMA user_version = {journal.mark}")
            move_into_place(journal)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.rollback()
            raise
    return reports
