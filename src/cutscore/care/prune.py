"""Deleting runs so that it can be taken back: MLflow's mark on the run, its files in the trash."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cutscore.care.audit import ReportProgress, ignore_progress
from cutscore.care.contents import ACTIVE, Contents, StoredRun
from cutscore.care.selection import Selection, registered_runs
from cutscore.care.trash import (
    TrashBatch,
    TrashedRun,
    TrashMove,
    batches,
    bin_folders,
    drop,
    new_batch,
    remove_folders,
    return_folders,
    unmoved,
)
from cutscore.care.view import View
from cutscore.errors import Fault, RequestError, StoreError
from cutscore.report.redact import redact
from cutscore.runs.adapter.client import open_client
from cutscore.runs.addresses import sqlite_path

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore


@dataclass(frozen=True)
class StoreLocation:
    """A store with files on this machine; `folder` is the one that its trash lies in."""

    view: View
    client: MlflowClient
    folder: Path

    @classmethod
    def of(cls, uri: str, view: View) -> StoreLocation:
        """Return the place of a store that can be written.

        Raises
        ------
        RequestError
            If nothing says where its files are.
        """
        path = sqlite_path(uri)
        if path is None and not view.roots:
            problem = "nothing says where its files are."
            raise RequestError(Fault("--artifacts", problem, "Name their folder."))
        return cls(view, open_client(uri), path.parent if path else view.roots[0].parent)


@dataclass(frozen=True)
class PruneResult:
    """What became of one run; `problem` is empty unless something could not be done."""

    run_id: str
    name: str
    experiment: str
    did: str
    problem: str = ""


def plan(view: View, selection: Selection) -> tuple[TrashedRun, ...]:
    """Return the runs that are taken, with the folders of theirs and of their models.

    A folder is moved only if it carries the run's or the model's id: an address that leads to a
    shared folder, or out of the store, moves nothing.
    """
    return tuple(
        _binned(view, view.contents.runs[run_id], reason)
        for run_id, reason in selection.taken.items()
    )


def prune(
    store_folder: Path,
    client: MlflowClient,
    runs: tuple[TrashedRun, ...],
    report: ReportProgress = ignore_progress,
) -> list[PruneResult]:
    """Mark runs as deleted and move their folders into a new batch of the trash."""
    batch = new_batch(store_folder, runs)
    done = []
    for number, run in enumerate(runs, 1):
        # The mark first: interrupted in between, nothing is lost and the run is merely hidden.
        client.delete_run(run.run_id)
        for model_id in run.models:
            client.delete_logged_model(model_id)
        failed = bin_folders(batch, run)
        done.append(PruneResult(run.run_id, run.name, run.experiment, "deleted", "; ".join(failed)))
        report(number, len(runs))
    return done


def undo(store_folder: Path, client: MlflowClient, title: str) -> list[PruneResult]:
    """Take a batch back: its folders, its runs and their logged models. `title` is its time."""
    done = []
    for batch in list(batches(store_folder)):
        if batch.title != title:
            continue
        stages = run_stages(client, batch)
        done += [_undone(batch, run, client, stages.get(run.run_id)) for run in batch.runs]
        if not any(entry.problem for entry in done):
            drop(batch)
    return done


def empty(
    store_folder: Path,
    client: MlflowClient,
    contents: Contents,
    report: ReportProgress = ignore_progress,
) -> list[PruneResult]:
    """Delete for good what lies in the trash: files, and the runs in the database.

    Left are runs that are not deleted, whose model is registered, or whose files never arrived.
    """
    database = _database(client)
    deleted_models = {*database._get_deleted_logged_models()}
    registered = registered_runs(contents)
    found = list(batches(store_folder))
    total = sum(len(batch.runs) for batch in found)
    done: list[PruneResult] = []
    for batch in found:
        kept = False
        for run in batch.runs:
            reason = _why_kept(batch, run, contents, registered)
            did = "kept" if reason else "removed for good"
            if not reason:
                _delete_for_good(database, run, contents, deleted_models)
                did += f", {remove_folders(batch, run):,} bytes freed"
            kept = kept or bool(reason)
            done.append(PruneResult(run.run_id, run.name, run.experiment, did, reason))
            report(len(done), total)
        if not kept:
            drop(batch)
    return done


def _why_kept(
    batch: TrashBatch, run: TrashedRun, contents: Contents, registered: Mapping[str, str]
) -> str:
    """Return why a run in the trash must not be deleted for good, '' if it may be."""
    known = contents.runs.get(run.run_id)
    if known is not None and not known.deleted:
        return "it is not deleted: it was restored, or never taken"
    title = registered.get(run.run_id)
    if title is None:
        title = next((v.title for v in contents.versions if v.model_id in run.models), None)
    if title:
        return f"its model is registered as {title}"
    if unmoved(batch, run):
        return f"its files never arrived here; take it back: --undo {batch.title}"
    return ""


def _binned(view: View, run: StoredRun, reason: str) -> TrashedRun:
    models = tuple(
        model
        for model in view.contents.models.values()
        if model.run_id == run.run_id and not model.deleted
    )
    moves = list(_moves(view.files.of_run(run).folder, run.run_id, run))
    for model in models:
        moves += _moves(view.files.of_model(model).folder, model.model_id, run)
    experiment = view.contents.experiment_name(run)
    ids = tuple(model.model_id for model in models)
    return TrashedRun(run.run_id, run.name, experiment, reason, ids, tuple(moves))


def _moves(folder: Path | None, owner: str, run: StoredRun) -> Iterator[TrashMove]:
    """Yield the move of the folder that carries the id of its owner."""
    if folder is None:
        return
    own = next((step for step in (folder, *folder.parents) if step.name == owner), None)
    if own is not None:
        yield TrashMove(str(own), f"{run.experiment_id}/{run.run_id}/{own.name}")


def run_stages(client: MlflowClient, batch: TrashBatch) -> dict[str, str]:
    """Return whether each run of a batch is active or deleted; those that are gone are left out."""
    from mlflow.exceptions import MlflowException

    stages = {}
    for run in batch.runs:
        try:
            stages[run.run_id] = client.get_run(run.run_id).info.lifecycle_stage
        except MlflowException:
            continue
    return stages


def _undone(
    batch: TrashBatch, run: TrashedRun, client: MlflowClient, stage: str | None
) -> PruneResult:
    if stage is None:
        problem = "it is no longer in the database; its files stay in the trash"
        return PruneResult(run.run_id, run.name, run.experiment, "left", problem)
    failed = return_folders(batch, run)
    if stage != ACTIVE:
        client.restore_run(run.run_id)
    _restore_models(client, run.models)
    return PruneResult(run.run_id, run.name, run.experiment, "restored", "; ".join(failed))


def _restore_models(client: MlflowClient, models: Sequence[str]) -> None:
    """Take the mark from logged models; MLflow's client can only set it."""
    store = _database(client)
    for model_id in models:
        with store.ManagedSessionMaker(read_only=False) as session:
            store._get_logged_model_record(session, model_id).lifecycle_stage = ACTIVE


def _delete_for_good(
    database: SqlAlchemyStore, run: TrashedRun, contents: Contents, models: Collection[str]
) -> None:
    """Delete a run and its deleted `models` from the database, as MLflow's own gc does."""
    for model_id in run.models:
        if model_id in models:
            database._hard_delete_logged_model(model_id)
    if run.run_id in contents.runs:
        database._hard_delete_run(run.run_id)


def _database(client: MlflowClient) -> SqlAlchemyStore:
    """Return the database behind a client, which alone can delete for good."""
    return client._tracking_client.store


@contextmanager
def refusals_told() -> Iterator[None]:
    """Turn what MLflow raises while it writes (a locked database, a lost server) into our words.

    Raises
    ------
    StoreError
        In its place.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    logger = logging.getLogger("mlflow.store.db.utils")  # it logs a traceback of what it raises
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        first = redact(str(error)).splitlines()[0].rstrip(".")
        raise StoreError(f"the store refuses: {first}. What was done until then stays.") from error
    finally:
        logger.setLevel(level)
