"""Runs as plain values, however they are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cutscore.report.record_spec import KIND_TAG, missing_from_parent, missing_names

Status = Literal["FINISHED", "FAILED", "KILLED"]
"""How a run can have ended."""


@dataclass(frozen=True)
class RunSummary:
    """One run as a list shows it.

    Attributes
    ----------
    run_id, name : the run's
    experiment, experiment_id : the experiment that it is in
    status : RUNNING while it is open
    complete : whether its record is whole
    started : ISO 8601 in UTC
    seconds : wall time, None while it is open
    parent_id : the run that it belongs to
    metrics, tags : the latest value of each
    models : ids of the models that were logged with it
    deleted : whether it was deleted and can be restored
    """

    run_id: str
    name: str
    experiment: str
    status: str
    complete: bool
    started: str
    seconds: float | None
    parent_id: str | None
    metrics: dict[str, float]
    tags: dict[str, str]
    models: tuple[str, ...] = ()
    deleted: bool = False
    experiment_id: str = ""

    @property
    def open(self) -> bool:
        """Whether it says that it is still being written."""
        return self.status == "RUNNING"


@dataclass(frozen=True)
class ArtifactFile:
    """A file of a run; `size` in bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class RunDetail:
    """Everything a store holds on one run.

    Attributes
    ----------
    summary : what a list shows
    params : by name
    history : of the metrics with one value per fold, the values by step
    artifacts : its files
    datasets : what was logged of its inputs
    models : ids of the models logged with it
    artifact_uri : where its files are
    namesakes : ids of older runs of the same name
    """

    summary: RunSummary
    params: dict[str, str]
    history: dict[str, dict[int, float]]
    artifacts: tuple[ArtifactFile, ...]
    datasets: tuple[dict[str, str], ...]
    models: tuple[str, ...]
    artifact_uri: str
    namesakes: tuple[str, ...] = field(default=())


def missing_from_record(detail: RunDetail) -> list[str]:
    """Return what the record of a run lacks, as `kind:name`; empty when it is whole."""
    tags, files = detail.summary.tags, [file.path for file in detail.artifacts]
    if KIND_TAG in tags:
        return missing_from_parent(tags[KIND_TAG], tags, files)
    wants_model = detail.params.get("model.refit") == "true"
    return missing_names(
        detail.params,
        detail.summary.metrics,
        detail.summary.tags,
        (file.path for file in detail.artifacts),
        has_dataset=bool(detail.datasets),
        has_model=bool(detail.models) if wants_model else None,
    )
