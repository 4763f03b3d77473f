"""What a store holds, as plain values: the care of stores works on these, however they were read.

Times are milliseconds since 1970, as MLflow keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cutscore.report.record_spec import COMPLETE_TAG, KIND_TAG, PARENT_TAG, is_ours

ACTIVE = "active"
_MODEL_ID = re.compile(r"\bm-[0-9a-f]{32}\b")


@dataclass(frozen=True)
class StoredExperiment:
    """An experiment; `location` is where files of its runs go."""

    experiment_id: str
    name: str
    location: str
    deleted: bool = False


@dataclass(frozen=True)
class StoredRun:
    """A run with all that the database holds on it.

    `metrics` are the latest values; `models` the ids of its logged models; `deleted` is MLflow's
    mark, which hides a run and keeps it.
    """

    run_id: str
    name: str
    experiment_id: str
    status: str
    started: int | None
    ended: int | None
    artifact_uri: str
    deleted: bool = False
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: int = 0
    models: tuple[str, ...] = ()

    @property
    def parent_id(self) -> str | None:
        """The run that this one belongs to."""
        return self.tags.get(PARENT_TAG)

    @property
    def kind(self) -> str:
        """The kind of a run that only holds others together, '' for an experiment's run."""
        return self.tags.get(KIND_TAG, "")

    @property
    def complete(self) -> bool:
        """Whether the run said, last of all, that nothing is missing."""
        return COMPLETE_TAG in self.tags

    @property
    def ours(self) -> bool:
        """Whether Cutscore wrote the run."""
        return is_ours(self.tags)


@dataclass(frozen=True)
class StoredModel:
    """A logged model; `ready` is false while it is being written, or when that failed."""

    model_id: str
    name: str
    experiment_id: str
    run_id: str | None
    location: str
    ready: bool = True
    deleted: bool = False


@dataclass(frozen=True)
class StoredVersion:
    """A version in the registry, with where its files are said to be and its aliases."""

    name: str
    version: str
    run_id: str | None
    source: str
    storage: str
    aliases: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Name and version in one word, as MLflow writes them."""
        return f"{self.name}/{self.version}"

    @property
    def model_id(self) -> str | None:
        """The logged model that was registered, if it was one: its id is part of the address."""
        found = _MODEL_ID.search(self.source) or _MODEL_ID.search(self.storage)
        return found[0] if found else None


@dataclass(frozen=True)
class Contents:
    """All of a store.

    `dangling_aliases` are `model@alias` that name no version, `promoted` is what `cutscore promote`
    last noted of each, as JSON, `others` counts what else there is.
    """

    experiments: Mapping[str, StoredExperiment]
    runs: Mapping[str, StoredRun]
    models: Mapping[str, StoredModel]
    versions: tuple[StoredVersion, ...]
    dangling_aliases: tuple[str, ...] = ()
    promoted: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)

    def experiment_name(self, run: StoredRun) -> str:
        """Return the name of a run's experiment, or its id where there is none."""
        known = self.experiments.get(run.experiment_id)
        return known.name if known else f"(no experiment {run.experiment_id})"
