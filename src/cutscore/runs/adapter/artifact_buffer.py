"""Artifacts on their way: straight into a local store, else gathered and sent at once."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from cutscore.report.files import write_artifact
from cutscore.report.items import Artifact
from cutscore.runs.adapter.calls import SpooledFiles
from cutscore.runs.adapter.outbox import Outbox


class ArtifactBuffer:
    """Takes artifacts of a run; on leaving the context those for a store elsewhere are sent.

    `folder` is where they go on this machine, None if the store is elsewhere. They are kept here
    until `cleanup`, in case the run's record must be saved.
    """

    def __init__(self, folder: Path | None, outbox: Outbox, cleanup: ExitStack) -> None:
        self._outbox = outbox
        self._cleanup = cleanup
        self._folder = folder
        self._gathered: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._gathered is not None:
            self._outbox.said.append(SpooledFiles(self._gathered))

    def add(self, artifact: Artifact) -> None:
        """Write one artifact."""
        if self._folder is None:
            temporary = tempfile.TemporaryDirectory(prefix="cutscore-")
            self._cleanup.callback(temporary.cleanup)
            self._folder = self._gathered = Path(temporary.name)
        write_artifact(artifact, self._folder)
