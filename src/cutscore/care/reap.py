"""Closing runs that say RUNNING though nothing writes them any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cutscore.care.findings import LivenessJudge
from cutscore.report.record_spec import COMPLETE_TAG, FAILURE_TAG, HEARTBEAT_TAG, PRUNED_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient, entities

MAX_TAG = 8000
_PAGE = 1000


@dataclass(frozen=True)
class Reaped:
    """A run that said RUNNING. `status` is what it says now; `closed` whether it was changed."""

    run_id: str
    name: str
    experiment: str
    closed: bool
    status: str
    reason: str


def reap(
    client: MlflowClient,
    judge: LivenessJudge,
    *,
    unclaimed_after: timedelta | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
) -> list[Reaped]:
    """Close every run whose process is certainly dead; never one that may live.

    A run that wrote its last tag and died before its status changed ends as that tag says. Of a
    run that does not say which process writes it nothing can be known: it is closed only if
    nothing has happened in it for `unclaimed_after`. With `dry_run` nothing is written.
    """
    at = now or datetime.now(UTC)
    names = {str(e.experiment_id): str(e.name) for e in client.search_experiments()}
    told = []
    for run in _running(client, list(names)):
        dead, reason = _verdict(client, run, judge, unclaimed_after, at)
        status = "RUNNING"
        if dead:
            status, tags = _ending(run.data.tags, reason)
            if not dry_run and not _close(client, run, status, tags, at):
                continue
        told.append(
            Reaped(
                run.info.run_id,
                str(run.info.run_name),
                names[str(run.info.experiment_id)],
                dead,
                status,
                reason,
            )
        )
    return told


def _running(client: MlflowClient, experiments: list[str]) -> Iterator[entities.Run]:
    """Yield the runs that say RUNNING, the oldest first."""
    found: list[entities.Run] = []
    token: str | None = None
    while experiments:
        page = client.search_runs(
            experiments,
            "attributes.status = 'RUNNING'",
            max_results=_PAGE,
            order_by=["attributes.start_time"],
            page_token=token,
        )
        found += page
        token = page.token
        if not token:
            break
    yield from found


def _verdict(
    client: MlflowClient,
    run: entities.Run,
    judge: LivenessJudge,
    unclaimed_after: timedelta | None,
    now: datetime,
) -> tuple[bool, str]:
    """Return whether a run is to be closed, and why or why not."""
    verdict = judge(run.data.tags)
    if verdict.state != "unknown" or unclaimed_after is None:
        return verdict.state == "dead", verdict.reason
    idle = now - _last_change(client, run)
    hours = idle.total_seconds() / 3600
    reason = f"{verdict.reason}; nothing has happened in it for {hours:.1f} h"
    return idle > unclaimed_after, reason


def _last_change(client: MlflowClient, run: entities.Run) -> datetime:
    """Return when the run began or last logged a metric, whichever is later."""
    times = [run.info.start_time or 0]
    for key in run.data.metrics:
        times += [entry.timestamp for entry in client.get_metric_history(run.info.run_id, key)]
    return datetime.fromtimestamp(max(times) / 1000, UTC)


def _ending(tags: Mapping[str, str], reason: str) -> tuple[str, dict[str, str]]:
    """Return the status that a dead run gets, and the tags that say why."""
    if COMPLETE_TAG in tags:
        return "FINISHED", {}
    if PRUNED_TAG in tags:
        return "KILLED", {}
    before = tags.get(FAILURE_TAG)
    told = f"{before}; " if before else ""
    return "FAILED", {FAILURE_TAG: f"{told}the run was left open: {reason}"[:MAX_TAG]}


def _close(
    client: MlflowClient, run: entities.Run, status: str, tags: Mapping[str, str], now: datetime
) -> bool:
    """Close a run unless it has ended meanwhile; its end is its last sign of life."""
    from mlflow.entities import RunTag

    run_id = run.info.run_id
    if client.get_run(run_id).info.status != "RUNNING":
        return False
    if tags:
        client.log_batch(run_id, tags=[RunTag(key, value) for key, value in tags.items()])
    client.set_terminated(run_id, status, _end(run, now))
    return True


def _end(run: entities.Run, now: datetime) -> int:
    """Return the time of the last sign of life in milliseconds, or now where there is none."""
    try:
        last = datetime.fromisoformat(run.data.tags[HEARTBEAT_TAG])
    except (KeyError, ValueError):
        last = now
    return max(int(last.timestamp() * 1000), run.info.start_time or 0)
