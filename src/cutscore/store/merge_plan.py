"""Deciding what of a source goes where in the target. Nothing is written here."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from cutscore.errors import Fault
from cutscore.store.content import FILES, Content, differing, files_digest, is_earlier
from cutscore.store.content import read_contents as contents_of
from cutscore.store.holdings import Holding
from cutscore.store.init import location_in
from cutscore.store.merge_report import SourceReport
from cutscore.store.merge_source import Kind, Opened, read_holdings
from cutscore.store.paths import Unusable, artifact_roots, resolve_artifact, take_apart

Action = Literal["add", "update", "skip", "keep", "refuse"]
COUNTED: dict[Action, str] = {
    "add": "added",
    "update": "updated",
    "skip": "skipped",
    "keep": "kept",
    "refuse": "refused",
}


@dataclass
class Target:
    """The store that is merged into: a connection to it or to a copy, where its files are.

    `folder` is the real database's folder. `coming` are, by kind and id, the files that this
    merge brings and that are not in place yet, with the folder that they go to.
    """

    connection: sqlite3.Connection
    folder: Path
    coming: dict[tuple[Kind, str], tuple[Holding, Path | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class ExperimentPlan:
    """Where runs of a source's experiment go.

    `location` is the address that the target's database holds, `place` the folder on this
    machine (None: no folder of this machine). `new`: the experiment has to be made; `moves`: it
    is there, but gets this location.
    """

    source_id: int
    target_id: int
    name: str
    location: str
    place: Path | None
    new: bool = False
    moves: bool = False


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
    target: Target, source: Opened, report: SourceReport, *, keep_target: bool
) -> SourcePlan:
    """Return what happens to a source's experiments, runs and models."""
    experiments = plan_experiments(target, source, report)
    units: list[UnitPlan] = []
    for kind in ("model", "run"):
        units += _plan_units(target, source, kind, experiments, report, keep_target)
    return SourcePlan(experiments, tuple(units))


def plan_experiments(
    target: Target, source: Opened, report: SourceReport
) -> dict[int, ExperimentPlan]:
    """Return the target's experiment for each of the source's, by the source's id.

    Experiments are matched by name. Runs whose experiment was deleted in the target go to an
    experiment of their own, so that the deletion stands and nothing is hidden.
    """
    query = "SELECT workspace, name, experiment_id, artifact_location, lifecycle_stage"
    rows = target.connection.execute(f"{query} FROM experiments").fetchall()
    known = {(row[0], row[1]): (int(row[2]), row[3], row[4]) for row in rows}
    taken = {entry[0] for entry in known.values()}
    plans: dict[int, ExperimentPlan] = {}
    rows = source.connection.execute(f"{query} FROM experiments ORDER BY experiment_id").fetchall()
    for workspace, name, source_id, _, stage in rows:
        chosen = str(name)
        entry = known.get((workspace, chosen))
        if entry is not None and entry[2] == "deleted" and stage == "active":
            chosen = f"{name}-from-{source.name}"
            report.collide("experiment", name, f"deleted in the target: goes to {chosen}")
            entry = known.get((workspace, chosen))
        elif entry is not None and entry[2] == "active" and stage == "deleted":
            report.collide("experiment", name, "deleted in the source: stays active in the target")
        if entry is None:
            new_id = source_id if source_id not in taken else max(taken) + 1
            taken.add(new_id)
            location = str(location_in(str(target.folder / "artifacts"), chosen))
            plans[source_id] = ExperimentPlan(
                source_id, new_id, chosen, location, Path(location), new=True
            )
            continue
        plans[source_id] = _known_experiment(target, source_id, chosen, entry[0], str(entry[1]))
    return plans


def _known_experiment(
    target: Target, source_id: int, name: str, target_id: int, location: str
) -> ExperimentPlan:
    """Return the plan for an experiment that the target has."""
    place = _claimed(location)
    if place is None:
        found = resolve_artifact(location, target.folder)
        place = None if isinstance(found, Unusable) else found.path
        return ExperimentPlan(source_id, target_id, name, location, place)
    if place.exists() or target.folder in place.parents:
        return ExperimentPlan(source_id, target_id, name, location, place)
    found = resolve_artifact(location, target.folder)
    if not isinstance(found, Unusable):  # the target was moved
        return ExperimentPlan(source_id, target_id, name, str(found.path), found.path)
    query = "SELECT 1 FROM runs WHERE experiment_id = ? LIMIT 1"
    if target_id == 0 and target.connection.execute(query, (0,)).fetchone() is None:
        # MLflow puts the files of "Default" below whatever folder it was first started in.
        location = str(location_in(str(target.folder / "artifacts"), name))
        return ExperimentPlan(source_id, 0, name, location, Path(location), moves=True)
    return ExperimentPlan(source_id, target_id, name, location, place)


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
                    "See `cutscore store diff`; --keep-target leaves the target's as they are.",
                )
            )
    return faults


