"""The registry of MLflow's old file store: models, their versions and aliases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cutscore.care.file_entries import (
    META,
    Entry,
    Lost,
    Row,
    described,
    folders,
    number,
    or_lost,
    pairs,
    texts,
    word,
)

_VERSION = "version-"


def registry_entries(folder: Path) -> Iterator[Entry]:
    """Yield the registered models below a folder."""
    for model in folders(folder):
        yield from or_lost("registered model", model / META, _model(model))


def _model(folder: Path) -> Iterator[Entry]:
    meta = described(folder / META)
    name = word(meta, "name") or folder.name
    values = {
        "name": name,
        "creation_time": number(meta, "creation_timestamp"),
        "last_updated_time": number(meta, "last_updated_timestamp"),
        "description": word(meta, "description"),
    }
    yield Row("registered_models", values, folder / META)
    yield from pairs("registered_model_tags", folder / "tags", "key", "value", {"name": name})
    for version in folders(folder):
        if version.name.startswith(_VERSION):
            yield from or_lost("version", version / META, _version(version, name))
    for entry in texts(folder / "aliases"):
        yield entry if isinstance(entry, Lost) else _alias(*entry, name)


def _version(folder: Path, name: str) -> Iterator[Entry]:
    meta = described(folder / META)
    own = number(meta, "version")
    if folder.name != f"{_VERSION}{own}":
        raise ValueError(f"it describes version {own}")
    words = (
        "description", "user_id", "source", "storage_location", "run_id", "run_link",
        "status_message",
    )  # fmt: skip
    values = {
        "name": name,
        "version": own,
        "creation_time": number(meta, "creation_timestamp"),
        "last_updated_time": number(meta, "last_updated_timestamp"),
        "current_stage": word(meta, "current_stage") or "None",
        "status": word(meta, "status") or "READY",
        **{key: word(meta, key) for key in words},
    }
    yield Row("model_versions", values, folder / META)
    shared = {"name": name, "version": own}
    yield from pairs("model_version_tags", folder / "tags", "key", "value", shared)


def _alias(alias: str, text: str, file: Path, name: str) -> Entry:
    if not text.strip().isdecimal():
        return Lost(file, f"it names no version: {text.strip()[:40]!r}")
    values = {"name": name, "alias": alias, "version": int(text)}
    return Row("registered_model_aliases", values, file)
