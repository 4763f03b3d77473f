"""What the dashboard answers, over real stores; reading changes nothing."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import threading
from contextlib import ExitStack, closing
from urllib.parse import quote

import attacking
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import recorded as recording
from asgi import Client
from made_store import MadeStore, build_store, hexed

from cutscore.care import database as care_database
from cutscore.cli import main
from cutscore.dashboard.app import build
from cutscore.dashboard.comparison import swap_set
from cutscore.dashboard.sources import DatabaseSource, PortSource
from cutscore.delivery.history import history
from cutscore.delivery.judged_run import judged_rows
from cutscore.errors import RequestError
from cutscore.runs.addresses import sqlite_url
from cutscore.runs.opening import open_existing

HERE = {"host": "127.0.0.1:5050"}
RUNS = 12


class Dashboard:
    """A dashboard of a source in this process."""

    def __init__(self, source) -> None:
        self.app = build(source, history, judged_rows)
        self.client = Client(self.app)

    def get(self, path: str, status: int = 200):
        answer = self.client.get(path, **HERE)
        assert answer.status == status, answer.body
        return answer

    def json(self, path: str, status: int = 200):
        return self.get(path, status).json()

    def close(self) -> None:
        """Have the application end as a server does."""
        told = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive():
            return told.pop(0)

        async def send(message):
            assert message["type"].endswith(".complete")

        asyncio.run(self.app({"type": "lifespan"}, receive, send))


@pytest.fixture(scope="module")
def boards():
    """Return what opens dashboards, and close them at the end."""
    with ExitStack() as stack:

        def opened(source) -> Dashboard:
            return stack.enter_context(closing(Dashboard(source)))

        yield opened


@pytest.fixture(scope="module")
def made(empty, tmp_path_factory):
    return build_store(empty, tmp_path_factory.mktemp("made") / "mlflow.db", "one", RUNS)


@pytest.fixture(scope="module")
def shown(made, boards):
    return boards(DatabaseSource(made))


@pytest.fixture(scope="module")
def attacked(empty, tmp_path_factory, boards):
    path = tmp_path_factory.mktemp("attack") / "mlflow.db"
    ids = attacking.attacking_store(empty, path)
    return boards(DatabaseSource(path)), ids


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, boards):
    store = recording.unpack(tmp_path_factory.mktemp("recorded"))
    return boards(DatabaseSource(store.database)), store


def column(table, name):
    packed = table["columns"][name]
    if "numbers" in packed:
        return packed["numbers"]
    return [None if code < 0 else packed["texts"][code] for code in packed["codes"]]


def test_columns_are_what_the_database_holds(shown, made):
    asked = ["metrics.metric_1", "metrics.nan", "params.group.param_0", "tags.seed", "params.none"]
    table = shown.json("/api/runs?" + "&".join(f"column={name}" for name in asked))
    ids = column(table, "run_id")
    with closing(sqlite3.connect(made)) as connection:
        metrics = dict(
            connection.execute("SELECT run_uuid, value FROM latest_metrics WHERE key = 'metric_1'")
        )
        params = dict(
            connection.execute("SELECT run_uuid, value FROM params WHERE key = 'group.param_0'")
        )
    assert table["rows"] == len(ids) == RUNS
    assert column(table, "metrics.metric_1") == [metrics.get(run) for run in ids]
    assert column(table, "params.group.param_0") == [params.get(run) for run in ids]
    assert column(table, "metrics.nan") == [None] * RUNS
    assert column(table, "params.none") == [None] * RUNS
    assert set(column(table, "tags.seed")) == {"one"}
    assert "group.param_3" in table["keys"]["params"]


def test_keys_that_vary_are_told_by_parent_and_experiment(shown, made):
    parent = hexed("one", "parent")
    found = shown.json(f"/api/varying?parent={parent}")
    assert found == {f"params.group.param_{i}": RUNS - 1 for i in range(4)}
    assert shown.json("/api/varying?experiment=only_one")["params.group.param_0"] == 2
    assert shown.json("/api/varying?experiment=none") == {}


def test_every_source_answers_alike(made, shown, boards):
    other = boards(PortSource(open_existing(sqlite_url(made))))
    for path in ("/api/runs?column=params.group.param_1&column=metrics.metric_2", "/api/models"):
        one, two = (each.json(path) for each in (shown, other))
        if isinstance(one, dict):
            one, two = ({**each, "stamp": "", "store": ""} for each in (one, two))
        else:
            for version in (v for model in (*one, *two) for v in model["versions"]):
                version.pop("created")
        assert one == two
    run = column(shown.json("/api/runs"), "run_id")[0]
    assert other.json(f"/api/compare?run={run}") == shown.json(f"/api/compare?run={run}")
    file = f"/files/{run}/figures/00.png"
    assert other.get(file).body == shown.get(file).body


def test_a_run_that_is_none_makes_no_folder(made, boards, tmp_path):
    board = boards(PortSource(open_existing(sqlite_url(made))))
    assert "no scores" in board.json(f"/api/swap?first={tmp_path}/made&second=b", 422)["error"]
    board.get(f"/files/nobody/{tmp_path.name}", 404)
    assert list(tmp_path.iterdir()) == []


def traces(folder):
    return {
        path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in (folder, *folder.rglob("*"))
    }


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_looking_leaves_no_trace(empty, tmp_path, mode, boards):
    path = build_store(empty, tmp_path / "store" / "mlflow.db", "two", 3)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")
    before = traces(path.parent)
    board = boards(DatabaseSource(path))
    run = column(board.json("/api/runs"), "run_id")[0]
    for each in ("/", "/api/state", f"/api/compare?run={run}", f"/files/{run}/figures/00.png"):
        board.get(each)
    assert traces(path.parent) == before


def test_what_changes_meanwhile_is_seen_whole(empty, tmp_path, boards):
    path = build_store(empty, tmp_path / "mlflow.db", "live", 3)
    board = boards(DatabaseSource(path))
    before, stop = board.json("/api/state")["stamp"], threading.Event()

    def write() -> None:
        for number in range(200):
            if stop.is_set():
                return
            with closing(MadeStore(path)) as store:
                store.connection.execute("PRAGMA synchronous = OFF")
                store._experiments = {"shared": 1}
                store.run("shared", hexed("new", number), params=1, metrics=1, files=())

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = [board.json("/api/runs?column=params.group.param_0") for _ in range(15)]
    finally:
        stop.set()
        writer.join()
    sizes = [table["rows"] for table in seen]
    assert sizes == sorted(sizes)
    for table in seen:  # a run is there with its params or not at all
        runs = zip(column(table, "name"), column(table, "params.group.param_0"), strict=True)
        assert sum(value is None for _, value in runs) == 1
    assert board.json("/api/state")["stamp"] != before
    assert board.json("/api/runs")["rows"] > 3


def test_a_locked_store_is_told_and_read_when_it_is_free(empty, tmp_path, monkeypatch, boards):
    monkeypatch.setattr(care_database, "BUSY_SECONDS", 0.2)
    path = build_store(empty, tmp_path / "mlflow.db", "lock", 3)
    board = boards(DatabaseSource(path))
    with closing(sqlite3.connect(path)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        told = board.json("/api/runs", 422)["error"]
        assert "locked by another program" in told
        assert board.get("/").status == 200
    assert board.json("/api/runs")["rows"] == 3
    with closing(sqlite3.connect(path)) as holder:
        holder.execute("BEGIN EXCLUSIVE")  # while the dashboard is connected
        assert "cannot be read just now" in board.json("/api/runs", 503)["error"]
        assert board.get("/").status == 200
    path.unlink()
    assert "there is no store" in board.json("/api/runs", 422)["error"]


def test_nothing_of_a_store_is_interpreted(attacked):
    board, ids = attacked
    page = board.get("/").body.decode()
    assert attacking.SCRIPT not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    table = board.json("/api/runs?column=" + quote(f"params.key{attacking.IMAGE}"))
    assert set(column(table, f"params.key{attacking.IMAGE}")) == set(attacking.TEXTS)
    assert {"failed", "killed", "finished"} <= set(column(table, "state"))
    told = board.json("/api/compare?" + "&".join(f"run={run}" for run in ids))
    assert [run["name"] for run in told["runs"]] == list(attacking.TEXTS)
    assert all(run["curve"] is None and run["rule"] is None for run in told["runs"])
    assert board.json("/api/models")[0]["name"] == attacking.IMAGE


def test_files_of_runs_are_shown_apart_and_never_from_elsewhere(attacked):
    board, ids = attacked
    report = board.get(f"/files/{ids[0]}/report.html")
    assert report.headers["content-security-policy"].startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in report.headers["content-security-policy"]
    for name in (
        "link.txt",
        "../../../../mlflow.db",
        "..%2f..%2fmlflow.db",
        "",
        ".",
        "/etc/passwd",
    ):
        board.get(f"/files/{ids[0]}/{name}", 404)
    board.get("/files/nobody/report.html", 404)


def test_only_this_machine_by_its_names_and_only_reading(shown):
    for host in ("127.0.0.1:5050", "localhost:5050", "[::1]:5050", "10.0.0.7"):
        assert shown.client.get("/api/state", host=host).status == 200
    for host in ("evil.example", "127.0.0.1.evil.example:5050", ""):
        answer = shown.client.get("/api/runs", host=host)
        assert answer.status == 403
        assert b"run_id" not in answer.body
    policy = shown.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for path in ("/", "/api/runs", "/api/compare?run=x", "/files/x/y"):
        assert shown.client.post(path, {}, **HERE).status == 405


def test_what_cannot_be_compared_is_told(shown):
    assert "no run" in shown.json("/api/compare?run=nobody", 422)["error"]
    many = "&".join(f"run={number}" for number in range(40))
    assert "1 to 12 runs" in shown.json(f"/api/compare?{many}", 422)["error"]
    assert "no scores" in shown.json("/api/swap?first=a&second=b", 422)["error"]


def test_runs_side_by_side(recorded):
    board, store = recorded
    told = board.json("/api/compare?" + "&".join(f"run={run}" for run in store.runs))
    first, exact = told["runs"][:2]
    assert first["params"]["threshold._target_"] != exact["params"]["threshold._target_"]
    assert exact["metrics"]["threshold"] > 0
    assert len(told["reasons"]) == 2
    curve = pq.read_table(store.artifacts(store.exact) / "threshold_curve.parquet").to_pydict()
    assert min(exact["curve"]["total_cost"]) == min(curve["total_cost"])
    assert exact["curve"]["tp"][-1] == curve["tp"][-1]
    swap = board.json(f"/api/swap?first={store.exact}&second={store.linear}", 422)
    assert "of another version" in swap["error"]


def test_rows_that_change_sides_equal_brute_force(tmp_path):
    rng = np.random.default_rng(3)
    costs = {"true_negative": 0, "false_positive": 1, "false_negative": 10, "true_positive": 0}

    def record(name: str, rows, threshold: float, **more) -> None:
        scores = rng.random(len(rows)).round(2)
        frame = {"row": rows, "repeat": rows * 0, "fold": rows * 0, "target": rows % 3 == 0}
        (tmp_path / name).mkdir()
        table = pa.table({**frame, "score": scores, **more})
        pq.write_table(table, tmp_path / name / "oof_scores.parquet")
        rule = {"decision": {"rule": {"kind": "threshold", "threshold": threshold}}, "costs": costs}
        (tmp_path / name / "threshold.json").write_text(json.dumps(rule))

    rows = np.arange(400)
    record("a", rng.permutation(rows), 0.5)
    record("b", rng.permutation(rows), 0.2, calibrated=rng.random(400).round(2) / 3)
    record("fewer", rows[:300], 0.5)

    def find(run: str, name: str):
        return tmp_path / run / name

    def scored(run: str):
        return pq.read_table(find(run, "oof_scores.parquet")).to_pylist()

    expected = {name: [0, 0] for name in ("both", "first", "second", "neither")}
    a = {row["row"]: row["score"] >= 0.5 for row in scored("a")}
    for row in scored("b"):
        sides = (a[row["row"]], row["calibrated"] >= 0.2)
        words = {(True, True): "both", (True, False): "first", (False, True): "second"}
        expected[words.get(sides, "neither")][row["target"]] += 1
    told = swap_set("a", "b", find, judged_rows)
    assert (told["rows"], told["counts"]) == (400, expected)
    (more, missed), (less, spared) = expected["first"], expected["second"]
    assert told["difference"] == more - less + 10 * (spared - missed)
    assert told["low"] <= told["difference"] <= told["high"]
    with pytest.raises(RequestError, match="not scored the same rows"):
        swap_set("a", "fewer", find, judged_rows)


def test_a_port_in_use_and_a_store_that_is_none_end_with_2(in_folder, made, capsys):
    assert main(["dashboard"]) == 2
    assert "there is no store" in capsys.readouterr().err
    (in_folder / "empty.db").touch()
    assert main(["dashboard", "--store", "empty.db"]) == 2
    assert "no store was ever made in it" in capsys.readouterr().err
    from cutscore.serving.listening import bind

    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        store = in_folder / "mlflow.db"
        shutil.copy(made, store)
        assert main(["dashboard", "--store", str(store), "--port", str(port)]) == 2
    assert f"--port {port + 1}" in capsys.readouterr().err
