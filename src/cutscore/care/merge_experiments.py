"""Which experiment of the target the runs of a source's experiment go to."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from cutscore.care.merge_report import SourceReport
from cutscore.care.merge_source import Opened
from cutscore.care.merge_target import MergeTarget
from cutscore.care.paths import Unusable, claimed_folder, resolve_artifact
from cutscore.runs.addresses import address_folder, folder_address, location_in


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


def plan_experiments(
    target: MergeTarget, source: Opened, report: SourceReport
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
            location, place = _fresh(target, chosen)
            plans[source_id] = ExperimentPlan(source_id, new_id, chosen, location, place, new=True)
            continue
        plan = _known_experiment(target, source_id, chosen, entry[0], str(entry[1]))
        needless = plan.moves and not has_runs(source.connection, source_id)
        plans[source_id] = replace(plan, moves=False) if needless else plan
    return plans


def _known_experiment(
    target: MergeTarget, source_id: int, name: str, target_id: int, location: str
) -> ExperimentPlan:
    """Return the plan for an experiment that the target has."""
    place = claimed_folder(location)
    if place is None:
        found = resolve_artifact(location, target.folder)
        place = None if isinstance(found, Unusable) else found.path
        return ExperimentPlan(source_id, target_id, name, location, place)
    if place.exists() or target.folder in place.parents:
        return ExperimentPlan(source_id, target_id, name, location, place)
    found = resolve_artifact(location, target.folder)
    if not isinstance(found, Unusable):  # the target was moved
        return ExperimentPlan(source_id, target_id, name, folder_address(found.path), found.path)
    if target_id == 0 and not has_runs(target.connection, 0):
        # MLflow puts the files of "Default" below whatever folder it was first started in.
        location, place = _fresh(target, name)
        return ExperimentPlan(source_id, 0, name, location, place, moves=True)
    return ExperimentPlan(source_id, target_id, name, location, place)


def _fresh(target: MergeTarget, name: str) -> tuple[str, Path | None]:
    """Return address and folder for files of an experiment that has none in the target."""
    location = str(location_in(folder_address(target.folder / "artifacts"), name))
    return location, address_folder(location)


def has_runs(connection: sqlite3.Connection, experiment_id: int) -> bool:
    """Return whether an experiment has any runs."""
    query = "SELECT 1 FROM runs WHERE experiment_id = ? LIMIT 1"
    return connection.execute(query, (experiment_id,)).fetchone() is not None
