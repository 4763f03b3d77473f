"""Deciding what of a source goes where in the target. Nothing is written here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cutscore.care.content import (
    FILES,
    LIFECYCLE,
    Content,
    differing,
    files_digest,
    in_words,
    is_earlier,
)
from cutscore.care.content import read_contents as contents_of
from cutscore.care.holdings import HeldFiles, read_holding
from cutscore.care.merge_experiments import ExperimentPlan, plan_experiments
from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_source import Opened
from cutscore.care.merge_target import MergeTarget
from cutscore.care.paths import claimed_folder
from cutscore.care.rules import UNITS, Kind
from cutscore.errors import Fault
from cutscore.report.redact import redact

DIFFERS = "the target has it with different"
ELSEWHERE = "the target keeps the files of its experiment at"
KEEP = "See `cutscore store diff`; --keep-target leaves the target's as they are."
Action = Literal["add", "update", "skip", "keep", "refuse"]
COUNTED: dict[Action, str] = {
    "add": "added",
    "update": "updated",
    "skip": "skipped",
    "keep": "kept",
    "refuse": "refused",
}


@dataclass(frozen=True)
class UnitPlan:
    """What happens to one run or logged model.

    `address` is its artifact address in the target, `files` the folder that its files are copied
    to (None: there are none to copy).
    """

    kind: Kind
    id: str
    action: Action
    experiment_id: int
    address: str
    files: Path | None
    reason: str = ""


@dataclass(frozen=True)
class SourcePlan:
    """What happens to a source's experiments (by its own ids), runs and models."""

    experiments: Mapping[int, ExperimentPlan]
    units: tuple[UnitPlan, ...]

    def ids(self, kind: Kind, *actions: Action) -> list[str]:
        """Return the ids of the units with one of these actions."""
        return [unit.id for unit in self.units if unit.kind == kind and unit.action in actions]


def plan_source(
    target: MergeTarget, source: Opened, report: SourceReport, *, keep_target: bool
) -> SourcePlan:
    """Return what happens to a source's experiments, runs and models."""
    experiments = plan_experiments(target, source, report)
    units: list[UnitPlan] = []
    for kind in UNITS:
        units += _plan_units(target, source, kind, experiments, report, keep_target)
    return SourcePlan(experiments, tuple(units))


def unit_faults(plans: Sequence[tuple[Opened, SourcePlan]]) -> list[Fault]:
    """Return the faults of runs and models that refuse the merge."""
    faults: list[Fault] = []
    for source, plan in plans:
        refused = [unit for unit in plan.units if unit.action == "refuse"]
        for reason in dict.fromkeys(unit.reason for unit in refused):
            ids = [f"{unit.kind} {unit.id}" for unit in refused if unit.reason == reason]
            more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
            faults.append(
                Fault(
                    str(source.path),
                    f"{', '.join(ids[:5])}{more}: {reason}.",
                    _remedy(reason),
                )
            )
    return faults


def _remedy(reason: str) -> str:
    """Return what to do about a run or model that refuses the merge."""
    if reason.startswith(DIFFERS):
        return KEEP
    if reason.startswith(ELSEWHERE):
        return "Merge into a store whose files are on this machine."
    return "Move that folder away first."


def _plan_units(
    target: MergeTarget,
    source: Opened,
    kind: Kind,
    experiments: Mapping[int, ExperimentPlan],
    report: SourceReport,
    keep_target: bool,
) -> list[UnitPlan]:
    """Return what happens to each run or model of a source."""
    query = UNITS[kind].addresses
    there = {str(row[0]): (row[1], str(row[2] or "")) for row in target.connection.execute(query)}
    rows = source.connection.execute(f"{query} ORDER BY 1").fetchall()
    common = [str(row[0]) for row in rows if str(row[0]) in there]
    contents = contents_of(target.connection, kind, common)
    _look_at_files(target, kind, common, there)
    plans: list[UnitPlan] = []
    for owner, experiment_id, address in rows:
        holding = source.holdings[kind][owner]
        if owner not in there:
            plan = _addition(kind, owner, experiments[experiment_id], holding, str(address or ""))
        else:
            held, place = target.coming.get((kind, owner)) or _in_place(target.seen[kind, owner])
            mine = contents[owner]
            if held.folder is not None or (held.unusable and held.unusable.why == "missing"):
                mine[FILES] = files_digest(held.files)
            action, reason = _decide(target, source, kind, owner, mine, held, report)
            if action == "refuse" and keep_target:
                report.collide(kind, owner, f"{reason}: the target's is kept")
                action = "keep"
            if there[owner][0] != experiments[experiment_id].target_id:
                report.collide(kind, owner, "in another experiment in the target: stays there")
            plan = UnitPlan(kind, owner, action, *there[owner], files=None, reason=reason)
            if action == "update" and dict(holding.files) != dict(held.files):
                plan = replace(plan, files=place or claimed_folder(plan.address))
        report_counts = {"run": report.runs, "model": report.models, "trace": report.traces}[kind]
        report_counts[COUNTED[plan.action]] = report_counts.get(COUNTED[plan.action], 0) + 1
        plans.append(plan)
    return plans


