"""Closing runs that say RUNNING though nothing writes them any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cutscore.care.findings import LivenessJudge
from cutscore.runs.closing import ending_of
from cutscore.runs.port import RunStore
from cutscore.runs.values import RunSummary


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
    store: RunStore,
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
    told = []
    for run in reversed(store.find(status="RUNNING")):  # the oldest first
        dead, reason = _verdict(store, run, judge, unclaimed_after, at)
        status, words = "RUNNING", f"the run was left open: {reason}"
        if dead:
            status = ending_of(run, words).status
            if not dry_run and not store.close(run, words):
                continue
        told.append(Reaped(run.run_id, run.name, run.experiment, dead, status, reason))
    return told


def _verdict(
    store: RunStore,
    run: RunSummary,
    judge: LivenessJudge,
    unclaimed_after: timedelta | None,
    now: datetime,
) -> tuple[bool, str]:
    """Return whether a run is to be closed, and why or why not."""
    verdict = judge(run.tags)
    if verdict.state != "unknown" or unclaimed_after is None:
        return verdict.state == "dead", verdict.reason
    idle = now - store.last_change(run)
    hours = idle.total_seconds() / 3600
    reason = f"{verdict.reason}; nothing has happened in it for {hours:.1f} h"
    return idle > unclaimed_after, reason
