"""The folders of a store: whether what lies in them belongs to anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from cutscore.care.contents import Contents
from cutscore.care.file_entries import META
from cutscore.care.findings import Finding
from cutscore.care.paths import USUAL_FOLDERS, Located, resolve_artifact
from cutscore.care.view import View

_RUN_ID = re.compile(r"[0-9a-f]{32}")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
_MODELS = "models"


def folder_findings(view: View) -> Iterator[Finding]:
    """Yield folders that look like those of a run or model which the store does not know.

    Looked at are the folders of all experiments and those beside them; links are told, not
    entered.
    """
    for folder in _experiment_folders(view):
        yield from _strangers(folder, view.contents)


def _experiment_folders(view: View) -> list[Path]:
    """Return the folders of experiments, deleted ones too, and all that could be one.

    These are the folders beside them, and those in the roots and in the folders that MLflow puts
    experiments in: a database may name its experiments by addresses of another machine.
    """
    found: dict[Path, None] = {}
    parents = [
        folder
        for root in view.roots
        for folder in (root, *map(root.joinpath, USUAL_FOLDERS))
        if folder == root or not folder.is_symlink()
    ]
    for experiment in view.contents.experiments.values() if view.roots else ():
        place = resolve_artifact(experiment.location, view.roots[0], view.roots)
        if isinstance(place, Located):
            found[place.path] = None
            parents.append(place.path.parent)
    for parent in dict.fromkeys(parents):
        found[parent] = None
        if any(parent == root or root in parent.parents for root in view.roots):
            found.update((Path(entry.path), None) for entry in _folders(parent))
    return _each_once(found)


def _each_once(folders: Iterable[Path]) -> list[Path]:
    """Return folders by what they are: a root may be known by two names."""
    return list({folder.resolve(): folder for folder in folders}.values())


def _strangers(folder: Path, contents: Contents) -> Iterator[Finding]:
    for entry in _entries(folder):
        if entry.name == _MODELS and not entry.is_symlink():
            yield from _strange_models(Path(entry.path), contents)
        elif _RUN_ID.fullmatch(entry.name) and entry.name not in contents.runs:
            if Path(entry.path, META).exists():
                continue  # an entry of a file store, which is told of as a whole
            if entry.is_symlink():
                problem = "it is a symbolic link; not followed"
                yield Finding("link", entry.path, entry.name, problem)
            else:
                problem = f"{entry.path} belongs to no run"
                yield Finding("orphan", entry.path, entry.name, problem)


def _strange_models(folder: Path, contents: Contents) -> Iterator[Finding]:
    for entry in _entries(folder):
        if _MODEL_ID.fullmatch(entry.name) and entry.name not in contents.models:
            problem = f"{entry.path} belongs to no logged model"
            yield Finding("orphan", entry.path, entry.name, problem)


def _folders(folder: Path) -> list[os.DirEntry[str]]:
    return [entry for entry in _entries(folder) if entry.is_dir(follow_symlinks=False)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []  # runs below it are told one by one
