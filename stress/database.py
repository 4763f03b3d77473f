"""What a run costs PostgreSQL, and what 32 processes that do nothing but write runs make of it.

Runs are made: the record of one real run, written again in the calls that a run makes. Counted by
pg_stat_statements, pg_stat_database and pg_stat_wal; CPU is that of PostgreSQL's processes.

    uv run python stress/database.py [--clients 32] [--seconds 60]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))
sys.path.insert(0, str(Path(__file__).parent))

from servers import postgresql

from cutscore.report.items import DatasetUsed, Item, Metric, Param, Tag, Text
from cutscore.report.record_spec import HEARTBEAT_TAG
from cutscore.runs.opening import open_store
from cutscore.runs.settings import TrackingSettings
from cutscore.runs.values import RunDetail
from writers import commands, table

SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "max_connections": "200",
    "shared_buffers": "128MB",
}
EACH, BEATS = 50, 200
_COUNTS = """SELECT
    (SELECT sum(calls) FROM pg_stat_statements WHERE {ours}),
    (SELECT sum(rows) FROM pg_stat_statements WHERE {ours}),
    (SELECT sum(total_exec_time) FROM pg_stat_statements WHERE {ours}),
    (SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'runs'),
    (SELECT wal_bytes FROM pg_stat_wal),
    pg_database_size('runs')"""
_OURS = "dbid = (SELECT oid FROM pg_database WHERE datname = 'runs')"


@dataclass(frozen=True)
class Cost:
    """What the database has done: milliseconds of execution and of its processes' CPU, bytes."""

    statements: float
    rows: float
    executing: float
    transactions: float
    wal: float
    size: float
    cpu: float

    def of(self, before: Cost, number: int) -> Cost:
        """Return the cost of each of a number of things since."""
        pairs = zip(vars(self).values(), vars(before).values(), strict=True)
        return Cost(*((now - then) / number for now, then in pairs))

    def __str__(self) -> str:
        return (
            f"{self.statements:.1f} statements, {self.transactions:.1f} transactions, "
            f"{self.rows:.0f} rows, {self.wal / 1024:.1f} KB of WAL, {self.size / 1024:.1f} KB "
            f"kept, {self.executing:.2f} ms executing, {self.cpu:.2f} ms of CPU"
        )


class Meter:
    """Reads what a server has counted so far, from another database of it."""

    def __init__(self, server: psutil.Process, admin: str) -> None:
        self._server = server
        self._engine = create_engine(admin, isolation_level="AUTOCOMMIT")
        with self._engine.connect() as connection:
            connection.execute(text("CREATE EXTENSION pg_stat_statements"))

    def read(self) -> Cost:
        """Return all counts."""
        time.sleep(1.1)  # processes report once a second
        with self._engine.connect() as connection:
            row = connection.execute(text(_COUNTS.format(ours=_OURS))).one()
        return Cost(*(float(value or 0) for value in row), cpu=1000 * self._cpu())

    def connections(self) -> int:
        """Return how many clients are connected to the database of runs."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'runs'"
        with self._engine.connect() as connection:
            return int(connection.execute(text(query)).scalar_one())

    def dearest(self, most: int = 8) -> Iterator[str]:
        """Yield the statements that took most of the time."""
        query = (
            "SELECT calls, total_exec_time, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) "
            f"FROM pg_stat_statements WHERE {_OURS} ORDER BY 2 DESC LIMIT {most}"
        )
        with self._engine.connect() as connection:
            for calls, spent, words in connection.execute(text(query)):
                yield f"{calls:>7} calls {spent:>9.0f} ms  {words}"

    def reset(self) -> None:
        """Let the counts by statement begin anew."""
        with self._engine.connect() as connection:
            connection.execute(text("SELECT pg_stat_statements_reset()"))

    def _cpu(self) -> float:
        mine = self._server.cpu_times()
        spent = mine.user + mine.system + mine.children_user + mine.children_system
        for child in self._server.children():
            times = child.cpu_times()
            spent += times.user + times.system
        return spent


def record(detail: RunDetail) -> list[list[Item]]:
    """Return a run's record in the calls in which a run writes it."""
    data, summary = detail.datasets[0], detail.summary
    metrics: list[Item] = [Metric(key, value) for key, value in summary.metrics.items()]
    steps = detail.history.items()
    metrics += [Metric(key, value, step) for key, by in steps for step, value in by.items()]
    params = [Param(key, value) for key, value in detail.params.items()]
    tags = [Tag(key, value) for key, value in summary.tags.items() if "." not in key]
    used = DatasetUsed(data["name"], data["digest"], "table.csv", 300, 60, {"a": "double"})
    return [
        [*params, *tags[:-3], Text("config.yaml", "x")],
        [*tags[-3:], *metrics[:4], used],
        [*metrics[4:-2], Text("threshold.json", "x")],
        [Text("reference.json", "x")],
        [],
        [*metrics[-2:], Text("run.log", "x")],
    ]


