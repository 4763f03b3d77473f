"""The registry of models as the tables of a store hold it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from cutscore.care.contents import StoredVersion
from cutscore.runs.registry import ModelVersion, RegisteredModel

History = Callable[[Any, str, str], Sequence[Any]]
"""Returns who had an alias, by registry, name and alias, as dataclasses."""


class TableRegistry:
    """Reads models and versions; it is the part of `ModelRegistry` that changes nothing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def models(self) -> list[RegisteredModel]:
        """Return all registered models, by name."""
        rows = self._connection.execute("SELECT name FROM registered_models ORDER BY name")
        return [self._model(str(name)) for (name,) in rows.fetchall()]

    def model(self, name: str) -> RegisteredModel | None:
        """Return the registered model of that name."""
        return next((model for model in self.models() if model.name == name), None)

    def versions(self, name: str) -> list[ModelVersion]:
        """Return the versions of a name, the oldest first."""
        rows = self._connection.execute(
            "SELECT version, run_id, source, storage_location, creation_time FROM model_versions "
            "WHERE name = ? AND current_stage <> 'Deleted_Internal' ORDER BY version",
            [name],
        )
        return [self._version(name, *row) for row in rows.fetchall()]

    def _version(
        self, name: str, number: int, run: str, source: str, storage: str, made: int | None
    ) -> ModelVersion:
        tags = self._pairs("model_version_tags", "name = ? AND version = ?", name, number)
        stored = StoredVersion(name, str(number), run or None, source or "", storage or "")
        when = datetime.fromtimestamp(made / 1000, UTC).isoformat() if made else ""
        return ModelVersion(name, str(number), run or None, stored.model_id, tags, when)

    def _model(self, name: str) -> RegisteredModel:
        query = "SELECT alias, version FROM registered_model_aliases WHERE name = ?"
        rows = self._connection.execute(query, [name]).fetchall()
        aliases = {str(alias): str(version) for alias, version in rows}
        return RegisteredModel(
            name, aliases, self._pairs("registered_model_tags", "name = ?", name)
        )

    def _pairs(self, table: str, where: str, *values: object) -> dict[str, str]:
        query = f"SELECT key, value FROM {table} WHERE {where}"
        rows = self._connection.execute(query, values).fetchall()
        return {str(key): value or "" for key, value in rows}


def models(connection: sqlite3.Connection, history: History) -> list[dict[str, Any]]:
    """Return all registered models with versions, aliases, and who had each alias, for JSON."""
    registry = TableRegistry(connection)
    made = []
    for model in registry.models():
        versions = [
            {
                "version": version.version,
                "run_id": version.run_id,
                "created": version.created,
                "run": version.tags.get("run", ""),
                "aliases": [a for a, number in model.aliases.items() if number == version.version],
            }
            for version in registry.versions(model.name)
        ]
        reigns = {
            alias: [_told(asdict(reign)) for reign in history(registry, model.name, alias)]
            for alias in model.aliases
        }
        made.append({"name": model.name, "versions": versions, "history": reigns})
    return made


def _told(reign: dict[str, Any]) -> dict[str, Any]:
    left_out = ("model_id", "previous", "lineage")
    return {name: value for name, value in reign.items() if name not in left_out}
