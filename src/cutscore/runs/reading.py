"""Runs read back from a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.report.record_spec import (
    COMPLETE_TAG,
    KIND_TAG,
    PARENT_TAG,
    missing_from_parent,
    missing_names,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

_PAGE = 1000
_STEPPED = ("fold_", "prune_value")
_SHORTEST_PREFIX = 4


@dataclass(frozen=True)
class RunSummary:
    """One line of the list of runs. Times are ISO 8601 in UTC; `seconds` is None while open."""

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


@dataclass(frozen=True)
class ArtifactFile:
    """A file of a run; `size` in bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class RunDetail:
    """Everything a store holds on one run.

    `history` gives, for the metrics with one value per fold, the values by step. `namesakes` are
    the ids of older runs of the same name.
    """

    summary: RunSummary
    params: dict[str, str]
    history: dict[str, dict[int, float]]
    artifacts: tuple[ArtifactFile, ...]
    datasets: tuple[dict[str, str], ...]
    models: tuple[str, ...]
    artifact_uri: str
    namesakes: tuple[str, ...] = field(default=())


def list_runs(
    client: MlflowClient,
    experiment: str | None = None,
    *,
    limit: int = 100,
    parent_id: str | None = None,
    status: str | None = None,
) -> list[RunSummary]:
    """Return runs, newest first, of one experiment or of all.

    Raises
    ------
    RequestError
        If there is no experiment of that name.
    """
    experiments = _experiments(client, experiment)
    conditions = []
    if parent_id is not None:
        conditions.append(f"tags.`{PARENT_TAG}` = '{parent_id}'")
    if status is not None:
        conditions.append(f"attributes.status = '{status}'")
    runs = _search(client, list(experiments), " AND ".join(conditions), limit)
    return [_summary(run, experiments[run.info.experiment_id]) for run in runs]


def find_runs(
    client: MlflowClient,
    experiment: str | None,
    tags: Mapping[str, str] | None = None,
    *,
    parent_id: str | None = None,
    status: str | None = None,
) -> list[RunSummary]:
    """Return all runs of an experiment (None: of all) that have these tags, newest first."""
    experiments = _experiments(client, experiment)
    wanted = {**(tags or {}), **({PARENT_TAG: parent_id} if parent_id else {})}
    conditions = [f"tags.`{key}` = '{value}'" for key, value in wanted.items()]
    if status is not None:
        conditions.append(f"attributes.status = '{status}'")
    runs = _search(client, list(experiments), " AND ".join(conditions), None)
    return [_summary(run, experiments[run.info.experiment_id]) for run in runs]


def artifact_text(client: MlflowClient, run_id: str, path: str) -> str | None:
    """Return the text of an artifact, None where the run has none of that name."""
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory(prefix="cutscore-") as folder:
        try:
            found = Path(client.download_artifacts(run_id, path, folder))
        except (MlflowException, OSError):
            return None
        return found.read_text(encoding="utf-8") if found.is_file() else None


def kept_model(client: MlflowClient, run_id: str) -> str | None:
    """Return the id of the model that was logged with a run, None if there is none."""
    outputs = client.get_run(run_id).outputs
    models = outputs.model_outputs if outputs else []
    return str(models[-1].model_id) if models else None


def show_run(client: MlflowClient, run: str) -> RunDetail:
    """Return everything on a run, named by its id, the beginning of its id or its name.

    Of several runs of one name the newest is shown.

    Raises
    ------
    RequestError
        If there is no such run, or the beginning fits several ids.
    """
    experiments = _experiments(client, None)
    found, namesakes = _find(client, list(experiments), run)
    return _detail(client, found, experiments[found.info.experiment_id], namesakes)


def detail_of(client: MlflowClient, run_id: str) -> RunDetail:
    """Return everything on the run of this very id."""
    found = client.get_run(run_id)
    experiment = client.get_experiment(found.info.experiment_id)
    return _detail(client, found, str(experiment.name), ())


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


def _detail(
    client: MlflowClient, found: entities.Run, experiment: str, namesakes: tuple[str, ...]
) -> RunDetail:
    summary = _summary(found, experiment)
    stepped = [name for name in found.data.metrics if name.startswith(_STEPPED)]
    return RunDetail(
        summary=summary,
        params=dict(sorted(found.data.params.items())),
        history={name: _history(client, summary.run_id, name) for name in sorted(stepped)},
        artifacts=tuple(_artifacts(client, summary.run_id)),
        datasets=tuple(_datasets(found)),
        models=tuple(model.model_id for model in found.outputs.model_outputs)
        if found.outputs
        else (),
        artifact_uri=str(found.info.artifact_uri),
        namesakes=namesakes,
    )