def _plan_units(
    target: Target,
    source: Opened,
    kind: Kind,
    experiments: Mapping[int, ExperimentPlan],
    report: SourceReport,
    keep_target: bool,
) -> list[UnitPlan]:
    """Return what happens to each run or model of a source."""
    table, column, uri = _table(kind)
    query = f"SELECT {column}, experiment_id, {uri} FROM {table}"
    there = {str(row[0]): (row[1], str(row[2])) for row in target.connection.execute(query)}
    rows = source.connection.execute(f"{query} ORDER BY {column}").fetchall()
    common = [str(row[0]) for row in rows if str(row[0]) in there]
    contents = contents_of(target.connection, kind, common)
    on_disk = frozenset(one for one in common if (kind, one) not in target.coming)
    holdings = read_holdings(
        target.connection, kind, target.folder, artifact_roots(target.folder), on_disk
    )
    plans: list[UnitPlan] = []
    for owner, experiment_id, address in rows:
        holding = source.holdings[kind][owner]
        if owner not in there:
            plan = _addition(kind, owner, experiments[experiment_id], holding, str(address))
        else:
            held, place = target.coming.get((kind, owner)) or _in_place(holdings[owner])
            mine = {**contents[owner], FILES: files_digest(held.files)}
            action, reason = _decide(target, source, kind, owner, mine, held, report)
            if action == "refuse" and keep_target:
                report.collide(kind, owner, f"{reason}: the target's is kept")
                action = "keep"
            plan = UnitPlan(kind, owner, action, *there[owner], files=None, reason=reason)
            if action == "update" and dict(holding.files) != dict(held.files):
                plan = replace(plan, files=place or _claimed(plan.address))
        report_counts = report.runs if kind == "run" else report.models
        report_counts[COUNTED[plan.action]] = report_counts.get(COUNTED[plan.action], 0) + 1
        plans.append(plan)
    return plans


def _addition(
    kind: Kind, owner: str, experiment: ExperimentPlan, holding: Holding, address: str
) -> UnitPlan:
    """Return the plan for a run or model that the target does not have."""
    target_id = experiment.target_id
    if holding.unusable is not None and holding.unusable.why == "remote":
        return UnitPlan(kind, owner, "add", target_id, address, None)
    tail = f"{owner}/artifacts" if kind == "run" else f"models/{owner}/artifacts"
    address = f"{experiment.location.rstrip('/')}/{tail}"
    if holding.folder is None or not holding.files:
        return UnitPlan(kind, owner, "add", target_id, address, None)
    if experiment.place is None:
        reason = f"the target keeps files of {experiment.name} at {experiment.location}"
        reason += ", which is no folder of this machine"
        return UnitPlan(kind, owner, "refuse", target_id, address, None, reason)
    files = experiment.place / tail
    if os.path.lexists(files.parent):
        if files.is_dir() and holding.folder.samefile(files):  # both stores share their files
            return UnitPlan(kind, owner, "add", target_id, address, None)
        reason = "the target has a folder of this id that its database does not know"
        return UnitPlan(kind, owner, "refuse", target_id, address, None, reason)
    return UnitPlan(kind, owner, "add", target_id, address, files)


def _in_place(holding: Holding) -> tuple[Holding, Path | None]:
    """Return the files that the target has of a run or model, and their folder."""
    return holding, holding.folder


def _claimed(address: str) -> Path | None:
    """Return the folder that an address of the target names, None if it is elsewhere."""
    claim = take_apart(address)
    if isinstance(claim, Unusable) or not (claim.here and claim.absolute):
        return None
    return Path("/", *claim.parts)


def _decide(
    target: Target,
    source: Opened,
    kind: Kind,
    owner: str,
    mine: Content,
    held: Holding,
    report: SourceReport,
) -> tuple[Action, str]:
    """Return what to do about a run or model that both stores have, and why."""
    theirs = source.contents[kind][owner]
    differences = differing(theirs, mine)
    hard = [name for name in differences if name != "lifecycle"]
    if not hard:
        if differences:
            report.collide(kind, owner, "deleted in one of the stores: the target's state stays")
        return "skip", ""
    stage = f"SELECT lifecycle_stage FROM {_table(kind)[0]} WHERE {_table(kind)[1]} = ?"
    if target.connection.execute(stage, (owner,)).fetchone()[0] == "deleted":
        report.collide(kind, owner, "deleted in the target: stays as it is")
        return "keep", ""
    files = source.holdings[kind][owner].files
    here, there = target.connection, source.connection
    grows = kind == "run" and hard != [FILES]  # a run that goes on overwrites its log
    if _fewer(held.files, files, grows) and is_earlier(kind, owner, here, there, hard):
        report.collide(kind, owner, "the target has an earlier state: replaced by the later one")
        return "update", ""
    if _fewer(files, held.files, grows) and is_earlier(kind, owner, there, here, hard):
        report.collide(kind, owner, "the source has an earlier state: the target's stays")
        return "keep", ""
    return "refuse", f"the target has it with different {', '.join(hard)}"


def _fewer(some: Mapping[str, str], more: Mapping[str, str], grows: bool) -> bool:
    """Return whether all of some files are among more of them, and the same unless `grows`."""
    return set(some) <= set(more) if grows else set(some.items()) <= set(more.items())


def _table(kind: Kind) -> tuple[str, str, str]:
    """Return table, id column and address column of runs or models."""
    if kind == "run":
        return "runs", "run_uuid", "artifact_uri"
    return "logged_models", "model_id", "artifact_location"
