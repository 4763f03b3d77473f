"""Whether the process that writes a run still lives, judged by the tags it left."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cutscore.report.record_spec import HEARTBEAT_TAG
from cutscore.runs.identity import boot_id
from cutscore.runs.values import RunSummary

STALE_AFTER = timedelta(minutes=5)
"""A process of another host is held to be dead when its last sign of life is older than this."""

_SAME_START = timedelta(seconds=2)
"""A process id is used again, so the start must agree; clocks are stepped, so not to the tick."""


@dataclass(frozen=True)
class Liveness:
    """A verdict with its reason in words. What cannot be told is `unknown`, never dead."""

    state: Literal["alive", "dead", "unknown"]
    reason: str

    @property
    def dead(self) -> bool:
        """Whether it is certain that nothing writes this run any more."""
        return self.state == "dead"


def judge_life(
    tags: Mapping[str, str], now: datetime | None = None, stale: timedelta = STALE_AFTER
) -> Liveness:
    """Judge whether the process named in a run's tags lives.

    On this host the process table decides (process id, its start, the boot id). Of another host
    only the age of the last sign of life is known; `stale` is how old it may be.
    """
    if "host" not in tags or "pid" not in tags:
        return Liveness("unknown", "the run does not say which process writes it")
    if tags["host"] == socket.gethostname() and _same_machine(tags):
        return _judge_here(tags)
    return _judge_heartbeat(tags, now or datetime.now(UTC), stale)


def writer_alive(run: RunSummary) -> str:
    """Return in words which living process has a run open, '' if it has ended or none does."""
    life = judge_life(run.tags) if run.open else None
    return life.reason if life is not None and life.state == "alive" else ""


def _same_machine(tags: Mapping[str, str]) -> bool:
    """Return whether the tags can be judged by this machine's processes.

    Host names are not unique: another boot id is a restart of this machine or a namesake of it,
    and only the sign of life tells the two apart.
    """
    return tags.get("boot_id", "") == boot_id()


def _judge_here(tags: Mapping[str, str]) -> Liveness:
    import psutil

    try:
        pid = int(tags["pid"])
        process = psutil.Process(pid)
        started = datetime.fromtimestamp(process.create_time(), UTC)
        zombie = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return Liveness("dead", f"process {tags['pid']} has ended")
    except (ValueError, psutil.Error) as error:
        return Liveness("unknown", f"process {tags['pid']} cannot be looked at ({error})")
    if zombie:
        return Liveness("dead", f"process {pid} has ended")
    known = _time(tags.get("process_start", ""))
    if known is None:
        return Liveness(
            "unknown", f"a process {pid} runs, but the run does not say when its own began"
        )
    if abs(started - known) > _SAME_START:
        return Liveness("dead", f"process {pid} has ended; its number has passed to another")
    return Liveness("alive", f"process {pid} runs")


def _judge_heartbeat(tags: Mapping[str, str], now: datetime, stale: timedelta) -> Liveness:
    last = _time(tags.get(HEARTBEAT_TAG, ""))
    if last is None:
        return Liveness("unknown", f"written on host {tags['host']}, without a sign of life")
    age = now - last
    told = f"last sign of life from host {tags['host']} {_minutes(age)} ago"
    return Liveness("dead" if age > stale else "alive", told)


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _minutes(age: timedelta) -> str:
    minutes = age.total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.0f} h"
