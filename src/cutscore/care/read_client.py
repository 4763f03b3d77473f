"""A store's contents read through MLflow's client: servers, databases other than SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cutscore.care.contents import (
    ACTIVE,
    Contents,
    StoredExperiment,
    StoredModel,
    StoredRun,
    StoredVersion,
)
from cutscore.runs.registry import LAST_CHANGE

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

_PAGE = 1000
_MODELS_PAGE = 100


def read_contents(client: MlflowClient) -> Contents:
    """Read everything, page by page. Deleted models cannot be seen through a client."""
    from mlflow.entities import ViewType

    experiments = [
        StoredExperiment(
            str(e.experiment_id), e.name, e.artifact_location or "", e.lifecycle_stage != ACTIVE
        )
        for e in _pages(lambda t: client.search_experiments(ViewType.ALL, _PAGE, page_token=t))
    ]
    ids = [experiment.experiment_id for experiment in experiments]
    runs = [
        _run(run)
        for run in _pages(
            lambda t: client.search_runs(
                ids, "", ViewType.ALL, _PAGE, ["attributes.start_time"], page_token=t
            )
        )
    ]
    found = _pages(
        lambda t: client.search_logged_models(ids, max_results=_MODELS_PAGE, page_token=t)
    )
    models = [_model(model) for model in found]
    registered = list(
        _pages(lambda t: client.search_registered_models(max_results=100, page_token=t))
    )
    return Contents(
        experiments={e.experiment_id: e for e in experiments},
        runs={run.run_id: run for run in runs},
        models={model.model_id: model for model in models},
        versions=tuple(_versions(client, registered)),
        promoted={
            f"{model.name}@{key.removeprefix(LAST_CHANGE)}": str(text)
            for model in registered
            for key, text in model.tags.items()
            if key.startswith(LAST_CHANGE)
        },
    )


def _pages(page: Callable[[str | None], Any]) -> Iterator[Any]:
    """Yield the entries of all pages."""
    token: str | None = None
    while True:
        found = page(token)
        yield from found
        token = found.token
        if not token:
            return


def _run(run: entities.Run) -> StoredRun:
    outputs = run.outputs.model_outputs if run.outputs else ()
    return StoredRun(
        run_id=run.info.run_id,
        name=str(run.info.run_name or ""),
        experiment_id=str(run.info.experiment_id),
        status=str(run.info.status),
        started=run.info.start_time,
        ended=run.info.end_time or None,
        artifact_uri=str(run.info.artifact_uri or ""),
        deleted=run.info.lifecycle_stage != ACTIVE,
        params=run.data.params,
        metrics=run.data.metrics,
        tags=run.data.tags,
        datasets=len(run.inputs.dataset_inputs) if run.inputs else 0,
        models=tuple(output.model_id for output in outputs),
    )


def _model(model: entities.LoggedModel) -> StoredModel:
    return StoredModel(
        model.model_id,
        model.name,
        str(model.experiment_id),
        model.source_run_id or None,
        model.artifact_location,
        str(model.status) == "READY",
    )


def _versions(client: MlflowClient, registered: Iterable[Any]) -> Iterable[StoredVersion]:
    """Yield the registry's versions; aliases come with the models, not with the versions."""
    aliases: dict[tuple[str, str], list[str]] = {}
    for model in registered:
        for alias, version in model.aliases.items():
            aliases.setdefault((model.name, str(version)), []).append(alias)
    for found in _pages(lambda t: client.search_model_versions(max_results=_PAGE, page_token=t)):
        key = (found.name, str(found.version))
        yield StoredVersion(
            *key,
            run_id=found.run_id or None,
            source=found.source or "",
            storage="",
            aliases=tuple(sorted(aliases.get(key, ()))),
        )
