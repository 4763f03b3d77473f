"""What people call a kept model: an alias, a version, or a run."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.runs.port import RunStore
from cutscore.runs.registry import ModelVersion, RegisteredModel
from cutscore.runs.values import RunSummary

MODEL = "MODEL"
CHAMPION = "champion"
_NUMBERED = re.compile(r"(?P<name>.+)/(?P<number>\d+)")


@dataclass(frozen=True)
class NamedModel:
    """What a word stands for: a version (by `alias`, as `name@alias`, unless ''), or a run."""

    version: ModelVersion | None = None
    alias: str = ""
    run: RunSummary | None = None


def version_of(store: RunStore, alias: str) -> ModelVersion:
    """Return the version that an alias names now.

    Parameters
    ----------
    store : RunStore
        The store whose registry is asked; in a loop, keep it open.
    alias : str
        `champion`, where one registered model alone has it, or `name@champion`, which is cheaper:
        one call, some milliseconds.

    Raises
    ------
    RequestError
        If no registered model has the alias, or several have.
    """
    name, found, word = alias.rpartition("@")
    if not found:
        name = _owner(store.registry.models(), alias)
    version = store.registry.version_of(name, word)
    if version is None:
        raise _no_alias(store.registry.models(), alias)
    return version


def resolve(store: RunStore, word: str) -> NamedModel:
    """Return what a word stands for, in this order: version, alias, run.

    `name/3` is a version, `name@alias` an alias, where the registry has that name; `alias` alone
    where one name alone has it. Anything else is a run: its id, its name, the beginning of its id.

    Raises
    ------
    RequestError
        If it stands for nothing, or for several things; they are named.
    """
    registry = store.registry
    numbered = _NUMBERED.fullmatch(word)
    if numbered and (model := registry.model(numbered["name"])):
        version = registry.version(model.name, numbered["number"])
        if version is None:
            raise _no_version(store, model, word)
        return NamedModel(version)
    name = word.rpartition("@")[0]
    if name and registry.model(name):
        return NamedModel(version_of(store, word), word)
    models = registry.models()
    if any(word in model.aliases for model in models):
        full = f"{_owner(models, word)}@{word}"
        if runs := store.find(tags={"mlflow.runName": word}, limit=2):
            ids = [f"{run.run_id} (the run)" for run in runs]
            problem = f'"{word}" is an alias and the name of a run.'
            raise RequestError(Fault(MODEL, problem, f"Name {full}, or {listed(ids)}."))
        return NamedModel(version_of(store, full), full)
    try:
        return NamedModel(run=store.read(word).summary)
    except RequestError as error:
        aliases = [f"{m.name}@{alias}" for m in models for alias in m.aliases]
        known = f" Aliases: {listed(aliases)}." if aliases else " No alias is set."
        known += nearest(word, [alias for model in models for alias in model.aliases])
        told = [replace(f, setting=MODEL, remedy=(f.remedy + known).strip()) for f in error.faults]
        raise RequestError(told) from error


def _owner(models: list[RegisteredModel], alias: str) -> str:
    """Return the one name that has an alias."""
    owners = [model.name for model in models if alias in model.aliases]
    if not owners:
        raise _no_alias(models, alias)
    if len(owners) > 1:
        names = [f"{name}@{alias}" for name in owners]
        problem = f'"{alias}" is an alias of several registered models.'
        raise RequestError(Fault(MODEL, problem, f"Name one of {listed(names)}."))
    return owners[0]


def _no_alias(models: list[RegisteredModel], alias: str) -> RequestError:
    known = [f"{model.name}@{word}" for model in models for word in model.aliases]
    there = f"there are {listed(known)}" if known else "none is set"
    problem = f'no version has the alias "{alias}"; {there}.'
    hint = nearest(alias, known).strip()
    return RequestError(
        Fault(
            MODEL, problem, hint or f"Set it: cutscore promote RUN --as {alias.rpartition('@')[2]}."
        )
    )


def _no_version(store: RunStore, model: RegisteredModel, word: str) -> RequestError:
    known = [version.title for version in store.registry.versions(model.name)]
    there = f"it has {listed(known)}" if known else "it has none"
    problem = f'the registered model "{model.name}" has no version {word}; {there}.'
    return RequestError(Fault(MODEL, problem, "A version that was deleted cannot be had back."))
