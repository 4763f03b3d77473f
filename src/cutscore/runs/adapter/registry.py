"""The registry that MLflow keeps: see `runs.registry` for what its methods promise."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutscore.runs.adapter.client import RefusedError
from cutscore.runs.adapter.models import download_files, download_model
from cutscore.runs.addresses import sqlite_path
from cutscore.runs.locks import LOCK_SECONDS, locked
from cutscore.runs.registry import ModelVersion, RegisteredModel
from cutscore.runs.server import PROMOTION_KEY, alone

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

_GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""How MLflow says that there is no such name, version or alias."""

_TAKEN = "RESOURCE_ALREADY_EXISTS"
_LOGGED = re.compile(r"models:/(m-[0-9a-f]{32})|/(m-[0-9a-f]{32})/")


class MlflowRegistry:
    """Registered models of the store at `uri`."""

    def __init__(self, uri: str, client: MlflowClient) -> None:
        self._uri = uri
        self._client = client

    def models(self) -> list[RegisteredModel]:
        """Return all registered models, by name."""
        return [_model(found) for found in self._pages("search_registered_models")]

    def model(self, name: str) -> RegisteredModel | None:
        """Return the registered model of that name."""
        found = self._if_there("get_registered_model", name)
        return None if found is None else _model(found)

    def versions(self, name: str) -> list[ModelVersion]:
        """Return the versions of a name, the oldest first."""
        if "'" in name:  # the search language cannot quote it
            found = [v for v in self._pages("search_model_versions") if v.name == name]
        else:
            condition = f"name = '{name}'"
            found = self._pages("search_model_versions", filter_string=condition)
        return sorted(map(_version, found), key=lambda version: int(version.version))

    def version(self, name: str, number: str) -> ModelVersion | None:
        """Return one version, None if it is not there."""
        found = self._if_there("get_model_version", name, number)
        return None if found is None else _version(found)

    def version_of(self, name: str, alias: str) -> ModelVersion | None:
        """Return the version that an alias names now, None if it names none."""
        found = self._if_there("get_model_version_by_alias", name, alias)
        return None if found is None else _version(found)

    def register(
        self, name: str, run_id: str, model_id: str, tags: Mapping[str, str]
    ) -> ModelVersion:
        """Return the version of a logged model, made unless it has one; its tags are set."""
        try:
            self._client.create_registered_model(name)
        except RefusedError as error:
            if error.code != _TAKEN:
                raise
        there = [version for version in self.versions(name) if version.model_id == model_id]
        if there:
            self.tag(there[-1], tags)
            return self.version(name, there[-1].version) or there[-1]
        # Of `models:/<id>` MLflow would ask the store that is its default, whatever it was given.
        source = self._client.get_logged_model(model_id).artifact_location
        made = self._client.create_model_version(
            name, source, run_id=run_id, tags=dict(tags), model_id=model_id
        )
        return _version(made)

    def tag(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """Set tags of a version."""
        for key, value in tags.items():
            if version.tags.get(key) != value:
                self._client.set_model_version_tag(version.name, version.version, key, value)

    def tag_model(self, name: str, tags: Mapping[str, str]) -> None:
        """Set tags of a registered model."""
        for key, value in tags.items():
            self._client.set_registered_model_tag(name, key, value)

    def point(self, alias: str, version: ModelVersion) -> None:
        """Let an alias name a version, and no other any more."""
        self._client.set_registered_model_alias(version.name, alias, version.version)

    def files(self, version: ModelVersion, folder: Path) -> Path | None:
        """Copy a version's files to a folder and return where they are; None if they are gone."""
        if version.model_id is not None:
            return download_model(self._client, self._uri, version.model_id, folder)
        location = self._if_there("get_model_version_download_uri", version.name, version.version)
        return None if location is None else download_files(self._uri, location, folder)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have no other process promote meanwhile."""
        path = sqlite_path(self._uri)
        if path is None:
            name = f"cutscore-promote-{sha256(self._uri.encode()).hexdigest()[:16]}.lock"
            lock = Path(tempfile.gettempdir()) / name
        else:
            lock = path.with_name(f"{path.name}.promote.lock")
        with locked(lock), alone(self._uri, PROMOTION_KEY, LOCK_SECONDS):
            yield

    def _if_there(self, call: str, *words: str) -> Any:
        """Return what a call finds, None if there is no such thing."""
        try:
            return getattr(self._client, call)(*words)
        except RefusedError as error:
            if error.code not in _GONE:
                raise
            return None

    def _pages(self, call: str, **named: str) -> list[Any]:
        """Return all that a search finds."""
        found: list[Any] = []
        token: str | None = None
        while True:
            page = getattr(self._client, call)(page_token=token, **named)
            found += page
            token = page.token
            if not token:
                return found


def _model(found: entities.model_registry.RegisteredModel) -> RegisteredModel:
    aliases = {str(alias): str(number) for alias, number in found.aliases.items()}
    return RegisteredModel(str(found.name), aliases, dict(found.tags))


def _version(found: entities.model_registry.ModelVersion) -> ModelVersion:
    made = datetime.fromtimestamp(found.creation_timestamp / 1000, UTC)
    logged = _LOGGED.search(str(found.source))
    model_id = found.model_id or (logged and (logged[1] or logged[2]))
    return ModelVersion(
        name=str(found.name),
        version=str(found.version),
        run_id=found.run_id or None,
        model_id=model_id or None,
        tags=dict(found.tags),
        created=made.isoformat(timespec="seconds"),
    )
