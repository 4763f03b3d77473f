"""Merging stores without loss: all of it, or nothing.

The whole merge is first done on a copy of the target's database, which finds every conflict
before anything is written. Then files are copied to hidden folders, the same rows are written in
one transaction, everything is checked inside it, files are renamed into place, and the commit is
the step that counts (`merge_journal`).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cutscore.errors import CutscoreError, Fault, RequestError, StoreError
from cutscore.store.content import FILES, differing, read_contents
from cutscore.store.database import BUSY_SECONDS, check_header, integrity_faults
from cutscore.store.holdings import missing_files
from cutscore.store.init import create_database
from cutscore.store.locks import locked
from cutscore.store.merge_journal import (
    Journal,
    finish,
    interrupted,
    merge_lock,
    missing_folders,
    move_into_place,
    repair,
    undo,
    write_journal,
)
from cutscore.store.merge_plan import SourcePlan, Target, plan_source, unit_faults
from cutscore.store.merge_report import MergeReport, SourceReport
from cutscore.store.merge_rows import write_source
from cutscore.store.merge_source import KINDS, Opened, opened_source
from cutscore.store.merge_staging import (
    check_space,
    make_journal,
    needed_space,
    stage,
    units_with_files,
)
from cutscore.store.rules import rule_faults, uncovered
from cutscore.store.sqlite import check_file, is_empty

LOCK_SECONDS = 10.0
CACHE_KB = 200_000
Note = Callable[[str], None]
Plans = list[tuple[Opened, SourcePlan]]


@dataclass(frozen=True)
class MergeRequest:
    """Which stores go into which; `extra` are more folders that hold files of the sources.

    `keep_target`: where a run or model differs in both, the target's stays; else the merge is
    refused.
    """

    sources: tuple[Path, ...]
    target: Path
    extra: tuple[Path, ...] = ()
    dry_run: bool = False
    keep_target: bool = False


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
    _check_request(request)
    with ExitStack() as stack:
        if request.dry_run:
            if interrupted(request.target):
                note("an interrupted merge has left files; the next real merge clears them")
        else:
            stack.enter_context(_held(request.target))
            repaired = repair(request.target)
            if repaired:
                note(repaired)
        created = is_empty(request.target)
        _check_target(request.target)
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cutscore-")))
        sources: list[Opened] = []
        for number, path in enumerate(request.sources):
            folder = temporary / str(number)
            folder.mkdir()
            sources.append(stack.enter_context(opened_source(path, folder, request.extra, note)))
        note("trying the merge on a copy of the target")
        scratch = temporary / "target.db"
        plans, reports, changed = _rehearse(request, sources, scratch)
        backup: Path | None = None
        if changed and not request.dry_run:
            backup = None if created else _backup_path(request.target)
            reports = _execute(request, plans, backup, scratch, note)
        return MergeReport(
            target=str(request.target),
            dry_run=request.dry_run,
            changed=changed,
            created=created,
            backup=None if backup is None else str(backup),
            sources=tuple(reports),
            seconds=time.monotonic() - started,
        )


def _rehearse(
    request: MergeRequest, sources: Sequence[Opened], scratch: Path
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
        with closing(_connect(request.target)) as real, closing(sqlite3.connect(scratch)) as copy:
            real.backup(copy)
    with closing(_connect(scratch)) as connection:
        damage = integrity_faults(connection)
        if damage:
            problem = f"{request.target} is damaged: {damage[0]}."
            raise RequestError(Fault("--into", problem, "Restore it from a backup."))
        faults = [
            fault
            for source in sources
            for fault in rule_faults(str(source.path), uncovered(source.connection, connection))
        ]
        if faults:
            raise RequestError(faults)
        target = Target(connection, request.target.parent)
        connection.execute("BEGIN")
        connection.execute("PRAGMA defer_foreign_keys = ON")
        before = connection.total_changes
        # Of one source alone, only the plan is needed: its rows are checked before the commit.
        whole = request.dry_run or len(sources) > 1
        plans, reports = _write_all(request, sources, target, whole=whole)
        if whole:
            _check_rows(target, plans, reports)
        changed = connection.total_changes != before
        connection.rollback()
    return plans, reports, changed


def _write_all(
    request: MergeRequest, sources: Sequence[Opened], target: Target, *, whole: bool
) -> tuple[Plans, list[SourceReport]]:
    """Plan and write source after source, each against what those before have left."""
    plans: Plans = []
    reports: list[SourceReport] = []
    for source in sources:
        report = SourceReport(str(source.path), source.name, source.upgraded)
        plan = plan_source(target, source, report, keep_target=request.keep_target)
        faults = unit_faults([(source, plan)])
        if faults:
            raise RequestError(faults)
        write_source(target, source, plan, report, whole=whole)
        for kind in KINDS:
            holdings = source.holdings[kind]
            report.missing.update(missing_files(source.connection, kind, holdings))
        plans.append((source, plan))
        reports.append(report)
    return plans, reports


def _check_rows(target: Target, plans: Plans, reports: Sequence[SourceReport]) -> None:
    """Compare what was written with the sources, field by field.

    Raises
    ------
    StoreError
        If a run or model is not the same in the target as in its source.
    """
    for number, ((source, plan), report) in enumerate(zip(plans, reports, strict=True)):
        for kind in KINDS:
            skipped = plan.ids(kind, "skip")  # they were compared when they were planned
            replaced = {
                one for _, later in plans[number + 1 :] for one in later.ids(kind, "update")
            }
            written = [one for one in plan.ids(kind, "add", "update") if one not in replaced]
            report.compared += len(skipped) + len(written)
            report.equal += len(skipped)
            for owner, content in read_contents(target.connection, kind, written).items():
                # Files are compared where they are staged.
                expected = {k: v for k, v in source.contents[kind][owner].items() if k != FILES}
                if differing(expected, content):
                    fields = ", ".join(differing(expected, content))
                    raise StoreError(
                        f"{kind} {owner} would not be the same in the target: {fields}"
                    )
                report.equal += 1


def _execute(
    request: MergeRequest, plans: Plans, backup: Path | None, scratch: Path, note: Note
) -> list[SourceReport]:
    """Carry the merge out; on any failure the target is left as it was.

    Without a `backup` there is no target yet: it begins as a copy of `scratch`, which is empty.
    """
    work = units_with_files(plans)
    needed = needed_space(
        request.target, [source.path for source, _ in plans], work, backup=backup is not None
    )
    check_space(needed)
    journal = make_journal(request.target, work, backup=backup, created=backup is None)
    write_journal(journal)
    try:
        if backup is None:
            _start_from(scratch, request.target)
        else:
            _back_up(request.target, backup)
        stage(journal, work, note)
        _check_unchanged(plans)
        note("writing")
        reports = _commit(request, plans, journal)
    except BaseException as error:
        undo(journal)
        if isinstance(error, sqlite3.Error | OSError):
            raise StoreError(f"the merge failed ({error}); the target is as it was.") from error
        raise
    finish(journal)
    return reports


def _commit(request: MergeRequest, plans: Plans, journal: Journal) -> list[SourceReport]:
    """Write all rows in one transaction, check them, put files into place, and commit."""
    with closing(_connect(request.target)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA defer_foreign_keys = ON")
        try:
            target = Target(connection, request.target.parent)
            broken = set(connection.execute("PRAGMA foreign_key_check").fetchall())
            again, reports = _write_all(request, [s for s, _ in plans], target, whole=True)
            if [plan for _, plan in again] != [plan for _, plan in plans]:
                raise StoreError("the target changed meanwhile; nothing was merged. Try again.")
            _check_rows(target, again, reports)
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


def _check_unchanged(plans: Plans) -> None:
    """Check that nobody has written to a source since it was looked at."""
    for source, _ in plans:
        if source.watch.changed():
            raise StoreError(
                f"{source.path} changed while it was read; nothing was merged. "
                "Try again when no run is writing to it."
            )


def _check_request(request: MergeRequest) -> None:
    """Check what can be said of the files before any is opened."""
    faults: list[Fault] = []
    for path in request.sources:
        try:
            check_header(path, "SRC")
        except RequestError as error:
            faults += error.faults
            continue
        if request.target.exists() and path.samefile(request.target):
            problem = f"{path} is the target itself."
            faults.append(Fault("SRC", problem, "Name another store, or another target."))
    for folder in request.extra:
        if not folder.is_dir():
            problem = f"{folder} is no folder."
            faults.append(Fault("--artifacts", problem, "Name the folder that holds the files."))
    if faults:
        raise RequestError(faults)


def _check_target(path: Path) -> None:
    """Check that the target, if it is there, can be written and has the current schema."""
    if is_empty(path):
        return
    try:
        check_file(path)
    except RequestError as error:
        raise RequestError([replace(fault, setting="--into") for fault in error.faults]) from error


@contextmanager
def _held(target: Path) -> Iterator[None]:
    """Hold the merge's lock on a target; folders made for one that fails are removed again."""
    made = missing_folders([target.parent])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{target.parent} cannot be written ({error.strerror})."
        raise RequestError(Fault("--into", problem, "Choose a folder you may write.")) from error
    try:
        with locked(merge_lock(target), LOCK_SECONDS):
            yield
    except RequestError as error:
        faults = [replace(f, setting="--into") if f.setting == "tracking.uri" else f
                  for f in error.faults]  # fmt: skip
        raise RequestError(faults) from error
    except CutscoreError:
        raise
    finally:
        if made and not target.exists():
            merge_lock(target).unlink(missing_ok=True)
            for folder in reversed(made):
                Path(folder).rmdir()


def _start_from(empty: Path, target: Path) -> None:
    """Make the target's database, whole from its first moment."""
    new = target.with_name(f".{target.name}.new-{os.getpid()}")
    try:
        shutil.copyfile(empty, new)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def _back_up(target: Path, backup: Path) -> None:
    """Copy the target's database as it is at this moment."""
    with closing(_connect(target)) as real, closing(sqlite3.connect(backup)) as copy:
        real.backup(copy)


def _backup_path(target: Path) -> Path:
    """Return a name for the backup that is not taken."""
    stamp = datetime.now().astimezone().strftime("%Y%m%dT%H%M%S")
    names = [f"{target.name}.backup-{stamp}{end}" for end in ("", *(f"-{i}" for i in range(2, 99)))]
    return next(path for path in map(target.with_name, names) if not path.exists())


def _connect(path: Path) -> sqlite3.Connection:
    """Connect for writing, with foreign keys checked when the transaction ends."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    return connection
