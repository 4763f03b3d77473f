"""Reaping, pruning and exporting, on copies of one store."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from cared import Cared

from cutscore.care import export
from cutscore.care.audit import audit
from cutscore.care.prune import empty, plan, prune, undo
from cutscore.care.reap import reap
from cutscore.care.selection import PIN_TAG, Filters, select
from cutscore.care.trash import MANIFEST, batches
from cutscore.care.view import view_database
from cutscore.cli import main
from cutscore.errors import RequestError, StoreError
from cutscore.report.record_spec import (
    COMPLETE_TAG,
    FAILURE_TAG,
    HEARTBEAT_TAG,
    METRICS,
    PARENT_TAG,
)
from cutscore.runs.liveness import judge_life


def test_reaping_closes_the_dead_and_nothing_else(faulty_copy):
    client, runs = faulty_copy.client(), faulty_copy.runs
    foreseen = reap(faulty_copy.store(), judge_life, dry_run=True)
    assert client.get_run(runs["dead"]).info.status == "RUNNING"
    found = {run.run_id: run for run in reap(faulty_copy.store(), judge_life)}
    assert found == {run.run_id: run for run in foreseen}
    assert {run_id: run.closed for run_id, run in found.items()} == {
        runs["dead"]: True, runs["alive"]: False, runs["unattended"]: False,
    }  # fmt: skip
    dead = client.get_run(runs["dead"])
    assert dead.info.status == "FAILED"
    assert "was left open: process" in dead.data.tags[FAILURE_TAG]
    beat = datetime.fromisoformat(dead.data.tags[HEARTBEAT_TAG])
    assert dead.info.end_time == max(int(beat.timestamp() * 1000), dead.info.start_time)
    assert client.get_run(runs["alive"]).info.status == "RUNNING"
    assert not any(run.closed for run in reap(faulty_copy.store(), judge_life))


def test_a_run_that_died_after_its_last_tag_ends_as_the_tag_says(faulty_copy):
    client, run_id = faulty_copy.client(), faulty_copy.runs["dead"]
    client.set_tag(run_id, COMPLETE_TAG, "now")
    reap(faulty_copy.store(), judge_life)
    assert client.get_run(run_id).info.status == "FINISHED"
    assert FAILURE_TAG not in client.get_run(run_id).data.tags


def test_runs_of_other_hosts_by_their_sign_of_life(faulty_copy):
    client, runs = faulty_copy.client(), faulty_copy.runs
    for run, minutes in (("dead", 4), ("alive", 6)):
        client.set_tag(runs[run], "host", "elsewhere")
        beat = datetime.now(UTC) - timedelta(minutes=minutes)
        client.set_tag(runs[run], HEARTBEAT_TAG, beat.isoformat())
    closed = {run.run_id for run in reap(faulty_copy.store(), judge_life) if run.closed}
    assert closed == {runs["alive"]}


def test_runs_of_nobody_only_on_request_and_when_idle(faulty_copy):
    client, run_id = faulty_copy.client(), faulty_copy.runs["unattended"]
    later = datetime.now(UTC) + timedelta(hours=30)
    client.log_metric(run_id, "loss", 1.0, timestamp=int(later.timestamp() * 1000))

    def closed(hours_later):
        now = datetime.now(UTC) + timedelta(hours=hours_later)
        found = reap(faulty_copy.store(), judge_life, unclaimed_after=timedelta(hours=24), now=now)
        return {run.run_id for run in found if run.closed}

    assert run_id not in closed(40)
    assert run_id in closed(60)


def chosen(store: Cared, now=None, **filters):
    view = view_database(store.path)
    found = select(Filters(**filters), view.contents, view.files, store.client(), judge_life, now)
    return view, found


def names(store, found):
    by_id = {run_id: name for name, run_id in store.runs.items()}
    return {by_id[run_id]: why for run_id, why in found.items()}


def test_states_are_alternatives_and_other_filters_narrow(faulty):
    _, found = chosen(faulty, failed=True, pruned=True)
    assert set(names(faulty, found.taken)) == {"failed", "unexplained", "dangling", "pruned"}
    _, found = chosen(faulty, incomplete=True)
    assert set(names(faulty, found.taken)) == {
        "interrupted", "unexplained", "dangling", "incomplete", "failed",
    }  # fmt: skip
    assert set(names(faulty, found.left)) == {"dead", "alive"}
    assert "artifact:roc_curve.png" in found.taken[faulty.runs["incomplete"]]
    _, found = chosen(faulty, failed=True, where="attributes.run_name = 'failed'")
    assert set(names(faulty, found.taken)) == {"failed"}
    for hours, number in ((71, 0), (73, 4)):
        now = datetime.now(UTC) + timedelta(hours=hours)
        _, found = chosen(faulty, now, failed=True, pruned=True, older_than="3d")
        assert len(found.taken) == number


def test_what_others_need_is_left(sound_copy):
    runs = sound_copy.runs
    _, found = chosen(sound_copy, where="metrics.roc_auc > 0.1")
    assert found.taken == {}
    left = names(sound_copy, found.left)
    assert "registered as credit/1 @champion" in left["exp01_cv_baseline"]
    assert "best_run of run" in left["exp02_cv_domain"]
    _, found = chosen(sound_copy, experiment="tests")
    left = names(sound_copy, found.left)
    assert set(left) == {"exp01_cv_baseline", "sweep", "exp02_cv_domain"}
    assert "belongs to it" in left["sweep"]
    sound_copy.client().set_tag(runs["failed"], PIN_TAG, "true")
    _, found = chosen(sound_copy, failed=True)
    assert names(sound_copy, found.left) == {"failed": f"pinned by its tag {PIN_TAG}"}


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({}, r"nothing says which runs.*--incomplete, --failed"),
        ({"where": "metrics.roc_acu < 1"}, r'no run has metrics.roc_acu.*Did you mean "roc_auc"'),
        ({"where": "metrics.AUC < 1"}, r'no run has metrics.AUC.*Did you mean "roc_auc"'),
        ({"where": "roc_auc <"}, r"--where: .*For example"),
        ({"older_than": "soon", "experiment": "test"}, r'(?s)such as 30d.*Did you mean "tests"'),
    ],
)
def test_filters_that_mean_nothing(sound, filters, said):
    with pytest.raises(RequestError, match=said):
        chosen(sound, **filters)


def contents_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("mlflow.db")
    }


def release(store):
    """Take away what keeps the runs of the sweep."""
    client = store.client()
    client.delete_registered_model("credit")


def test_pruned_runs_can_be_taken_back(sound_copy):
    release(sound_copy)
    before = contents_of(sound_copy.folder)
    view, found = chosen(sound_copy, experiment="tests")
    assert set(names(sound_copy, found.taken)) == set(sound_copy.runs)
    client = sound_copy.client()
    done = prune(sound_copy.folder, client, plan(view, found))
    assert not any(entry.problem for entry in done)
    (batch,) = batches(sound_copy.folder)
    manifest = json.loads((batch.folder / MANIFEST).read_text())
    moved = {run["run_id"]: run["moves"] for run in manifest["runs"]}
    assert len(moved[sound_copy.runs["exp01_cv_baseline"]]) == 2  # its own folder, its model's
    assert not sound_copy.files("exp01_cv_baseline").exists()
    assert client.get_run(sound_copy.runs["sweep"]).info.lifecycle_stage == "deleted"
    after = view_database(sound_copy.path)
    assert after.contents.models[sound_copy.model_id].deleted
    undo(sound_copy.folder, client, batch.title)
    assert contents_of(sound_copy.folder) == before
    assert not (sound_copy.folder / "trash").exists()
    again = view_database(sound_copy.path)
    assert again.contents.models == view.contents.models
    assert again.contents.runs == view.contents.runs


def test_emptying_deletes_what_is_in_the_trash_and_nothing_else(sound_copy, tmp_path):
    release(sound_copy)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    (sound_copy.files("exp02_cv_domain") / "link").symlink_to(outside)
    view, found = chosen(sound_copy, experiment="tests")
    client = sound_copy.client()
    prune(sound_copy.folder, client, plan(view, found))
    (batch,) = batches(sound_copy.folder)
    (batch.folder.parent / "linked").symlink_to(outside)
    client.restore_run(sound_copy.runs["failed"])
    after = view_database(sound_copy.path)
    done = {entry.run_id: entry for entry in empty(sound_copy.folder, client, after.contents)}
    assert done[sound_copy.runs["failed"]].problem.startswith("it is not deleted")
    assert (outside / "precious").read_text() == "x"
    left = view_database(sound_copy.path)
    assert set(left.contents.runs) == {sound_copy.runs["failed"]}
    assert left.contents.models == {}
    assert left.damage == ()
    assert contents_of(sound_copy.folder).keys() == {f"trash/{batch.title}/{MANIFEST}"}


def test_a_pruning_that_was_cut_short_can_be_taken_back(sound_copy, monkeypatch):
    release(sound_copy)
    view, found = chosen(sound_copy, experiment="tests")
    client, run_id = sound_copy.client(), sound_copy.runs["exp02_cv_domain"]

    def cut_short(batch, run):
        raise KeyboardInterrupt

    monkeypatch.setattr("cutscore.care.prune.bin_folders", cut_short)
    runs = tuple(run for run in plan(view, found) if run.run_id == run_id)
    with pytest.raises(KeyboardInterrupt):
        prune(sound_copy.folder, client, runs)
    (batch,) = batches(sound_copy.folder)
    deleted = view_database(sound_copy.path).contents
    assert deleted.runs[run_id].deleted
    (kept,) = empty(sound_copy.folder, client, deleted)
    assert f"--undo {batch.title}" in kept.problem
    undo(sound_copy.folder, client, batch.title)
    again = view_database(sound_copy.path)
    assert again.contents.runs == view.contents.runs
    assert audit(again, judge_life).clean


def test_a_manifest_that_leads_out_of_the_trash_is_refused(sound_copy, tmp_path):
    view, found = chosen(sound_copy, failed=True)
    prune(sound_copy.folder, sound_copy.client(), plan(view, found))
    (batch,) = batches(sound_copy.folder)
    body = json.loads((batch.folder / MANIFEST).read_text())
    body["runs"][0]["moves"] = [{"source": "/x", "target": "../../artifacts"}]
    (batch.folder / MANIFEST).write_text(json.dumps(body))
    after = view_database(sound_copy.path)
    with pytest.raises(StoreError, match="outside the trash"):
        empty(sound_copy.folder, sound_copy.client(), after.contents)
    assert sound_copy.files("exp01_cv_baseline").exists()


def test_a_batch_whose_manifest_is_gone_is_told(sound_copy, capsys):
    view, found = chosen(sound_copy, failed=True)
    prune(sound_copy.folder, sound_copy.client(), plan(view, found))
    (batch,) = batches(sound_copy.folder)
    (batch.folder / MANIFEST).write_text("")
    words = ["store", "prune", str(sound_copy.folder)]
    for rest in (["--empty"], ["--empty", "--yes"]):
        assert main([*words, *rest]) == 0
        told = f"{batch.folder} belongs to no run: its {MANIFEST} is gone"
        assert told in capsys.readouterr().err
    assert main([*words, "--undo", batch.title]) == 2
    assert "belongs to no run" in capsys.readouterr().err
    assert batch.folder.is_dir()


def test_a_shared_folder_is_never_moved(sound_copy):
    shared = str(sound_copy.folder / "artifacts" / "tests")
    sound_copy.sql(
        "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", shared, sound_copy.runs["failed"]
    )
    view, found = chosen(sound_copy, failed=True)
    (run,) = plan(view, found)
    assert run.moves == ()


def test_the_inventory_has_a_row_for_each_run(faulty, tmp_path):
    view = view_database(faulty.path)
    table = export.rows(view.contents, view.files)
    rows = {row["run_id"]: row for row in table}
    assert set(rows) == set(faulty.runs.values())
    cell = rows[faulty.runs["exp02_cv_domain"]]
    assert (cell["experiment"], cell["kind"], cell["status"]) == ("tests", "run", "FINISHED")
    assert cell["parent_id"] == faulty.runs["sweep"]
    assert cell["roc_auc"] == 0.8
    assert cell["artifact_count"] == len(cell["artifacts"].split(";")) > 10
    assert not any(name.startswith("fold_") for name in cell)
    assert {name for name in METRICS if not name.startswith("fold_")} <= set(cell)
    foreign = rows[faulty.runs["foreign"]]
    assert (foreign["kind"], foreign["auc"], foreign["roc_auc"]) == ("foreign", 0.6, None)
    parsed = list(csv.DictReader(io.StringIO(export.write_rows(table, "csv", None))))
    assert parsed[1]["run_id"] == table[1]["run_id"]
    assert json.loads(export.write_rows(table, "json", None)) == table
    export.write_rows(table, "parquet", tmp_path / "runs.parquet")
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(tmp_path / "runs.parquet").to_pylist() == table
    assert [path.name for path in tmp_path.iterdir()] == ["runs.parquet"]


def test_an_inventory_of_no_runs_has_its_headings(empty, tmp_path, capsys):
    assert main(["runs", "export", "--store", str(empty)]) == 0
    assert capsys.readouterr().out == f"{','.join(export.COLUMNS)}\n"
    assert json.loads(export.write_rows([], "json", None)) == []
    export.write_rows([], "parquet", tmp_path / "runs.parquet")
    import pyarrow.parquet

    found = pyarrow.parquet.read_table(tmp_path / "runs.parquet")
    assert (found.column_names, found.num_rows) == (list(export.COLUMNS), 0)


def test_an_inventory_that_cannot_be_made(sound, tmp_path):
    view = view_database(sound.path)
    with pytest.raises(RequestError, match='Did you mean "tests"'):
        export.rows(view.contents, view.files, "test")
    for form, out, said in (
        ("cvs", None, 'Did you mean "csv"'),
        ("parquet", None, "--out runs.parquet"),
    ):
        with pytest.raises(RequestError, match=said):
            export.check_form(form, out)
    with pytest.raises(RequestError, match=r"--out: .*cannot be written"):
        export.write_rows([], "csv", tmp_path / "none" / "runs.csv")


def test_a_run_below_a_pruned_parent_keeps_it(sound_copy):
    client, runs = sound_copy.client(), sound_copy.runs
    client.set_tag(runs["pruned"], PARENT_TAG, runs["failed"])
    _, found = chosen(sound_copy, failed=True)
    assert "which stays, belongs to it" in found.left[runs["failed"]]
    _, found = chosen(sound_copy, failed=True, pruned=True)
    assert set(found.taken) == {runs["failed"], runs["pruned"]}