def write_runs(
    tracking: TrackingSettings, calls: list[list[Item]], go_on: Callable[[], bool]
) -> int:
    """Write runs as long as that is asked for, and return how many."""
    store, done = open_store(tracking), 0
    while go_on():
        with store.open(f"made_{os.getpid()}_{done}") as run:
            for items in calls:
                run.write(items)
            run.complete()
        done += 1
    return done


def client(
    tracking: TrackingSettings,
    calls: list[list[Item]],
    ready: object,
    start: object,
    seconds: float,
) -> int:
    """Be one of many: begin when all are there."""
    open_store(tracking).find("made", limit=1)
    ready.release()
    start.wait()
    end = time.monotonic() + seconds
    return write_runs(tracking, calls, lambda: time.monotonic() < end)


def crowd(
    meter: Meter, tracking: TrackingSettings, calls: list[list[Item]], clients: int, seconds: float
) -> None:
    """Write from many processes at once and print what came of it."""
    context = multiprocessing.get_context("fork")  # what is imported serves all
    with context.Manager() as manager, context.Pool(clients) as pool:
        ready, start = manager.Semaphore(0), manager.Event()
        # Another address, so that no child takes a connection of its parent's for its own.
        tracking = replace(tracking, uri=f"{tracking.uri}?application_name=crowd")
        each = (tracking, calls, ready, start, seconds)
        waiting = [pool.apply_async(client, each) for _ in range(clients)]
        for _ in range(clients):
            ready.acquire()
        meter.reset()
        before, began = meter.read(), time.monotonic()
        start.set()
        time.sleep(seconds / 2)
        connections = meter.connections()
        done = sum(one.get() for one in waiting)
        took = time.monotonic() - began
        after = meter.read()
    each_run = after.of(before, done)
    rate = done / took
    print(f"{clients} clients, {took:.0f} s: {done} runs, {rate:.1f}/s, {connections} connections")
    print(f"  a run: {each_run}")
    print(f"  PostgreSQL had {each_run.cpu * rate / 10:.0f} % of one core")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    with postgresql(SETTINGS) as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        uri, admin = server.create("runs"), server.create("watching")
        meter = Meter(psutil.Process(server.process.pid), admin)
        (line,) = commands("commands", 1, 1, table(folder), uri)
        subprocess.run([*line, f"tracking.artifacts={folder}"], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        tracking = TrackingSettings(uri, str(folder), "made")
        store = open_store(tracking)
        calls = record(store.read(store.find("stress", {"model": "dummy"})[0].run_id))
        left = iter(range(EACH))
        write_runs(tracking, calls, lambda: next(left) == 0)  # what is loaded and planned once
        meter.reset()
        before, left = meter.read(), iter(range(EACH))
        began = time.monotonic()
        done = write_runs(tracking, calls, lambda: next(left, None) is not None)
        took = time.monotonic() - began
        print(f"a run, one client ({1000 * took / done:.0f} ms): {meter.read().of(before, done)}")
        print(*meter.dearest(), sep="\n")
        run_id = store.find("made")[0].run_id
        before = meter.read()
        for _ in range(BEATS):
            store.tag(run_id, {HEARTBEAT_TAG: "2026-01-01T00:00:00+00:00"})
        print(f"a sign of life: {meter.read().of(before, BEATS)}", flush=True)
        if args.clients:
            crowd(meter, tracking, calls, args.clients, args.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
