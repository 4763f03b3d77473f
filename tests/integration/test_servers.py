"""Runs on stores that are servers, and what becomes of them when the server goes away."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import lives
import pytest
from servers import mlflow_server
from taken import PATIENCE, Taken

from cutscore.care.audit import audit
from cutscore.care.view import view_client
from cutscore.delivery.bare import prove
from cutscore.delivery.finding import load_from
from cutscore.delivery.gate import PromotionGate
from cutscore.delivery.history import history
from cutscore.delivery.promoting import Wish, promote, roll_back
from cutscore.delivery.registry import version_of
from cutscore.errors import RequestError
from cutscore.report.items import ModelFolder
from cutscore.runs.adapter.client import open_client
from cutscore.runs.addresses import address_folder
from cutscore.runs.liveness import judge_life
from cutscore.runs.opening import open_existing, open_store
from cutscore.runs.server import files_place
from cutscore.runs.settings import TrackingSettings

pytestmark = pytest.mark.usefixtures("workplace")

JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@pytest.fixture(scope="module")
def inits(postgres, workplace, cutscore_started):
    """A new database, made a store by two machines at once: they share no folder for locks."""
    uri = postgres.create("servers")
    started = []
    for name in ("one", "two"):
        (workplace / name).mkdir()
        environment = {"TMPDIR": str(workplace / name), "PYTHONWARNINGS": "ignore"}
        words = ["store", "init", "--store", uri]
        started.append(cutscore_started(*words, folder=workplace, **environment))
    return uri, [(process.communicate(timeout=PATIENCE), process) for process in started]


@pytest.fixture(scope="module")
def database(inits):
    return inits[0]


@pytest.fixture(scope="module")
def served(database):
    """A server with the database behind it, as a team would have it."""
    with mlflow_server(backend=database) as server:
        yield server


def test_two_machines_make_a_store_at_once(inits):
    uri, ended = inits
    for (said, complained), process in ended:
        assert process.returncode == 0, complained
        assert "The store is ready: postgresql://cutscore:***@127.0.0.1" in said
    names = [experiment.name for experiment in open_client(uri).search_experiments()]
    assert sorted(names) == ["Default", "cutscore"]


def test_where_files_will_go_is_known_before_a_run_is(postgres, database, workplace):
    def folder_of(uri, **more):
        return address_folder(files_place(TrackingSettings(uri, **more)))

    here = workplace / "mlruns" / "artifacts"
    assert folder_of(postgres.create("nothing_yet")) == here
    assert folder_of(database) == here / "cutscore"
    assert folder_of(database, experiment="new") == here
    assert folder_of(database, artifacts="elsewhere") == workplace / "elsewhere"
    assert files_place(TrackingSettings("http://127.0.0.1:1")) is None


def newest(cutscore, uri, count):
    listed = cutscore("runs", "list", "--json", "--limit", count, "--store", uri).json()
    return [cutscore("runs", "show", r["run_id"], "--json", "--store", uri).json() for r in listed]


def whole(run):
    summary = run["summary"]
    return (summary["status"], summary["complete"], run["missing"]) == ("FINISHED", True, [])


def figures_once(uri, run):
    """Return whether each figure of a fold stands once, though it may have been sent twice."""
    history = open_client(uri).get_metric_history(run["summary"]["run_id"], "fold_roc_auc")
    return set(Counter(metric.step for metric in history).values()) == {1}


@pytest.mark.parametrize("kind", ["postgresql", "server"])
def test_a_sweep_with_two_workers(kind, request, cutscore, loans):
    uri = request.getfixturevalue("database")
    if kind == "server":
        uri = request.getfixturevalue("served").url
    words = ["run", "-m", *loans, "sampling=none,balanced", "model.refit=best", *JOBLIB]
    answer = cutscore(*words, f"tracking.uri={uri}", f"tracking.experiment={kind}")
    assert answer.code == 0, answer.err
    assert "2 of 2 runs complete" in answer.err
    *cells, parent = newest(cutscore, uri, 3)
    assert all(whole(run) for run in (*cells, parent))
    assert {run["summary"]["parent_id"] for run in cells} == {parent["summary"]["run_id"]}
    assert sum(len(run["models"]) for run in cells) == 1
    assert cells[0]["datasets"][0]["name"] == "table"
    place = "mlflow-artifacts:/" if kind == "server" else str(Path.cwd() / "mlruns")
    assert all(run["artifact_uri"].startswith(place) for run in cells)
    assert "hunter2" not in answer.out + answer.err
    (best,) = (run["summary"]["run_id"] for run in cells if run["models"])
    promoted(uri, kind, best)


def promoted(uri, name, run_id):
    """Promote a run's model, and have another take its place in the registry and give it back."""
    store, gate, wish = open_existing(uri), PromotionGate(), Wish("champion", prover=prove)
    made = promote(store, run_id, gate, wish)
    assert (made.done, made.version, made.refused) == (True, f"{name}/1", ())
    champion = f"{name}@champion"
    assert load_from(store, champion).tags["run_id"] == run_id
    assert version_of(store, champion).tags["run"] == made.run
    second = store.registry.register(name, run_id, made_again(store, run_id), {"run": "again"})
    store.registry.point("champion", second)
    assert version_of(store, champion).title == f"{name}/2"
    assert roll_back(store, gate, wish).version == f"{name}/1"
    kinds = [reign.kind for reign in history(store.registry, name, "champion")]
    assert kinds == ["promote", "unrecorded", "rollback"]
    store.registry._client.delete_model_version(name, "1")
    with pytest.raises(RequestError, match="no version has the alias"):
        version_of(store, champion)
    found = audit(view_client(uri), judge_life).findings
    assert [one.subject for one in found if one.kind == "strayed alias"] == [champion]
    store.registry._client.delete_registered_model(name)


