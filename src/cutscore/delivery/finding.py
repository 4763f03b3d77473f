"""Finding a kept model by what people call it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cutscore.errors import Fault, RequestError
from cutscore.model.saved import MODEL_JSON
from cutscore.runs.opening import open_existing
from cutscore.runs.port import RunStore
from cutscore.runs.settings import TrackingSettings
from cutscore.scoring.folder import load_model
from cutscore.scoring.scorer import Scorer


def load(model: str, *, store: str | None = None) -> Scorer:
    """Load a kept model, ready to score and decide.

    Parameters
    ----------
    model : str
        A folder that holds one, or a run: its id, the beginning of it, or its name.
    store : str, optional
        The address of the run store, as for `--store`; the default is that of `cutscore run`.

    Raises
    ------
    RequestError
        If there is no such run, or it kept no model.
    StoreError
        If the model is damaged, or of a newer version.
    """
    folder = model_folder(Path(model))
    if folder is not None:
        return Scorer(load_model(folder), model)
    return load_of_run(open_existing(TrackingSettings(store).address().uri), model)


def load_of_run(store: RunStore, run: str) -> Scorer:
    """Load the model that a run kept; see `load`."""
    found = store.read(run).summary
    with tempfile.TemporaryDirectory(prefix="cutscore-") as temporary:
        kept = store.model(found.run_id, Path(temporary))
        folder = None if kept is None else model_folder(kept)
        if folder is None:
            raise RequestError(
                Fault(
                    "MODEL",
                    f'the run "{found.name}" kept no model.',
                    f"Run `cutscore deliver {found.name}`, or keep one with model.refit=true.",
                )
            )
        tags = {"run_id": found.run_id, "run": found.name, **found.tags}
        return Scorer(load_model(folder), run, tags)


def model_folder(path: Path) -> Path | None:
    """Return where a folder, or MLflow's folder around it, holds a kept model; None if nowhere."""
    candidates = (path, path / "data" / "model")
    return next((each for each in candidates if (each / MODEL_JSON).is_file()), None)
