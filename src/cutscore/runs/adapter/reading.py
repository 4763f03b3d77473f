"""Runs read back from MLflow as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cutscore.errors import Fault, RequestError, listed, nearest
from cutscore.report.record_spec import COMPLETE_TAG, PARENT_TAG, STEPPED
from cutscore.runs.values import ArtifactFile, RunDetail, RunSummary

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

_PAGE = 1000
_SHORTEST_PREFIX = 4
_ID = 32


def experiment_names(client: MlflowClient, name: str | None) -> dict[str, str]:
    """Return the names of the experiments by id; of the named one only, unless it is None.

    Raises
    ------
    RequestError
        If there is no experiment of that name.
    """
    known = {str(e.experiment_id): str(e.name) for e in client.search_experiments()}
    if name is None:
        return known
    chosen = {key: value for key, value in known.items() if value == name}
    if not chosen:
        names = sorted(known.values())
        problem = f'there is no experiment "{name}" in this store; it has {listed(names)}.'
        raise RequestError(Fault("--experiment", problem, nearest(name, names).strip()))
    return chosen


def condition_of(tags: Mapping[str, str], parent_id: str | None, status: str | None) -> str:
    """Return what runs must fulfil in MLflow's search language."""
    wanted = {**tags, **({PARENT_TAG: parent_id} if parent_id else {})}
    conditions = [f"tags.`{key}` = {_quoted(value)}" for key, value in wanted.items()]
    if status is not None:
        conditions.append(f"attributes.status = {_quoted(status)}")
    return " AND ".join(conditions)


def search(
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


def named_run(
    client: MlflowClient, experiments: Sequence[str], run: str
) -> tuple[entities.Run, tuple[str, ...]]:
    """Return the run that is meant, and the ids of older runs of the same name.

    Raises
    ------
    RequestError
        If there is no such run, or the word is the beginning of several ids.
    """
    named = search(client, experiments, f"attributes.run_name = {_quoted(run)}", 50)
    if named:
        return named[0], tuple(other.info.run_id for other in named[1:])
    every = search(client, experiments, "", None)
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


def summary_of(run: entities.Run, experiment: str) -> RunSummary:
    """Return one line on a run."""
    start, status = run.info.start_time, str(run.info.status)
    end = None if status == "RUNNING" else run.info.end_time  # one that goes on has its old one
    tags = dict(sorted(run.data.tags.items()))
    outputs = run.outputs.model_outputs if run.outputs else ()
    return RunSummary(
        run_id=run.info.run_id,
        name=str(run.info.run_name),
        experiment=experiment,
        status=status,
        complete=COMPLETE_TAG in tags,
        started=datetime.fromtimestamp(start / 1000, UTC).isoformat(timespec="seconds"),
        seconds=None if end is None else (end - start) / 1000,
        parent_id=tags.get(PARENT_TAG),
        metrics=dict(sorted(run.data.metrics.items())),
        tags=tags,
        models=tuple(str(model.model_id) for model in outputs),
        deleted=run.info.lifecycle_stage == "deleted",
        experiment_id=str(run.info.experiment_id),
    )


def detail_of(
    client: MlflowClient, run: entities.Run, experiment: str, namesakes: tuple[str, ...] = ()
) -> RunDetail:
    """Return everything on a run."""
    summary = summary_of(run, experiment)
    stepped = [name for name in run.data.metrics if name.startswith(STEPPED)]
    return RunDetail(
        summary=summary,
        params=dict(sorted(run.data.params.items())),
        history={name: _history(client, summary.run_id, name) for name in sorted(stepped)},
        artifacts=tuple(_artifacts(client, summary.run_id)),
        datasets=tuple(_datasets(run)),
        models=summary.models,
        artifact_uri=str(run.info.artifact_uri),
        namesakes=namesakes,
    )


def last_change(client: MlflowClient, run: entities.Run) -> datetime:
    """Return when a run began or last logged a metric, whichever is later."""
    times = [run.info.start_time or 0]
    for key in run.data.metrics:
        times += [entry.timestamp for entry in client.get_metric_history(run.info.run_id, key)]
    return datetime.fromtimestamp(max(times) / 1000, UTC)


def looks_like_id(word: str) -> bool:
    """Return whether a word has the form of a run's id."""
    return len(word) == _ID and all(letter in "0123456789abcdef" for letter in word)


def _quoted(text: str) -> str:
    """Return a text as MLflow's search language writes it, which has no way to escape quotes."""
    return f'"{text}"' if "'" in text and '"' not in text else "'" + text.replace("'", "") + "'"


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
