"""Experiments of MLflow's old file store, and which of their folders are runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cutscore.care.file_entries import (
    META,
    Entry,
    Lost,
    Row,
    described,
    folders,
    number,
    pairs,
    reason_of,
    word,
)

TRASH = ".trash"
_RESERVED = {"tags", "datasets", "traces", "models", TRASH}
_RUN_PARTS = {"artifacts", "metrics", "params", "tags", "inputs", "outputs"}
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_STAGES = ("active", "deleted")


@dataclass(frozen=True)
class ExperimentFolder:
    """An experiment's folder, what its description says, and the id that it has in the database.

    `lost` is set where the description cannot be read; its runs are read all the same.
    """

    folder: Path
    number: int
    deleted: bool
    meta: dict[str, Any]
    lost: Lost | None = None


def experiment_folders(root: Path) -> list[ExperimentFolder]:
    """Return the experiments of a file store: those that were deleted last, then by number.

    An id that comes twice (deleted, and again) is free only once: the second gets another.
    """
    found = [
        _experiment(folder, in_trash=parent != root)
        for parent in (root, root / TRASH)
        for folder in folders(parent)
        if folder.name.isascii() and folder.name.isdecimal() and _is_experiment(folder)
    ]
    numbered: dict[int, ExperimentFolder] = {}
    for one in sorted(found, key=lambda one: (one.deleted, one.number)):
        free = one.number
        if free in numbered:
            free = max(other.number for other in found) + len(numbered)
        numbered[free] = replace(one, number=free)
    return list(numbered.values())


def experiment_entries(experiments: list[ExperimentFolder]) -> Iterator[Entry]:
    """Yield the experiments; of those that share a name or an id each gets its own.

    File stores allow an experiment of the name of one that was deleted, databases do not.
    """
    names = [word(one.meta, "name") or f"experiment_{one.number}" for one in experiments]
    taken: set[str] = set()
    for one, given in zip(experiments, names, strict=True):
        file = one.folder / META
        if one.lost is not None:
            yield one.lost
        name = given
        if given in taken:
            name = f"{given}-{one.number}"
            while name in names or name in taken:
                name += "-again"
            yield Lost(file, f'a second experiment of the name "{given}": read as "{name}"')
        taken.add(name)
        if one.number != int(one.folder.name):
            yield Lost(file, f"a second experiment {one.folder.name}: read as {one.number}")
        values = {
            "experiment_id": one.number,
            "name": name,
            "artifact_location": word(one.meta, "artifact_location") or str(one.folder),
            "lifecycle_stage": _STAGES[one.deleted],
            "creation_time": number(one.meta, "creation_time"),
            "last_update_time": number(one.meta, "last_update_time"),
        }
        yield Row("experiments", values, file)
        tags = one.folder / "tags"
        yield from pairs("experiment_tags", tags, "key", "value", {"experiment_id": one.number})


def run_folders(experiment: Path) -> list[Path]:
    """Return the folders of runs: they have a description, or look as if they once had."""
    return [
        folder
        for folder in folders(experiment)
        if folder.name not in _RESERVED
        and (
            (folder / META).exists()
            or _RUN_ID.fullmatch(folder.name)
            or any(part.name in _RUN_PARTS for part in folders(folder))
        )
    ]


def stage_of(meta: Mapping[str, Any], missing: str) -> str:
    """Return whether something is active or deleted.

    Raises
    ------
    ValueError
        If it is neither.
    """
    stage = meta.get("lifecycle_stage", missing)
    if stage not in _STAGES:
        raise ValueError(f"lifecycle_stage is {stage!r}")
    return str(stage)


def _is_experiment(folder: Path) -> bool:
    return (folder / META).exists() or bool(run_folders(folder))


def _experiment(folder: Path, *, in_trash: bool) -> ExperimentFolder:
    """Return the experiment that a folder holds."""
    own, file = int(folder.name), folder / META
    try:
        meta = described(file)
        stage = stage_of(meta, _STAGES[in_trash])
        for key in ("creation_time", "last_update_time"):
            number(meta, key)
    except (OSError, ValueError) as error:
        return ExperimentFolder(
            folder, own, in_trash, {}, Lost(file, f"its name is lost: {reason_of(error)}")
        )
    return ExperimentFolder(folder, own, stage == "deleted", meta)
