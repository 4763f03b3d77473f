"""What a run's own artifacts say of how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from cutscore.config.overrides import Override, parse_overrides
from cutscore.errors import Fault, RequestError
from cutscore.runs.lookups import artifact_text
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunDetail

CONFIG, OVERRIDES, ENVIRONMENT = "config.yaml", "overrides.yaml", "environment.txt"


@dataclass(frozen=True)
class RecordedRun:
    """A logged run with its stored config, choices, overrides and environment ('' if unknown)."""

    detail: RunDetail
    config: Mapping[str, Any]
    choices: Mapping[str, str]
    overrides: tuple[Override, ...]
    environment: str

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.detail.summary.run_id

    @property
    def name(self) -> str:
        """The run's name."""
        return self.detail.summary.name


def read_recorded_runs(store: RunStore, runs: Sequence[RunDetail]) -> list[RecordedRun]:
    """Read what the runs stored.

    Raises
    ------
    RequestError
        With every run that lacks its config.
    """
    found: list[RecordedRun] = []
    faults: list[Fault] = []
    for detail in runs:
        try:
            found.append(_read(store, detail))
        except RequestError as error:
            faults += error.faults
    if faults:
        raise RequestError(faults)
    return found


def _read(store: RunStore, detail: RunDetail) -> RecordedRun:
    run_id, name = detail.summary.run_id, detail.summary.name
    config = _mapping(artifact_text(store, run_id, CONFIG))
    if config is None:
        problem = f"{name} ({run_id}) has no stored config ({CONFIG} in {detail.artifact_uri})."
        raise RequestError(
            Fault("RUN_ID", problem, "Only runs of Cutscore whose files are there can be rerun.")
        )
    asked = _mapping(artifact_text(store, run_id, OVERRIDES)) or {}
    choices = asked.get("choices") or {}
    return RecordedRun(
        detail=detail,
        config=config,
        choices={str(key): str(value) for key, value in choices.items()},
        overrides=parse_overrides(str(text) for text in asked.get("overrides") or ()),
        environment=artifact_text(store, run_id, ENVIRONMENT) or "",
    )


def _mapping(text: str | None) -> dict[str, Any] | None:
    """Return a YAML text as a mapping, None if it is none."""
    if text is None:
        return None
    try:
        body = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    return body if isinstance(body, dict) else None