def made_again(store, run_id):
    """Return the id of another logged model of a run."""
    store.add(run_id, [ModelFolder("again", lambda folder: None)])
    return next(m for m in store.get(run_id).models if m != version_of(store, "champion").model_id)


@pytest.mark.parametrize("kind", ["postgresql", "server"])
def test_the_life_of_a_run(kind, request, tmp_path):
    uri = request.getfixturevalue("database")
    if kind == "server":
        uri = request.getfixturevalue("served").url
    files = None if kind == "server" else str(tmp_path / "artifacts")
    store = open_store(TrackingSettings(uri, files, f"life on {kind}"))
    lives.whole_life(store, tmp_path)


def test_a_server_that_comes_back_costs_nothing(served, cutscore, loans):
    taken = Taken(served, back=True)
    taken.start()
    answer = cutscore("run", *loans, f"tracking.uri={served.url}")
    taken.join()
    assert answer.code == 0, answer.err
    assert f"the store at {served.url} does not answer (Connection refused)" in answer.err
    assert "trying for up to 5 min" in answer.err
    assert f"the store at {served.url} answers again" in answer.err
    (run,) = newest(cutscore, served.url, 1)
    assert whole(run)
    assert figures_once(served.url, run)


def test_a_server_that_stays_away_leaves_the_record_in_a_folder(
    postgres, database, cutscore, loans
):
    taken = Taken(postgres, back=False)
    taken.start()
    try:
        words = [f"tracking.uri={database}", "tracking.retry_minutes=0.02"]
        answer = cutscore("run", *loans, *words)
        taken.join()
    finally:
        postgres.start()
    assert answer.code == 1
    assert "has not answered for" in answer.err
    (folder,) = Path.cwd().glob("outputs/*/*/unsent/exp01_cv_baseline_none")
    assert f"its record is saved in {folder}" in answer.err
    assert f"cutscore runs send {folder}" in answer.err
    names = {path.name for path in folder.iterdir()}
    assert names == {"params.json", "metrics.json", "tags.json", "run.json", "artifacts"}
    assert (folder / "artifacts" / "oof_scores.parquet").exists()
    assert "hunter2" not in answer.err + (folder / "run.json").read_text()

    sent = cutscore("runs", "send", folder, "--store", database)
    assert sent.code == 0, sent.err
    assert "sent to postgresql://cutscore:***@" in sent.out
    (run,) = newest(cutscore, database, 1)
    assert whole(run)
    assert figures_once(database, run)
    again = cutscore("runs", "send", folder, "--store", database)
    assert "complete already" in again.out
