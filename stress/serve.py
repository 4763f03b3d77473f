"""A service under traffic: 8 clients, bad requests among good ones, champions exchanged, killed.

Two models are registered; the alias moves between them while clients ask for decisions of single
rows and small batches, and each answer is compared with the batch decisions of the version that it
names. Then a service with a decision log is killed (signal 9) in mid-traffic: every part must be
readable, and hold each decision that was answered more than a second and a half before.

    uv run python stress/serve.py [--seconds 600] [--rate 200] [--workers 1] [--kills 5]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
import pyarrow.parquet as pq
from mlflow import MlflowClient

import cutscore
from rerun import loans

CLIENTS, BAD = 8, 0.05
GRACE = 1.5
"""Seconds before the kill from which on decisions may be lost."""
BODIES = (
    b"", b"[", b"[]", b"{}", b'[{"income": NaN}]', b'[{"income": "much"}]', b"[" * 3000,
    json.dumps([{"income": 1e300, "age": {}, "purpose": 3, "other": 1}] * 20).encode(),
)  # fmt: skip


@dataclass
class Heard:
    """What clients heard."""

    counts: Counter = field(default_factory=Counter)
    taken: list[float] = field(default_factory=list)
    answered: dict[str, tuple[float, int]] = field(default_factory=dict)


class Service:
    """`cutscore serve` in a process of its own."""

    def __init__(self, store: str, *words: str) -> None:
        command = [sys.executable, "-m", "cutscore", "serve", "soak@champion", "--store", store]
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--follow", "1", *words],
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.said: list[dict] = []
        self.other: list[str] = []
        self._ready = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        self._ready.wait(120)
        self.port = urlsplit(self.said[0]["at"]).port

    def _listen(self) -> None:
        for line in self.process.stderr:
            try:
                said = json.loads(line)
            except ValueError:
                self.other.append(line)
                continue
            if said["event"] != "request":
                self.said.append(said)
            self._ready.set()

    def memory(self) -> float:
        process = psutil.Process(self.process.pid)
        family = [process, *process.children(recursive=True)]
        return sum(each.memory_info().rss for each in family) / 1e6


def two_models(folder: Path, rows: int) -> str:
    """Keep two models, register them, and make the first one champion."""
    store = f"sqlite:///{folder}/mlflow.db"
    for trees in (20, 40):
        words = ["data=table", f"data.path={loans(folder, rows)}", "data.target=defaulted"]
        words += [f"model.params.n_estimators={trees}", "report.bootstrap=0", "model.refit=true"]
        words += [f"tracking.uri={store}", "validation=holdout"]
        command = [sys.executable, "-m", "cutscore", "run", *words]
        subprocess.run(command, check=True, cwd=folder, capture_output=True)
    client = MlflowClient(store)
    client.create_registered_model("soak")
    for model in client.search_logged_models([client.search_experiments()[0].experiment_id]):
        client.create_model_version(
            "soak", model.artifact_location, run_id=model.source_run_id, model_id=model.model_id
        )
    client.set_registered_model_alias("soak", "champion", "1")
    return store


def made_rows(number: int) -> list[dict]:
    rng = np.random.default_rng(3)
    income, age = rng.lognormal(8, 0.5, number), rng.integers(18, 80, number)
    purpose = rng.choice(["car", "house", "other", "boat"], number)
    return [
        {"income": round(float(a), 2), "age": None if at % 11 == 0 else int(b), "purpose": str(c)}
        for at, (a, b, c) in enumerate(zip(income, age, purpose, strict=True))
    ]


def talk(port: int, rows: list[dict], expected: dict, heard: Heard, rate: float, until, seed: int):
    """Ask at a steady rate until the time is over or the service is gone."""
    dice = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    due = time.perf_counter() + dice.random() / rate
    while not until.is_set():
        time.sleep(max(0.0, due - time.perf_counter()))
        due += 1 / rate
        bad = dice.random() < BAD
        at = [dice.randrange(len(rows)) for _ in range(dice.choice((1, 1, 1, 1, 20)))]
        body = dice.choice(BODIES) if bad else json.dumps([rows[i] for i in at]).encode()
        request = f"{seed}-{due:.6f}"
        start = time.perf_counter()
        told = {"Content-Type": "application/json", "X-Request-Id": request}
        try:
            connection.request("POST", "/decide", body, told)
            answer = connection.getresponse()
            said = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            if until.is_set():
                return
            heard.counts[f"dropped: {type(error).__name__}"] += 1
            connection.close()
            continue
        heard.taken.append(time.perf_counter() - start)
        heard.counts[f"status {answer.status}"] += 1
        if bad:
            right = 400 <= answer.status < 500 and bool(said["faults"])
            heard.counts["bad refused" if right else "bad NOT refused well"] += 1
            continue
        heard.answered[request] = (time.time(), len(at))
        version = expected.get(said.get("model"))
        right = version is not None and said["decisions"] == [version[i] for i in at]
        heard.counts[f"right by {said.get('model')}" if right else "WRONG"] += 1


def traffic(port: int, rows, expected, rate: float, until: threading.Event) -> list:
    """Begin to talk; return the threads and what they hear."""
    heard = Heard()
    talkers = [
        threading.Thread(
            target=talk, args=(port, rows, expected, heard, rate / CLIENTS, until, seed)
        )
        for seed in range(CLIENTS)
    ]
    for each in talkers:
        each.start()
    return [talkers, heard]


def soak(store: str, rows, expected, args) -> bool:
    """Exchange champions three times under traffic; return whether all was well."""
    client, until = MlflowClient(store), threading.Event()
    service = Service(store, "--workers", str(args.workers))
    talkers, heard = traffic(service.port, rows, expected, args.rate, until)
    memory, start, exchanged = [], time.monotonic(), 0
    while (passed := time.monotonic() - start) < args.seconds:
        time.sleep(1)
        memory.append(service.memory())
        if exchanged < 3 and passed > (exchanged + 1) * args.seconds / 4:
            exchanged += 1
            client.set_registered_model_alias("soak", "champion", str(1 + exchanged % 2))
    until.set()
    for each in talkers:
        each.join()
    service.process.send_signal(signal.SIGTERM)
    code = service.process.wait(60)
    for what, number in sorted(heard.counts.items()):
        print(f"  {what:<32} {number:8,}")
    quarter = len(memory) // 4
    early = statistics.median(memory[quarter : 2 * quarter])
    late = statistics.median(memory[-quarter:])
    taken = sorted(heard.taken)
    p50, p99 = (1000 * taken[int(len(taken) * share)] for share in (0.5, 0.99))
    events = Counter(said["event"] for said in service.said)
    print(f"  {len(taken) / args.seconds:.0f} requests/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    print(f"  memory {early:.0f} MB in the second quarter, {late:.0f} MB in the last")
    print(f"  {events['model exchanged']} exchanges by {args.workers} worker(s), exit code {code}")
    for line in service.other[:5]:
        print(f"  another line: {line[:300]}")
    bad = any("dropped" in w or "WRONG" in w or "NOT" in w or "status 5" in w for w in heard.counts)
    exchanges = events["model exchanged"] == 3 * args.workers
    return not bad and exchanges and code == 0 and late < 1.1 * early and not service.other


def killed(store: str, rows, expected, args, folder: Path) -> bool:
    """Kill a service in mid-log; return whether its parts are whole and nothing old is lost."""
    until, log = threading.Event(), folder / "log"
    service = Service(store, "--workers", str(args.workers), "--log", str(log), "--log-inputs")
    talkers, heard = traffic(service.port, rows, expected, args.rate, until)
    time.sleep(4 + random.random() * 3)
    until.set()
    moment = time.time()
    os.killpg(service.process.pid, signal.SIGKILL)
    service.process.wait()
    for each in talkers:
        each.join()
    kept: Counter = Counter()
    for part in log.glob("*.parquet"):
        kept.update(pq.read_table(part).column("request").to_pylist())
    old = {r: n for r, (when, n) in heard.answered.items() if when < moment - GRACE}
    lost = [request for request, number in old.items() if kept[request] != number]
    twice = [r for r, (_, number) in heard.answered.items() if kept[r] > number]
    unfinished = len(list(log.glob(".*.part")))
    print(
        f"  {len(heard.answered):,} requests answered, {len(kept):,} in whole parts, {unfinished}"
        f" unfinished; of {len(old):,} older than {GRACE} s lost: {len(lost)}"
    )
    return bool(old) and not lost and not twice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--rate", type=float, default=200, help="requests a second, all clients")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--kills", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cutscore-stress-") as name:
        folder = Path(name)
        store = two_models(folder, 2000)
        rows = made_rows(500)
        expected = {
            f"soak/{n}": cutscore.load(f"soak/{n}", store=store).decide(rows).to_records()
            for n in (1, 2)
        }
        load = os.getloadavg()[0]
        print(f"soak of {args.seconds:g} s at {args.rate:g} requests/s, load {load:.1f} before it")
        well = [soak(store, rows, expected, args)]
        print(f"{args.kills} services killed in mid-log:")
        folders = [folder / str(number) for number in range(args.kills)]
        well += [killed(store, rows, expected, args, each) for each in folders]
    print("all is well" if all(well) else "SOMETHING IS WRONG")
    sys.exit(0 if all(well) else 1)


if __name__ == "__main__":
    main()
