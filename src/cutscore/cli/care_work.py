"""What `cutscore store prune` does with a store, and what it prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.cli.care_text import print_done, print_selection, print_trash
from cutscore.cli.viewing import SETTING, progress_bar, run_store, view_of
from cutscore.errors import Fault, RequestError, StoreError, nearest

if TYPE_CHECKING:
    from cutscore.care.prune import PruneResult, StoreLocation
    from cutscore.care.selection import Filters
    from cutscore.care.trash import TrashBatch


def store_location(store: str | None, artifacts: Sequence[Path] | None) -> StoreLocation:
    """Read a store that can be written, with files on this machine.

    Raises
    ------
    RequestError
        If there is none, or its files are not on this machine.
    """
    from cutscore.care.prune import StoreLocation
    from cutscore.runs.elsewhere import is_elsewhere

    uri = run_store(store, SETTING).uri
    if uri.startswith("http"):
        problem = "a server keeps its files to itself, so they cannot be moved to a trash."
        raise RequestError(Fault(SETTING, problem, "Name the database behind it."))
    view = view_of(store, artifacts)
    locations = [experiment.location for experiment in view.contents.experiments.values()]
    if far := next(filter(is_elsewhere, locations), None):
        problem = f"files of this store are at {far}: a trash cannot take them."
        remedy = "Delete its runs in MLflow; mlflow gc removes their files."
        raise RequestError(Fault(SETTING, problem, remedy))
    return StoreLocation.of(uri, view)


def prune_runs(place: StoreLocation, filters: Filters, *, do: bool, as_json: bool) -> None:
    """Show which runs fit, and delete them when that is asked for."""
    from cutscore.care.prune import plan, prune
    from cutscore.care.selection import select
    from cutscore.runs.liveness import judge_life

    view = place.view
    chosen = select(filters, view.contents, view.files, place.client, judge_life)
    runs = plan(view, chosen)
    done: list[PruneResult] = []
    if do and runs:
        with progress_bar("runs") as report:
            done = prune(place.folder, place.client, runs, report)
    if as_json:
        body = {
            "dry_run": not do,
            "taken": [asdict(run) for run in runs],
            "left": dict(chosen.left),
            "problems": [asdict(entry) for entry in done if entry.problem],
        }
        print(json.dumps(body, indent=2))
    else:
        print_selection(runs, chosen, view.contents, place.folder, done=do)
    _check(done)


def take_back(place: StoreLocation, title: str, *, as_json: bool) -> None:
    """Take a batch of the trash back.

    Raises
    ------
    RequestError
        If there is no such batch.
    """
    from cutscore.care.prune import undo

    _tell_lost(place)
    _known(place, title)
    _tell(undo(place.folder, place.client, title), as_json=as_json)


def empty_trash(place: StoreLocation, *, do: bool, as_json: bool) -> None:
    """Show what lies in the trash, and delete it for good when that is asked for."""
    from cutscore.care.prune import empty
    from cutscore.care.trash import batches, size_of

    _tell_lost(place)
    if do:
        with progress_bar("runs") as report:
            done = empty(place.folder, place.client, place.view.contents, report)
        _tell(done, as_json=as_json)
        return
    found = [(batch, size_of(batch.folder)) for batch in batches(place.folder)]
    if as_json:
        body = [{"time": b.title, "runs": len(b.runs), "bytes": size} for b, size in found]
        print(json.dumps({"dry_run": True, "batches": body}, indent=2))
    else:
        print_trash(found, place.folder)


def _tell_lost(place: StoreLocation) -> None:
    """Say on stderr what lies in the trash and cannot be told or taken back."""
    from cutscore.care.trash import MANIFEST, lost_batches

    for folder in lost_batches(place.folder):
        problem = f"its {MANIFEST} is gone or cannot be read; it is left as it is."
        print(f"{folder} belongs to no run: {problem}", file=sys.stderr)


def _known(place: StoreLocation, title: str) -> TrashBatch:
    from cutscore.care.trash import batches

    found = {batch.title: batch for batch in batches(place.folder)}
    if title not in found:
        told = f"it holds {', '.join(found)}" if found else "it is empty"
        problem = f'there is no batch "{title}" in the trash; {told}.'
        raise RequestError(Fault("--undo", problem, nearest(title, found).strip()))
    return found[title]


def _tell(done: Sequence[PruneResult], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"runs": [asdict(entry) for entry in done]}, indent=2))
    else:
        print_done(done)
    _check([entry for entry in done if entry.did != "kept"])


def _check(done: Sequence[PruneResult]) -> None:
    """End with exit code 1 when something could not be done."""
    problems = [
        f"{entry.name} ({entry.run_id}): {entry.problem}" for entry in done if entry.problem
    ]
    if problems:
        raise StoreError("not everything could be done:\n  " + "\n  ".join(problems))
