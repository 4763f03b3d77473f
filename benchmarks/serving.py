"""`cutscore serve` against `mlflow models serve` on the same kept model, side by side.

Both answer the same rows as JSON records, all checks on: one client asking for one row after the
other, four at once, and 1,000 rows a request. Then our other forms, and features computed from raw
columns (`features=domain`). Ratios count; milliseconds are this machine's.

    uv run python benchmarks/serving.py [--seconds 3] [--rounds 3] [--ours]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from made import FOLDER

ROWS, COLUMNS, TREES, CLIENTS = 30_000, 189, 100, 4
RUN = ("validation=holdout", "report.bootstrap=0", "model.refit=true")
JSON = "application/json"
Body = tuple[bytes, str]


def table() -> Path:
    """Write a table of 189 numbers, a tenth of the columns with gaps, once."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = FOLDER / f"served_{ROWS}x{COLUMNS}.parquet"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(0)
        columns = {f"x{i:03d}": rng.normal(size=ROWS).astype(np.float32) for i in range(COLUMNS)}
        risk = sum(columns[f"x{i:03d}"] for i in range(12)) + rng.normal(size=ROWS) * 5
        for i in range(0, COLUMNS, 10):
            columns[f"x{i:03d}"][rng.random(ROWS) < 0.5] = np.nan
        target = (risk > np.quantile(risk, 0.92)).astype(np.int8)
        pq.write_table(pa.table({"target": target, **columns}), path)
    return path


def kept(name: str, *overrides: str) -> Path:
    """Return MLflow's folder of the model that a run kept, made once."""
    store = FOLDER / f"store_{name}"
    if not (found := sorted(store.glob("**/MLmodel"))):
        words = ["run", *RUN, f"model.params.n_estimators={TREES}", *overrides]
        words.append(f"tracking.uri=sqlite:///{store}/mlflow.db")
        subprocess.run([sys.executable, "-m", "cutscore", *words], check=True)
        found = sorted(store.glob("**/MLmodel"))
    return found[0].parent


class Server:
    """A server that runs: its port, and the seconds that it took to start."""

    def __init__(self, process: int, port: int, seconds: float) -> None:
        self.port, self.seconds = port, seconds
        first = psutil.Process(process)
        self.family = [first, *first.children(recursive=True)]

    def cpu(self) -> float:
        """Return the CPU seconds used so far."""
        times = [each.cpu_times() for each in self.family]
        return sum(each.user + each.system for each in times)

    def memory(self) -> float:
        """Return the memory in use, in MB."""
        return sum(each.memory_info().rss for each in self.family) / 1e6


