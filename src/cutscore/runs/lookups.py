"""Small questions to a run store, and to folders of records that it did not take."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cutscore.errors import Fault, RequestError
from cutscore.runs.adapter.unsent import RUN
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


def unsent_records(path: Path) -> list[Path]:
    """Return the records in a folder: itself, or those below it.

    Raises
    ------
    RequestError
        If there is none.
    """
    found = sorted(file.parent for file in path.rglob(RUN)) if path.is_dir() else []
    if not found:
        problem = f"{path} holds no record that waits to be sent (no {RUN})."
        raise RequestError(Fault("FOLDER", problem, "Name the folder that the run told you of."))
    return found
