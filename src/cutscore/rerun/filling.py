"""Giving a run the files that its record lacks, from a rerun with the same scores."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from cutscore.runs.reading import RunDetail

if TYPE_CHECKING:
    from mlflow import MlflowClient

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


def fill(client: MlflowClient, first: RunDetail, second: RunDetail) -> list[str]:
    """Copy files that the first run lacks from the second, and return their paths.

    To be called only for runs whose out-of-fold scores are equal.
    """
    paths = lacking(first, second)
    source, target = second.summary.run_id, first.summary.run_id
    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
        for path in paths:
            local = client.download_artifacts(source, path, folder)
            place = str(PurePosixPath(path).parent)
            client.log_artifact(target, str(Path(local)), None if place == "." else place)
    if paths:
        client.set_tag(target, FILLED_TAG, source)
    return paths