@contextmanager
def started(*words: str) -> Iterator[Server]:
    """Run a server on a free port until the end of the context."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.perf_counter()
    server = subprocess.Popen(
        [*words, "--port", str(port)],
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not answers(port):
            if server.poll() is not None:
                raise SystemExit(f"{' '.join(words)} ended")
            time.sleep(0.1)
        yield Server(server.pid, port, time.perf_counter() - start)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def answers(port: int) -> bool:
    try:
        return Client(port).get("/ping") == 200
    except OSError:
        return False


class Client:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str) -> int:
        self.connection.request("GET", path)
        return self._status()

    def post(self, path: str, body: Body) -> int:
        self.connection.request("POST", path, body[0], {"Content-Type": body[1]})
        return self._status()

    def _status(self) -> int:
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


def latency(server: Server, path: str, body: Body, seconds: float) -> tuple[float, float, float]:
    """Return median, 99th percentile and the server's CPU, in ms, of one client's requests."""
    client, taken = Client(server.port), []
    for _ in range(5):
        if client.post(path, body) != 200:
            raise SystemExit(f"{path} refuses the benchmark's rows")
    end, used = time.perf_counter() + seconds, server.cpu()
    while time.perf_counter() < end or len(taken) < 10:
        start = time.perf_counter()
        client.post(path, body)
        taken.append(1000 * (time.perf_counter() - start))
    used = 1000 * (server.cpu() - used) / len(taken)
    return statistics.median(taken), statistics.quantiles(taken, n=100)[-1], used


def rate(port: int, path: str, body: Body, seconds: float) -> float:
    """Return the requests a second that several clients get answered together."""
    counts = [0] * CLIENTS

    def ask(at: int) -> None:
        client, end = Client(port), time.perf_counter() + seconds
        while time.perf_counter() < end:
            counts[at] += client.post(path, body) == 200

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(CLIENTS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return sum(counts) / seconds


def bodies(model: Path, key: str) -> tuple[list[dict], Callable[[int], Body]]:
    """Return rows as records, and what makes a JSON body of the first few."""
    import pyarrow.parquet as pq

    named = [column["name"] for column in json.loads(inputs(model))["columns"]]
    rows = pq.read_table(table(), columns=named).slice(0, 1000).to_pylist()
    plain = [{k: None if v is None or v != v else v for k, v in row.items()} for row in rows]
    return plain, lambda number: (json.dumps({key: plain[:number]}).encode(), JSON)


def inputs(model: Path) -> str:
    return (model / "data" / "model" / "inputs.json").read_text()


class Side:
    """One server with the bodies it is asked by, and what was measured of it in all rounds."""

    def __init__(self, title: str, server: Server, path: str, body: Callable[[int], Body]) -> None:
        self.title, self.server, self.path, self.body = title, server, path, body
        self.rounds: list[tuple[float, ...]] = []

    def measure(self, seconds: float) -> None:
        """Ask for one row, for 1,000 rows, and by several clients at once."""
        one = latency(self.server, self.path, self.body(1), seconds)
        rows = latency(self.server, self.path, self.body(1000), seconds)
        many = rate(self.server.port, self.path, self.body(1), seconds)
        self.rounds.append((*one, rows[0], rows[2], many))

    def told(self) -> dict[str, float]:
        """Print and return the medians of all rounds."""
        names = ("one", "worst", "cpu", "rows", "rows_cpu", "many")
        found = map(statistics.median, zip(*self.rounds, strict=True))
        told = dict(zip(names, found, strict=True))
        print(
            f"{self.title:<20} start {self.server.seconds:5.1f} s, {self.server.memory():4.0f} MB;"
            f" one row {told['one']:7.2f} ms (p99 {told['worst']:7.2f}, CPU {told['cpu']:6.2f});"
            f" {CLIENTS} clients {told['many']:7.1f}/s;"
            f" 1,000 rows {told['rows']:6.1f} ms (CPU {told['rows_cpu']:6.1f})"
        )
        return told


def ours(model: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "cutscore", "serve", str(model), "--no-access-log", *more]


def forms(model: Path, rows: list[dict], seconds: float) -> None:
    """Print what our other forms take."""
    import pyarrow as pa

    names = list(rows[0])
    columns = {"columns": names, "data": [[row[name] for name in names] for row in rows]}
    sink = pa.BufferOutputStream()
    made = pa.Table.from_pylist(rows)
    with pa.ipc.new_stream(sink, made.schema) as writer:
        writer.write_table(made)
    arrow = (sink.getvalue().to_pybytes(), "application/vnd.apache.arrow.stream")
    with started(*ours(model)) as server:
        for title, body in (
            ("columns and data", (json.dumps(columns).encode(), JSON)),
            ("Arrow", arrow),
        ):
            median, _, cpu = latency(server, "/decide", body, seconds)
            print(f"1,000 rows as {title:<17} {median:8.1f} ms (CPU {cpu:.1f})")


def domain(seconds: float) -> float:
    """Return the median of one raw row whose features are computed, in ms."""
    model = kept("domain", "features=domain")
    with started(*ours(model)) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", "/openapi.json")
        paths = json.loads(connection.getresponse().read())["paths"]
        content = paths["/decide"]["post"]["requestBody"]["content"][JSON]
        body = (json.dumps(content["example"]).encode(), JSON)
        median, worst, cpu = latency(server, "/decide", body, seconds)
        described = json.loads(inputs(model))
        made = len(described["columns"]) + len(described["features"]["expressions"])
        print(
            f"features=domain, {made} columns: one raw row {median:.2f} ms"
            f" (p99 {worst:.2f}, CPU {cpu:.2f})"
        )
        return median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ours", action="store_true", help="leave MLflow's server out")
    args = parser.parse_args()
    model = kept("wide", "data=table", f"data.path={table()}", "data.target=target")
    rows, records = bodies(model, "rows")
    _, theirs = bodies(model, "dataframe_records")
    print(f"{COLUMNS} columns, {TREES} trees, load {os.getloadavg()[0]:.1f} at the start")
    with ExitStack() as running:
        logged = running.enter_context(started(*ours(model, "--log", str(FOLDER / "decisions"))))
        us = running.enter_context(started(*ours(model)))
        sides = [Side("cutscore serve", us, "/decide", records)]
        if not args.ours:
            words = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model)]
            words += ["--env-manager", "local", "--host", "127.0.0.1"]
            them = running.enter_context(started(*words))
            sides.append(Side("mlflow models serve", them, "/invocations", theirs))
        sides.append(Side("with decision log", logged, "/decide", records))
        for _ in range(args.rounds):
            for each in sides:
                each.measure(args.seconds)
        told = [each.told() for each in sides]
    if not args.ours:
        compare(told[0], told[1])
    forms(model, rows, args.seconds)
    domain(args.seconds)


def compare(us: dict[str, float], them: dict[str, float]) -> None:
    """Print the ratios that count."""
    print(
        f"one row: {us['one']:.2f} ms (at most 2), 1/{them['one'] / us['one']:.0f} of the time,"
        f" 1/{them['cpu'] / us['cpu']:.0f} of the CPU"
    )
    print(f"requests a second: {us['many'] / them['many']:.0f} times as many (at least 50)")
    print(
        f"1,000 rows: {us['rows'] / them['rows']:.3f} of the time (at most 0.333),"
        f" {us['rows_cpu'] / them['rows_cpu']:.3f} of the CPU"
    )


if __name__ == "__main__":
    main()
