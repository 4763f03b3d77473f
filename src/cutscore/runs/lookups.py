"""Small questions to a run store."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cutscore.runs.port import RunStore


def artifact_text(store: RunStore, run_id: str, path: str) -> str | None:
    """Return the text of an artifact, None where the run has none of that name."""
    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
        found = store.download(run_id, path, Path(folder))
        return found.read_text(encoding="utf-8") if found and found.is_file() else None


def kept_model(store: RunStore, run_id: str) -> str | None:
    """Return the id of the model that was logged with a run last, None if there is none."""
    run = store.get(run_id)
    return run.models[-1] if run is not None and run.models else None
