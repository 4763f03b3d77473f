"""How a run ends that nobody writes any more: by what it last said of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cutscore.report.record_spec import (
    COMPLETE_TAG,
    DIED_TAG,
    FAILURE_TAG,
    HEARTBEAT_TAG,
    PRUNED_TAG,
)
from cutscore.runs.values import RunSummary, Status


@dataclass(frozen=True)
class Ending:
    """The status a run is given, the tags that say why, and when it ended."""

    status: Status
    tags: Mapping[str, str]
    time: datetime


def ending_of(run: RunSummary, reason: str, *, killed: bool = False) -> Ending:
    """Return how a run ends that was left open.

    Its process may have died after it wrote its last tag and before the status changed: a run
    that said that it is complete has FINISHED, one that said that it is hopeless was pruned
    (KILLED, no failure). Any other has failed for `reason`, after what it said itself; `killed`
    says that the caller has just ended its process. A run found dead ended with its last sign of
    life, and unless it had said why it failed, a tag tells that its process died in it.
    """
    now = datetime.now(UTC)
    time = now if killed else last_sign(run.tags) or now
    if COMPLETE_TAG in run.tags:
        return Ending("FINISHED", {}, time)
    if PRUNED_TAG in run.tags:
        return Ending("KILLED", {}, time)
    before = run.tags.get(FAILURE_TAG)
    told = f"{before}; {reason}" if before else reason
    died = {} if before or killed else {DIED_TAG: "true"}
    return Ending("KILLED" if killed else "FAILED", {FAILURE_TAG: told, **died}, time)


def last_sign(tags: Mapping[str, str]) -> datetime | None:
    """Return the time of the last sign of life, None where there is none."""
    try:
        time = datetime.fromisoformat(tags.get(HEARTBEAT_TAG, ""))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
