"""Logged runs made again: from their own configs, equal bit for bit, or it is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from cutscore.rerun.choosing import RunSelection, choose
from cutscore.runs.adapter.client import open_client
from cutscore.runs.identity import process_tags
from cutscore.runs.init import check_store
from cutscore.runs.opening import open_existing

QUICK = ("validation.folds=2", "report.bootstrap=2", "model.params.n_estimators=3")
JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")


@pytest.fixture(scope="module")
def store(workplace, cutscore, loans, loans_csv):
    """A store with a sweep of two runs, whose data are a copy that may be moved."""
    data = workplace / "mine.csv"
    shutil.copy(loans_csv, data)
    words = [*loans, *QUICK, f"data.path={data}", "features=baseline", "sampling=none,smote"]
    assert cutscore("run", "-m", *words).code == 0
    path = workplace / "mlruns" / "mlflow.db"
    check_store(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="module")
def client(store):
    return open_client(f"sqlite:///{store}")


@pytest.fixture(scope="module")
def runs(client):
    """The runs of the sweep by sampling method, and its parent."""
    found = open_existing(client.tracking_uri).find("cutscore")
    by_sampling = {run.tags["sampling_method"]: run for run in found if run.parent_id}
    (parent,) = (run for run in found if not run.parent_id)
    return {**by_sampling, "parent": parent}


@pytest.fixture
def rerun(cutscore, store, tmp_path, monkeypatch):
    """Call `cutscore rerun` in an empty folder: only the store and the data are there."""
    monkeypatch.chdir(tmp_path)

    def call(*words, json_=True):
        flags = ["--json"] if json_ else []
        return cutscore("rerun", *words, "--store", store, *flags)

    return call


def files(client, run_id):
    return Path(client.get_run(run_id).info.artifact_uri.removeprefix("file://"))


def test_a_run_is_made_again_far_from_its_folder(rerun, runs, client, workplace):
    old = runs["smote"]
    moved = shutil.copy(workplace / "mine.csv", "elsewhere.csv")
    Path("conf/sampling").mkdir(parents=True)
    Path("conf/sampling/smote.yaml").write_text("today: this says something else\n")
    answer = rerun(old.run_id[:12], f"data.path={moved}")
    assert answer.code == 0, answer.err
    assert "Note" not in answer.err
    (made,) = answer.json()["reruns"]
    assert (made["verdict"], made["scores"]["verdict"]) == ("equal", "equal")
    assert made["scores"]["rows"] == 600
    assert {figure["verdict"] for figure in made["figures"]} == {"equal"}
    assert {"crossfit_cost", "roc_auc", "fold_roc_auc"} <= {f["name"] for f in made["figures"]}
    assert not any(f["name"].startswith("seconds") for f in made["figures"])
    new = client.get_run(made["rerun_id"])
    assert new.info.run_name == f"{old.name}_rerun"
    assert new.data.tags["cutscore.rerun_of"] == old.run_id
    assert new.data.tags["fingerprint"] == old.tags["fingerprint"]
    assert client.get_run(old.run_id).data.tags == old.tags


def test_a_sweep_in_other_processes_gives_what_old_runs_lack(rerun, runs, client):
    lost = files(client, runs["none"].run_id)
    for name in ("roc_curve.png", "threshold.json", "run.log"):
        (lost / name).unlink()
    answer = rerun("--sweep", runs["parent"].run_id, *JOBLIB)
    assert answer.code == 0, answer.err
    body = answer.json()
    assert [made["verdict"] for made in body["reruns"]] == ["equal", "equal"]
    assert sorted(body["reruns"][0]["filled"]) == ["roc_curve.png", "threshold.json"]
    assert body["reruns"][1]["filled"] == []
    assert json.loads((lost / "threshold.json").read_text())["threshold"]
    assert not (lost / "run.log").exists()  # another run's log is no record of this one
    tags = client.get_run(runs["none"].run_id).data.tags
    assert tags["cutscore.filled_from"] == body["reruns"][0]["rerun_id"]
    parent = client.get_run(body["parent_id"])
    assert (parent.info.status, parent.data.tags["cutscore.kind"]) == ("FINISHED", "rerun")
    assert parent.data.metrics["reruns_equal"] == 2
    for made in body["reruns"]:
        new = client.get_run(made["rerun_id"]).data.tags
        assert new["mlflow.parentRunId"] == body["parent_id"]
        assert new["pid"] != tags["pid"]


def test_changed_settings_and_data_are_told_and_differ(rerun, runs, client, workplace):
    old = runs["none"]
    (files(client, old.run_id) / "roc_curve.png").unlink(missing_ok=True)
    lines = (workplace / "mine.csv").read_text().splitlines()
    Path("shorter.csv").write_text("\n".join(lines[:-1]) + "\n")
    words = ("sampling=balanced", "model.params.num_leaves=4", "seed=43", "data.path=shorter.csv")
    answer = rerun(old.run_id, *words)
    assert answer.code == 1
    assert "changed on request: sampling._target_" in answer.err
    assert "model.params.num_leaves" in answer.err
    assert "the data are not the same: digest" in answer.err
    assert "validation.seed stay as stored" in " ".join(answer.err.split())
    (made,) = answer.json()["reruns"]
    assert made["verdict"] == made["scores"]["verdict"] == "different"
    assert made["filled"] == []
    (rows,) = (figure for figure in made["figures"] if figure["name"] == "rows")
    assert (rows["first"], rows["second"], rows["verdict"]) == (600, 599, "different")
    new = client.get_run(made["rerun_id"]).data
    assert new.tags["sampling_method"] == "balanced"
    assert new.params["model.params.num_leaves"] == "4"


def test_the_best_run_by_a_metric_where_code_and_libraries_have_changed(rerun, runs, client):
    best = min((runs["none"], runs["smote"]), key=lambda run: run.metrics["crossfit_cost"])
    client.set_tag(best.run_id, "fingerprint", "of other sources")
    environment = files(client, best.run_id) / "environment.txt"
    environment.write_text(environment.read_text().replace("numpy==", "numpy==0."))
    answer = rerun("--top", 1, "--by", "crossfit_cost", json_=False)
    assert answer.code == 0
    assert "sources of Cutscore" in answer.err
    assert "the environment differs: numpy: 0." in answer.err
    assert f"{best.name} ({best.run_id[:8]}): equal: out-of-fold scores equal" in answer.out


def test_the_best_are_found_by_the_words_of_tables(runs, client):
    store = open_existing(client.tracking_uri)
    for word in ("auc", "AUC", "roc_auc"):
        (found,), _ = choose(store, RunSelection(top=1, by=word, experiment="cutscore"))
        best = max((runs["none"], runs["smote"]), key=lambda run: run.metrics["roc_auc"])
        assert found.summary.run_id == best.run_id


def test_requests_that_cannot_be_met_leave_nothing(rerun, runs, client):
    before = len(open_existing(client.tracking_uri).find())
    none, parent = runs["none"].run_id, runs["parent"].run_id
    for words, told in {
        (f"{none[:10]}zz",): "there is no run",
        (parent,): f"--sweep {parent}",
        ("--sweep", none): "is no sweep",
        ("--top", 1, "--by", "roc_auk"): 'Did you mean "roc_auc"?',
        ("--top", 1, "--by", "threshold"): "neither large nor small",
        (none, "sampling=a,b"): "one value",
        (none, "sampling=smoke"): 'Did you mean "smote"?',
        (none, "model.params.num_leafs=3", "validation.fold=2"): 'mean "validation.folds"?',
        (none, "experiment=quickstart"): "more than a change",
        (none, "tracking.uri=x.db"): "--store",
        (none, "data.path=/gone/x.csv"): "mine.csv; if it has moved, give data.path=",
        (none, "hydra/launcher=joblip"): 'mean "joblib"?',
    }.items():
        answer = rerun(*words)
        assert answer.code == 2, words
        assert told in answer.err
    assert len(open_existing(client.tracking_uri).find()) == before
    assert not Path("outputs").exists()


def test_runs_that_are_gone_or_bare_or_alive_are_refused(rerun, runs, client):
    bare = client.create_run("1", run_name="bare").info.run_id
    gone = client.create_run("1", run_name="gone").info.run_id
    client.delete_run(gone)
    config = files(client, runs["smote"].run_id) / "config.yaml"
    kept = config.read_text()
    body = yaml.safe_load(kept)
    config.write_text(yaml.safe_dump({**body, "data": {**body["data"], "path": "x://u:***@h/t"}}))
    try:
        secret = rerun(runs["smote"].run_id)
    finally:
        config.write_text(kept)
    alive = client.create_run("1", run_name="alive", tags=process_tags()).info.run_id
    assert "no stored config" in rerun(bare).err
    assert "being written at this moment" in rerun(alive).err
    assert "was deleted" in rerun(gone).err
    assert "without the password" in secret.err
    assert "data.path=..." in secret.err
