"""Giving a run the files that its record lacks, from a rerun with the same scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cutscore.report.items import Folder
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunDetail

FILLED_TAG = "cutscore.filled_from"
"""The rerun that files of this run come from. It does not make a run complete: that tag says that
the process that made the run came to its end."""

_OF_THE_MAKING = ("run.log", "environment.txt", "error.txt", "config.yaml", "overrides.yaml")
"""Files that say how a run was made: those of another run would be no record of it."""


def lacking(first: RunDetail, second: RunDetail) -> list[str]:
    """Return the files that follow from the scores and that only the second run has."""
    there = {file.path for file in first.artifacts if file.size}
    return [
        file.path
        for file in second.artifacts
        if file.size and file.path not in there and file.path not in _OF_THE_MAKING
    ]


def fill(store: RunStore, first: RunDetail, second: RunDetail) -> list[str]:
    """Copy files that the first run lacks from the second, and return their paths.

    To be called only for runs whose out-of-fold scores are equal.
    """
    paths = lacking(first, second)
    source, target = second.summary.run_id, first.summary.run_id
    if paths:
        store.add(target, [Folder(".", partial(_download, store, source, paths))])
        store.tag(target, {FILLED_TAG: source})
    return paths


def _download(store: RunStore, run_id: str, paths: Sequence[str], folder: Path) -> None:
    """Copy files of a run to a folder, under their own paths."""
    for path in paths:
        store.download(run_id, path, folder)