def _look_at_files(
    target: MergeTarget, kind: Kind, ids: Sequence[str], there: Mapping[str, tuple[int, str]]
) -> None:
    """Read what the target has in files of some runs or models, unless it is known already.

    It is the user's own store: its files may be wherever their experiment keeps them.
    """
    for one in ids:
        if (kind, one) not in target.coming and (kind, one) not in target.seen:
            experiment, address = there[one]
            roots = target.roots_of(experiment)
            target.seen[kind, one] = read_holding(one, address, target.folder, roots)


def _addition(
    kind: Kind, owner: str, experiment: ExperimentPlan, holding: HeldFiles, address: str
) -> UnitPlan:
    """Return the plan for a run or model that the target does not have."""
    target_id = experiment.target_id
    if holding.remote or holding.astray:  # where they are is all that can be said of its files
        return UnitPlan(kind, owner, "add", target_id, address, None)
    tail = UNITS[kind].folder.format(owner)
    address = f"{experiment.location.rstrip('/')}/{tail}"
    if holding.folder is None or not holding.files:
        return UnitPlan(kind, owner, "add", target_id, address, None)
    if experiment.place is None:
        reason = f"{ELSEWHERE} {redact(experiment.location)}, which is no folder of this machine"
        return UnitPlan(kind, owner, "refuse", target_id, address, None, reason)
    files = experiment.place / tail
    if os.path.lexists(files.parent):
        if files.is_dir() and holding.folder.samefile(files):  # both stores share their files
            return UnitPlan(kind, owner, "add", target_id, address, None)
        reason = "the target has a folder of this id that its database does not know"
        return UnitPlan(kind, owner, "refuse", target_id, address, None, reason)
    return UnitPlan(kind, owner, "add", target_id, address, files)


def _in_place(holding: HeldFiles) -> tuple[HeldFiles, Path | None]:
    """Return the files that the target has of a run or model, and their folder."""
    return holding, holding.folder


def _decide(
    target: MergeTarget,
    source: Opened,
    kind: Kind,
    owner: str,
    mine: Content,
    held: HeldFiles,
    report: SourceReport,
) -> tuple[Action, str]:
    """Return what to do about a run or model that both stores have, and why."""
    theirs = source.contents[kind][owner]
    differences = differing(theirs, mine)
    hard = [name for name in differences if name != LIFECYCLE]
    if not hard:
        if differences:
            report.collide(kind, owner, "deleted in one of the stores: the target's state stays")
        return "skip", ""
    if _is_deleted(target, kind, owner):
        report.collide(kind, owner, "deleted in the target: stays as it is")
        return "keep", ""
    files = source.holdings[kind][owner].files
    comparable = not held.refused and FILES in mine
    here, there = target.connection, source.connection
    grows = kind == "run" and hard != [FILES]  # a run that goes on overwrites its log
    earlier = comparable and _fewer(held.files, files, grows)
    if earlier and is_earlier(kind, owner, here, there, hard):
        report.collide(kind, owner, "the target has an earlier state: replaced by the later one")
        return "update", ""
    if _fewer(files, held.files, grows) and is_earlier(kind, owner, there, here, hard):
        report.collide(kind, owner, "the source has an earlier state: the target's stays")
        return "keep", ""
    return "refuse", f"{DIFFERS} {', '.join(in_words(kind, owner, here, there, hard))}"


def _fewer(some: Mapping[str, str], more: Mapping[str, str], grows: bool) -> bool:
    """Return whether all of some files are among more of them, and the same unless `grows`."""
    return set(some) <= set(more) if grows else set(some.items()) <= set(more.items())


def _is_deleted(target: MergeTarget, kind: Kind, owner: str) -> bool:
    unit = UNITS[kind]
    if unit.stage is None:
        return False
    query = f"SELECT {unit.stage} FROM {unit.table} WHERE {unit.id} = ?"
    return bool(target.connection.execute(query, (owner,)).fetchone()[0] == "deleted")
