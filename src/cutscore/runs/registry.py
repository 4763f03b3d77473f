"""The registry of models as the rooms above see it: versions under a name, and aliases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cutscore.errors import Fault

LAST_CHANGE = "cutscore.alias."
"""Begins the tag of a registered model that says what an alias was last set to, and why."""

_ALIAS = re.compile(r"[a-z0-9_-]{1,255}")
_VERSION = re.compile(r"v\d+")


@dataclass(frozen=True)
class ModelVersion:
    """A version of a registered model.

    Attributes
    ----------
    name, version : the registered model's name, and the number as text
    run_id, model_id : the run and the logged model that it is made of; None where it is made of
        something else
    tags : what it says of itself
    created : ISO 8601 in UTC
    """

    name: str
    version: str
    run_id: str | None
    model_id: str | None
    tags: Mapping[str, str] = field(default_factory=dict)
    created: str = ""

    @property
    def title(self) -> str:
        """Name and version in one word, as MLflow writes them."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True)
class RegisteredModel:
    """A name in the registry: the version of each of its aliases, and its tags."""

    name: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class ModelRegistry(Protocol):
    """The registry of a store; a call raises StoreError where the store does not take it."""

    def models(self) -> list[RegisteredModel]:
        """Return all registered models, by name."""

    def model(self, name: str) -> RegisteredModel | None:
        """Return the registered model of that name."""

    def versions(self, name: str) -> list[ModelVersion]:
        """Return the versions of a name, the oldest first; none where there is no such name."""

    def version(self, name: str, number: str) -> ModelVersion | None:
        """Return one version, None if it is not there."""

    def version_of(self, name: str, alias: str) -> ModelVersion | None:
        """Return the version that an alias names now, None if it names none: one cheap call."""

    def register(
        self, name: str, run_id: str, model_id: str, tags: Mapping[str, str]
    ) -> ModelVersion:
        """Return the version of a logged model, made unless it has one; its tags are set."""

    def tag(self, version: ModelVersion, tags: Mapping[str, str]) -> None:
        """Set tags of a version."""

    def tag_model(self, name: str, tags: Mapping[str, str]) -> None:
        """Set tags of a registered model."""

    def point(self, alias: str, version: ModelVersion) -> None:
        """Let an alias name a version, and no other any more."""

    def files(self, version: ModelVersion, folder: Path) -> Path | None:
        """Copy a version's files to a folder and return where they are; None if they are gone."""

    def alone(self) -> AbstractContextManager[None]:
        """Have no other process promote meanwhile, as far as the store has a lock to offer.

        For an MLflow server that is processes of this machine only.
        """


def alias_fault(alias: str, setting: str) -> Fault | None:
    """Return why a word can be no alias, None if it can."""
    if alias.lower() == "latest" or _VERSION.fullmatch(alias.lower()):
        problem = f'"{alias}" is a reserved word of MLflow.'
    elif not _ALIAS.fullmatch(alias):
        problem = f'"{alias}" is not allowed: lower-case letters, digits, _ and - only.'
    else:
        return None
    return Fault(setting, problem, "Choose another, such as champion.")
