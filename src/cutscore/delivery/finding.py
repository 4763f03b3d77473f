"""Finding a kept model by what people call it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cutscore.delivery.registry import MODEL, NamedModel, resolve
from cutscore.errors import Fault, RequestError, StoreError
from cutscore.model.saved import MODEL_JSON
from cutscore.runs.opening import open_existing
from cutscore.runs.port import RunStore
from cutscore.runs.registry import ModelVersion
from cutscore.runs.settings import TrackingSettings
from cutscore.runs.values import RunSummary
from cutscore.scoring.folder import load_model
from cutscore.scoring.scorer import Scorer


def load(model: str, *, store: str | None = None) -> Scorer:
    """Load a kept model, ready to score and decide.

    Parameters
    ----------
    model : str
        One of these, in this order: a folder that holds one; a version of the registry
        (`credit/3`); an alias (`credit@champion`, or `champion` where one registered model alone
        has it); a run: its id, its name, or the beginning of its id.
    store : str, optional
        The address of the run store, as for `--store`; the default is that of `cutscore run`.

    Returns
    -------
    Scorer
        Its `tags` say what it is: `run_id`, `run` and the run's own, `threshold`, `version` and
        `alias` where it comes from the registry.

    Raises
    ------
    RequestError
        If it names nothing, or several things, or no model is kept there.
    StoreError
        If the model is damaged, or of a newer version.
    """
    folder = model_folder(Path(model))
    if folder is None:
        return load_from(open_existing(_address(store)), model)
    if Path(model).name == model:  # it could be an alias as well
        _refuse_namesake(model, _address(store))
    return scorer_of(folder, model, {})


def version_named(scorer: Scorer, store: str | None = None) -> Callable[[], str] | None:
    """Return what says which version the alias names now that a model was asked for by.

    None if the model was asked for in another way. What is returned raises StoreError where the
    alias names none.
    """
    alias = scorer.tags.get("alias")
    if alias is None:
        return None
    name, _, word = alias.partition("@")
    registry = open_existing(_address(store)).registry

    def named() -> str:
        version = registry.version_of(name, word)
        if version is None:
            raise StoreError(f"the alias {alias} names no version.")
        return version.title

    return named


def load_from(store: RunStore, model: str) -> Scorer:
    """Load the model that a version, an alias or a run of an open store names; see `load`."""
    found = resolve(store, model)
    if found.version is not None:
        return load_version(store, found.version, found.alias)
    return load_of_run(store, found.run or model)


def load_of_run(store: RunStore, run: RunSummary | str) -> Scorer:
    """Load the model that a run kept; see `load`."""
    found = store.read(run).summary if isinstance(run, str) else run
    with model_files(store, NamedModel(run=found)) as folder:
        return scorer_of(folder, found.name, _run_tags(found))


def load_version(store: RunStore, version: ModelVersion, alias: str = "") -> Scorer:
    """Load a version of the registry; `alias` is what it was asked for by, as `name@alias`."""
    run = store.get(version.run_id) if version.run_id else None
    tags = {**version.tags, **({} if run is None else _run_tags(run)), "version": version.title}
    with model_files(store, NamedModel(version, alias)) as folder:
        return scorer_of(folder, alias or version.title, tags | ({"alias": alias} if alias else {}))


@contextmanager
def model_files(store: RunStore, found: NamedModel) -> Iterator[Path]:
    """Have the folder of a kept model's files for a while.

    Raises
    ------
    RequestError
        If they are gone, or are no model.
    """
    version, run = found.version, found.run
    with tempfile.TemporaryDirectory(prefix="cutscore-") as temporary:
        if version is not None:
            kept = store.registry.files(version, Path(temporary))
            why = "its files are gone" if kept is None else "it is no model of Cutscore"
            named = f"{version.title} ({found.alias})" if found.alias else version.title
            problem = f"the version {named} cannot be loaded: {why}."
            fault = Fault(MODEL, problem, "Promote another: cutscore promote RUN.")
        else:
            assert run is not None  # noqa: S101  # it is a version or a run
            kept = store.model(run.run_id, Path(temporary))
            remedy = f"Run `cutscore deliver {run.name}`, or keep one with model.refit=true."
            fault = Fault(MODEL, f'the run "{run.name}" kept no model.', remedy)
        folder = None if kept is None else model_folder(kept)
        if folder is None:
            raise RequestError(fault)
        yield folder


def scorer_of(folder: Path, name: str, tags: Mapping[str, str]) -> Scorer:
    """Load the model of a folder.

    The tag `threshold` says where it decides, if that is one; `model_digest` tells its files from
    those of any other model.
    """
    scorer = Scorer(load_model(folder), name, tags)
    scorer.tags["model_digest"] = _digest(folder)
    scorer.tags.pop("threshold", None)
    if scorer.threshold is not None:
        scorer.tags["threshold"] = repr(scorer.threshold)
    return scorer


def model_folder(path: Path) -> Path | None:
    """Return where a folder, or MLflow's folder around it, holds a kept model; None if nowhere."""
    candidates = (path, path / "data" / "model")
    return next((each for each in candidates if (each / MODEL_JSON).is_file()), None)


def _digest(folder: Path) -> str:
    """Return a hash of a model's files, names and content."""
    made = hashlib.sha256()
    for file in sorted(each for each in folder.iterdir() if each.is_file()):
        made.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        made.update(file.read_bytes())
    return made.hexdigest()


def _address(store: str | None) -> str:
    return TrackingSettings(store).address().uri


def _run_tags(run: RunSummary) -> dict[str, str]:
    return {**run.tags, "run_id": run.run_id, "run": run.name}


def _refuse_namesake(word: str, uri: str) -> None:
    """Refuse a folder here that is called like an alias of the store, if there is a store."""
    try:
        store = open_existing(uri)
    except RequestError:
        return
    names = [model.name for model in store.registry.models() if word in model.aliases]
    if names:
        problem = f'"{word}" is a folder here and an alias.'
        raise RequestError(Fault(MODEL, problem, f"Name ./{word}, or {names[0]}@{word}."))