def _experiments(client: MlflowClient, name: str | None) -> dict[str, str]:
    """Return the names of the experiments by id."""
    known = {str(e.experiment_id): str(e.name) for e in client.search_experiments()}
    if name is None:
        return known
    chosen = {key: value for key, value in known.items() if value == name}
    if not chosen:
        names = sorted(known.values())
        problem = f'there is no experiment "{name}" in this store; it has {listed(names)}.'
        raise RequestError(Fault("--experiment", problem, nearest(name, names).strip()))
    return chosen


def _search(
    client: MlflowClient, experiments: Sequence[str], condition: str, limit: int | None
) -> list[entities.Run]:
    """Return runs that fit a condition, newest first, page by page."""
    runs: list[entities.Run] = []
    token: str | None = None
    while limit is None or len(runs) < limit:
        size = _PAGE if limit is None else min(_PAGE, limit - len(runs))
        page = client.search_runs(
            list(experiments),
            condition,
            max_results=size,
            order_by=["attributes.start_time DESC"],
            page_token=token,
        )
        runs.extend(page)
        token = page.token
        if not token:
            break
    return runs


def _find(
    client: MlflowClient, experiments: Sequence[str], run: str
) -> tuple[entities.Run, tuple[str, ...]]:
    """Return the run that is meant, and the ids of older runs of the same name."""
    quoted = run.replace("'", "")
    named = _search(client, experiments, f"attributes.run_name = '{quoted}'", 50)
    if named:
        return named[0], tuple(other.info.run_id for other in named[1:])
    every = _search(client, experiments, "", None)
    fitting = [
        entry
        for entry in every
        if entry.info.run_id == run
        or (len(run) >= _SHORTEST_PREFIX and entry.info.run_id.startswith(run))
    ]
    if len(fitting) == 1:
        return fitting[0], ()
    if fitting:
        ids = [f"{entry.info.run_id} ({entry.info.run_name})" for entry in fitting]
        problem = f'"{run}" is the beginning of several run ids: {listed(ids)}.'
        raise RequestError(Fault("RUN", problem, "Give more of the id."))
    raise _unknown(run, every)


def _unknown(run: str, every: Sequence[entities.Run]) -> RequestError:
    """Return the error for a run that is not there, naming those near it."""
    if not every:
        return RequestError(
            Fault("RUN", f'there is no run "{run}": the store has none.', "Try: cutscore run.")
        )
    names = list(dict.fromkeys(str(entry.info.run_name) for entry in every))
    ids = [entry.info.run_id for entry in every]
    hint = nearest(run, names) or nearest(run, ids)
    problem = f'there is no run "{run}"; the newest are {listed(names, 5)}.'
    return RequestError(Fault("RUN", problem, hint.strip()))


def _summary(run: entities.Run, experiment: str) -> RunSummary:
    """Return one line on a run."""
    start, end = run.info.start_time, run.info.end_time
    tags = dict(sorted(run.data.tags.items()))
    return RunSummary(
        run_id=run.info.run_id,
        name=str(run.info.run_name),
        experiment=experiment,
        status=str(run.info.status),
        complete=COMPLETE_TAG in tags,
        started=datetime.fromtimestamp(start / 1000, UTC).isoformat(timespec="seconds"),
        seconds=None if end is None else (end - start) / 1000,
        parent_id=tags.get(PARENT_TAG),
        metrics=dict(sorted(run.data.metrics.items())),
        tags=tags,
    )


def _history(client: MlflowClient, run_id: str, name: str) -> dict[int, float]:
    """Return the values of a metric by step."""
    entries = client.get_metric_history(run_id, name)
    return {entry.step: entry.value for entry in sorted(entries, key=lambda e: e.step)}


def _artifacts(client: MlflowClient, run_id: str, path: str | None = None) -> list[ArtifactFile]:
    """Return the files of a run, folders entered."""
    files: list[ArtifactFile] = []
    for entry in client.list_artifacts(run_id, path):
        if entry.is_dir:
            files += _artifacts(client, run_id, entry.path)
        else:
            files.append(ArtifactFile(entry.path, int(entry.file_size or 0)))
    return files


def _datasets(run: entities.Run) -> Iterable[dict[str, str]]:
    """Yield what the store holds on the data sets of a run."""
    for entry in run.inputs.dataset_inputs if run.inputs else ():
        dataset = entry.dataset
        yield {
            "name": dataset.name,
            "digest": dataset.digest,
            "source": dataset.source,
            "profile": dataset.profile or "",
            "schema": dataset.schema or "",
        }
