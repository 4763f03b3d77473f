from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from made_store import MadeStore, build_store, hexed

from cutscore.care import database
from cutscore.care.diff import diff_stores
from cutscore.care.merge import merge_stores
from cutscore.care.merge_staging import check_space
from cutscore.care.merge_target import MergeRequest
from cutscore.care.rules import RULES
from cutscore.cli import main
from cutscore.errors import RequestError, StoreError
from cutscore.runs.merge_journal import interrupted, journal_path, repair_if_idle

RUNS = 12


@pytest.fixture
def stores(empty, tmp_path):
    """Two stores that collide in experiments, data sets, versions and aliases."""
    return [build_store(empty, tmp_path / x / "mlflow.db", x, RUNS) for x in ("one", "two")]


def merge(*sources, into, note=lambda _: None, **options):
    return merge_stores(MergeRequest(tuple(sources), into, **options), note)


def diff(one, other):
    return diff_stores(one, other, (), lambda _: None)


def sql(path, query, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(query, values).fetchall()


def tree(folder):
    """All files below a folder with their digests, the merge's lock and SQLite's own aside."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith((".lock", "-journal"))
    }


def refusal(*sources, into, **options):
    before = tree(into.parent)
    with pytest.raises(RequestError) as raised:
        merge(*sources, into=into, **options)
    assert tree(into.parent) == before
    return str(raised.value)


def test_every_table_of_the_schema_has_a_rule(empty):
    tables = {name for (name,) in sql(empty, "SELECT name FROM sqlite_master WHERE type='table'")}
    assert tables == set(RULES)


def test_a_merge_loses_nothing_and_twice_is_once(stores):
    target, source = stores
    before = diff(target, source)
    report = merge(source, into=target)
    (found,) = report.sources
    assert found.runs == {"added": RUNS}
    assert found.models == {"added": 2}
    assert report.whole
    assert (found.equal, found.compared) == (RUNS + 2, RUNS + 2)
    assert not found.missing
    after = diff(target, source)
    assert (len(before.runs.only_second), before.runs.equal) == (RUNS, 0)
    assert (after.runs.only_second, after.runs.equal, after.runs.different) == ((), RUNS, ())
    assert (after.models.only_second, after.models.equal) == ((), 2)
    with closing(sqlite3.connect(report.backup)) as backup:
        assert backup.execute("SELECT count(*) FROM runs").fetchone() == (RUNS,)
    assert not list(target.parent.rglob(".cutscore-merge-*"))
    once = tree(target.parent)
    again = merge(source, into=target)
    assert not again.changed
    assert again.backup is None
    assert again.sources[0].runs == {"skipped": RUNS}
    assert tree(target.parent) == once


def test_a_merge_is_told_again_at_once_unless_anything_has_changed(stores, monkeypatch):
    target, source = stores
    run = hexed("two", 1)
    listing = source.parent / "artifacts" / "shared" / run / "artifacts" / "file_01.txt"

    def read_again():
        """Whether the same merge reads the source; what it says must not depend on that."""
        notes = []
        report = merge(source, into=target, note=notes.append)
        assert (report.changed, report.whole) == (False, True)
        assert report.sources[0].runs == {"skipped": RUNS}
        assert report.sources[0].models == {"skipped": 2}
        return any(text.startswith("reading") for text in notes)

    merge(source, into=target)
    assert not read_again()
    assert not read_again()
    os.utime(listing, ns=(1, 1))  # as if it had been written again
    assert read_again()
    assert not read_again()
    sql(target, "INSERT INTO tags VALUES ('note', 'x', ?)", hexed("one", 1))
    assert read_again()
    sql(source, "PRAGMA user_version = 7")
    assert read_again()
    (target.parent / ".mlflow.db.merged.json").write_text("{")
    assert read_again()
    # Files that a run gets later are seen though its database does not change.
    late = source.parent / "artifacts" / "shared" / hexed("two", "parent") / "artifacts"
    late.mkdir(parents=True)
    (late / "late.txt").write_text("late")
    assert merge(source, into=target).sources[0].runs == {"skipped": RUNS - 1, "updated": 1}
    assert not read_again()
    sql(target, "UPDATE params SET value = 'x' WHERE run_uuid = ?", hexed("two", 3))
    for _ in range(2):
        report = merge(source, into=target, keep_target=True)
        assert report.sources[0].runs == {"kept": 1, "skipped": RUNS - 1}
    shutil.rmtree(target.parent / "artifacts" / "shared" / run)  # lost files come back
    report = merge(source, into=target, keep_target=True)
    assert report.sources[0].runs == {"kept": 1, "skipped": RUNS - 2, "updated": 1}


def test_collisions_are_resolved_and_reported(stores):
    target, source = stores
    report = merge(source, into=target)
    said = {(one.kind, one.name): one.policy for one in report.sources[0].collisions}
    assert said["alias", "scorer champion"] == (
        "the target's stays; the source's version 4 is champion-from-two"
    )
    assert said["version", "scorer 1"] == "the number is taken: becomes 3"
    assert ("experiment tag", "shared: owner") in said
    aliases = sql(target, "SELECT alias, version FROM registered_model_aliases ORDER BY 1")
    assert aliases == [("champion", 2), ("champion-from-two", 4)]
    newest = hexed("two", 11)
    ((run, place),) = sql(
        target, "SELECT run_id, storage_location FROM model_versions WHERE version = 4"
    )
    assert run == newest
    assert (Path(place) / "MLmodel").read_text() == f"model_id: m-{hexed('model', newest)}\n"
    assert target.parent in Path(place).parents
    assert sql(target, "SELECT value FROM model_version_tags WHERE version = 4") == [(newest,)]
    tags = sql(
        target,
        "SELECT tag_value FROM logged_model_tags WHERE tag_key = 'mlflow.modelVersions' "
        "AND model_id = ?",
        f"m-{hexed('model', newest)}",
    )
    assert json.loads(tags[0][0]) == [{"name": "scorer", "version": 4}]
    assert sql(target, "SELECT count(*) FROM datasets WHERE name = 'loans'") == [(3,)]


def test_mlflow_reads_what_was_merged(stores):
    from mlflow import MlflowClient

    target, source = stores
    merge(source, into=target)
    uri = f"sqlite:///{target}"
    client = MlflowClient(uri, uri)
    run = client.get_run(hexed("two", 11))
    assert run.data.tags["mlflow.parentRunId"] == hexed("two", "parent")
    assert run.inputs.dataset_inputs[0].tags[0].value == "training"
    assert run.outputs.model_outputs[0].model_id == f"m-{hexed('model', hexed('two', 11))}"
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {
        "figures", "file_01.txt",
    }  # fmt: skip
    history = client.get_metric_history(run.info.run_id, "metric_1")
    assert [(entry.step, entry.value) for entry in history] == [(i, 1 + i / 7) for i in range(3)]
    version = client.get_model_version_by_alias("scorer", "champion-from-two")
    assert version.run_id == run.info.run_id


def test_a_dry_run_writes_nothing(stores):
    target, source = stores
    before = tree(target.parent)
    report = merge(source, into=target, dry_run=True)
    assert report.sources[0].runs == {"added": RUNS}
    assert report.whole
    assert tree(target.parent) == before
    assert not list(target.parent.glob("*.lock"))


def test_several_stores_into_one_that_is_made(stores, tmp_path):
    target = tmp_path / "new" / "folder" / "all.db"
    report = merge(*stores, into=target)
    assert report.created
    assert [source.runs for source in report.sources] == [{"added": RUNS}] * 2
    for store in stores:
        found = diff(store, target)
        assert (found.runs.only_first, found.runs.different) == ((), ())
        assert (found.models.only_first, found.models.different) == ((), ())
    ((place,),) = sql(target, "SELECT artifact_location FROM experiments WHERE experiment_id = 0")
    assert place == str(target.parent / "artifacts" / "Default")


def test_a_run_that_differs_refuses_the_merge(stores):
    target, source = stores
    merge(source, into=target)
    run = hexed("two", 3)
    sql(source, "UPDATE params SET value = 'x' WHERE run_uuid = ? AND key = 'group.param_0'", run)
    assert f"run {run}: the target has it with different params" in refusal(source, into=target)
    report = merge(source, into=target, keep_target=True)
    assert report.sources[0].runs == {"kept": 1, "skipped": RUNS - 1}
    assert not report.changed


def test_an_earlier_state_is_brought_up_to_date(stores, empty, tmp_path):
    _, source = stores
    run = hexed("two", 1)
    early = tmp_path / "early" / "mlflow.db"
    shutil.copytree(source.parent, early.parent)
    sql(early, "UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE run_uuid = ?", run)
    sql(early, "DELETE FROM metrics WHERE run_uuid = ? AND step = 2", run)
    place = early.parent / "artifacts" / "shared" / run / "artifacts"
    (place / "file_01.txt").write_text("half")
    shutil.rmtree(place / "figures")
    sql(early, "UPDATE runs SET artifact_uri = replace(artifact_uri, '/two/', '/early/')")
    report = merge(source, into=early)
    assert report.sources[0].runs == {"skipped": RUNS - 1, "updated": 1}
    found = diff(source, early)
    assert (found.runs.equal, found.runs.different) == (RUNS, ())
    assert (place / "figures" / "00.png").is_file()
    assert not list(early.parent.rglob(".cutscore-merge-*"))
    back = tmp_path / "back" / "mlflow.db"  # a later state is not replaced by an earlier one
    shutil.copytree(source.parent, back.parent)
    sql(back, "UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE run_uuid = ?", run)
    assert merge(back, into=early).sources[0].runs == {"kept": 1, "skipped": RUNS - 1}


def test_experiments_that_were_deleted(stores):
    target, source = stores
    sql(target, "UPDATE experiments SET lifecycle_stage = 'deleted' WHERE name = 'shared'")
    report = merge(source, into=target)
    names = {name for (name,) in sql(target, "SELECT name FROM experiments")}
    assert {"shared", "shared-from-two", "only_two"} <= names
    assert ("experiment", "shared") in {(c.kind, c.name) for c in report.sources[0].collisions}
    assert not merge(source, into=target).changed


def test_what_no_rule_covers_refuses_the_merge(stores):
    target, source = stores
    sql(source, "INSERT INTO webhooks (webhook_id, name, url, status) VALUES ('a', 'b', 'c', 'd')")
    sql(source, "CREATE TABLE novelty (id INTEGER)")
    assert "webhooks (1 rows)" in refusal(source, into=target)
    sql(source, "INSERT INTO novelty VALUES (1)")
    said = refusal(source, into=target)
    assert "novelty (1 rows), webhooks (1 rows)" in said


def test_files_outside_and_links_are_never_followed(stores, tmp_path, capsys):
    target, source = stores
    secret = tmp_path / "secret" / hexed("two", 4) / "artifacts"
    secret.mkdir(parents=True)
    (secret / "key").write_text("secret")
    climbing, outside, linked, gone = (hexed("two", number) for number in (2, 4, 5, 6))
    (tmp_path / "secret" / climbing / "artifacts").mkdir(parents=True)
    folder = source.parent / "artifacts" / "shared"
    address = "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?"
    climb = f"{folder}/../../../secret/{climbing}/artifacts"
    sql(source, address, climb, climbing)
    sql(source, address, str(secret), outside)
    (folder / linked / "artifacts" / "key").symlink_to(secret / "key")
    shutil.rmtree(folder / gone)
    sql(source, "INSERT INTO tags VALUES ('cutscore.complete', 'now', ?)", gone)
    report = merge(source, into=target)
    unread = report.sources[0].unread
    assert "'..'" in unread[climbing]
    assert "outside" in unread[outside]
    assert "key (a symbolic link)" in unread[linked]
    assert set(report.sources[0].missing) == {gone}
    assert "oof_scores.parquet" in report.sources[0].missing[gone]
    assert not report.whole
    query = "SELECT artifact_uri FROM runs WHERE run_uuid IN (?, ?) ORDER BY artifact_uri"
    assert sql(target, query, climbing, outside) == [(str(secret),), (climb,)]
    assert main(["store", "merge", str(source), "--into", str(target)]) == 1
    assert "files of 3 runs and models were not copied" in capsys.readouterr().out
    assert not list(target.parent.rglob("key"))
    assert (target.parent / "artifacts" / "shared" / linked / "artifacts" / "file_01.txt").is_file()


def test_addresses_that_climb_to_files_of_the_store(stores):
    target, source = stores
    root = str(source.parent / "artifacts")
    for table, column in (("runs", "artifact_uri"), ("logged_models", "artifact_location")):
        sql(source, f"UPDATE {table} SET {column} = replace({column}, '{root}', 'c:/x/../../y')")
    report = merge(source, into=target)
    assert report.whole
    assert report.sources[0].files == 24
    ((uri,),) = sql(target, "SELECT artifact_uri FROM runs WHERE run_uuid = ?", hexed("two", 1))
    assert (Path(uri) / "file_01.txt").is_file()


def test_a_store_from_windows_that_was_moved(stores):
    target, source = stores
    for table, column in (("runs", "artifact_uri"), ("logged_models", "artifact_location")):
        root = str(source.parent)
        sql(source, f"UPDATE {table} SET {column} = replace({column}, '{root}', 'file:///C:/a b')")
    report = merge(source, into=target)
    assert report.sources[0].files == 24
    assert not report.sources[0].missing
    ((uri,),) = sql(target, "SELECT artifact_uri FROM runs WHERE run_uuid = ?", hexed("two", 1))
    assert uri == f"{target.parent}/artifacts/shared/{hexed('two', 1)}/artifacts"


def test_ids_that_are_paths_are_refused(stores):
    target, source = stores
    sql(source, "INSERT INTO runs (run_uuid, experiment_id) VALUES ('../../etc', 1)")
    assert "'../../etc'" in refusal(source, into=target)


def test_an_older_schema_is_upgraded_on_a_copy(empty, stores, tmp_path):
    from alembic import command
    from mlflow.store.db import utils as migrations
    from mlflow.store.tracking.dbmodels.initial_models import Base

    from cutscore.runs.schema import quiet_migration

    old = tmp_path / "old" / "mlflow.db"
    old.parent.mkdir()
    engine = migrations.create_sqlalchemy_engine(f"sqlite:///{old}")
    Base.metadata.create_all(engine)
    config = migrations._get_alembic_config(str(engine.url))
    with quiet_migration(), engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "2b4d017a5e9b")  # the registry's first tables, of MLflow 1.4
    engine.dispose()
    query = "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) "
    sql(old, query + "VALUES (0, 'Default', './mlruns/0', 'active')")
    query = "INSERT INTO runs (run_uuid, name, status, source_type, lifecycle_stage, artifact_uri, "
    query += "experiment_id) VALUES ('abc', '', 'FINISHED', 'LOCAL', 'active', "
    sql(old, query + "'./mlruns/0/abc/artifacts', 0)")
    sql(old, "INSERT INTO metrics VALUES ('auc', 0.7, 5, 'abc', 0, 0)")
    (old.parent / "mlruns" / "0" / "abc" / "artifacts").mkdir(parents=True)
    (old.parent / "mlruns" / "0" / "abc" / "artifacts" / "a.txt").write_text("a")
    before = tree(old.parent)
    target = stores[0]
    report = merge(old, into=target)
    assert report.sources[0].upgraded
    assert (report.sources[0].runs, report.sources[0].files) == ({"added": 1}, 1)
    assert sql(target, "SELECT value FROM metrics WHERE run_uuid = 'abc'") == [(0.7,)]
    assert tree(old.parent) == before
    assert "mlflow db upgrade" in refusal(target, into=old)


def test_a_source_of_a_newer_schema_is_refused(stores):
    target, source = stores
    sql(source, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    assert "newer MLflow" in refusal(source, into=target)


def test_a_source_that_changes_while_it_is_read(stores):
    target, source = stores
    before = tree(target.parent)

    def write(text):
        if text.startswith("copying"):
            sql(source, "INSERT INTO params VALUES ('new', '1', ?)", hexed("two", 1))

    with pytest.raises(StoreError, match="changed while it was read"):
        merge(source, into=target, note=write)
    assert tree(target.parent) == before

    def touch(text):
        if text.startswith("copying"):
            place = source.parent / "artifacts" / "shared" / hexed("two", 2) / "artifacts"
            (place / "file_01.txt").write_text("other")

    with pytest.raises(StoreError, match="changed while it was read"):
        merge(source, into=target, note=touch)
    assert tree(target.parent) == before


def test_a_failure_on_the_way_leaves_the_target_as_it_was(stores):
    target, source = stores
    (target.parent / "artifacts" / "only_two").write_text("in the way")
    before = tree(target.parent)
    with pytest.raises(StoreError, match="cannot be copied"):
        merge(source, into=target)
    assert tree(target.parent) == before
    assert not interrupted(target)


@pytest.mark.parametrize("committed", [False, True])
def test_a_merge_whose_process_was_killed(stores, committed):
    """Killed after the renames, before or after the commit: undone, or finished."""
    target, source = stores
    before = tree(target.parent)
    script = "import os, signal, sys; from pathlib import Path; from cutscore.care import merge\n"
    script += "from cutscore.care.merge_target import MergeRequest\n"
    if committed:
        script += "merge.finish = lambda journal: os.kill(os.getpid(), signal.SIGKILL)\n"
    else:
        script += (
            "move = merge.move_into_place\n"
            "merge.move_into_place = lambda j: (move(j), os.kill(os.getpid(), signal.SIGKILL))\n"
        )
    script += (
        "source, target = map(Path, sys.argv[1:])\n"
        "merge.merge_stores(MergeRequest((source,), target), print)\n"
    )
    words = [sys.executable, "-c", script, str(source), str(target)]
    assert subprocess.run(words, capture_output=True, check=False).returncode == -9
    assert interrupted(target)
    assert set(tree(target.parent)) > set(before)
    said = repair_if_idle(target)
    assert not interrupted(target)
    assert not list(target.parent.rglob(".cutscore-merge-*"))
    if committed:
        assert "complete" in said
        assert diff(target, source).runs.only_second == ()
    else:
        assert "undone" in said
        assert tree(target.parent) == before
    assert merge(source, into=target).changed is not committed


def test_a_broken_journal_is_told(stores):
    target, source = stores
    journal_path(target).write_text("{")
    with pytest.raises(StoreError, match="journal"):
        merge(source, into=target)


def test_too_little_room_is_told_before_anything_is_written(tmp_path):
    with pytest.raises(RequestError, match=r"--into: .*need 5\.0 MB, but .* has 1\.0 MB"):
        check_space({tmp_path: 5_000_000}, lambda _: 1_000_000)


def test_a_store_is_not_merged_into_itself(stores, tmp_path):
    target = stores[0]
    link, hard = tmp_path / "link.db", tmp_path / "hard.db"
    link.symlink_to(target)
    os.link(target, hard)
    for same in (target, link, hard):
        assert "is the target itself" in refusal(same, into=target)


def test_all_that_is_wrong_with_a_request_is_told(stores, tmp_path, capsys):
    target = stores[0]
    (tmp_path / "text.db").write_text("no database")
    folder = tmp_path / "folder"
    folder.mkdir()
    words = ["store", "merge", "postgresql://me:secret@host/db", folder, "--into", target]
    assert main([str(word) for word in words]) == 2
    err = capsys.readouterr().err
    assert "postgresql://me:***@host/db is a server" in err
    assert f"{folder} is a folder with neither mlflow.db nor files of MLflow in it" in err
    words = ["store", "merge", tmp_path / "none.db", tmp_path / "text.db", "--into", target]
    assert main([str(word) for word in words]) == 2
    err = capsys.readouterr().err
    assert "there is no store at" in err
    assert "is not an SQLite database" in err


def test_damaged_and_locked_sources_are_told(stores, monkeypatch):
    target, source = stores
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        assert "is locked by another program" in refusal(source, into=target)
    (page, size) = (
        sql(source, "SELECT rootpage FROM sqlite_master WHERE name = 'params'")[0][0],
        sql(source, "PRAGMA page_size")[0][0],
    )
    with source.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    assert "is damaged" in refusal(source, into=target)


def test_the_commands(stores, capsys):
    target, source = (str(path) for path in stores)
    assert main(["store", "diff", target, source]) == 1
    assert "12 only in A, 12 only in B" in capsys.readouterr().out
    assert main(["store", "merge", source, "--into", target, "--dry-run"]) == 0
    assert "Nothing was written (--dry-run)." in capsys.readouterr().out
    assert main(["store", "merge", source, "--into", target, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["whole"]
    assert report["sources"][0]["runs"] == {"added": RUNS}
    assert main(["store", "merge", source, "--into", target]) == 0
    assert "Nothing to add" in capsys.readouterr().out
    assert main(["store", "diff", source, source, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["same"]


def test_runs_that_share_their_files_are_not_copied(stores, tmp_path):
    target, _ = stores
    other = target.with_name("other.db")
    other.write_bytes(target.read_bytes())
    with closing(MadeStore(other)) as made:
        made._experiments["shared"] = 1
        made.run("shared", hexed("later"))
    report = merge(other, into=target)
    assert report.sources[0].runs == {"added": 1, "skipped": RUNS}
    assert report.sources[0].files == 0
    assert diff(other, target).same


def test_a_target_whose_files_are_elsewhere(stores, tmp_path):
    target, source = stores
    run, elsewhere = hexed("one", 1), tmp_path / "elsewhere"
    copy = tmp_path / "copy" / "mlflow.db"
    shutil.copytree(target.parent, copy.parent)
    (target.parent / "artifacts").rename(elsewhere)
    root = str(target.parent / "artifacts")
    for table, column in (
        ("runs", "artifact_uri"),
        ("logged_models", "artifact_location"),
        ("experiments", "artifact_location"),
    ):
        sql(target, f"UPDATE {table} SET {column} = replace({column}, '{root}', '{elsewhere}')")
    assert not merge(copy, into=target).changed
    merge(source, into=target)
    assert (elsewhere / "shared" / hexed("two", 1) / "artifacts" / "file_01.txt").is_file()
    (elsewhere / "shared" / run / "artifacts" / "file_01.txt").write_text("other")
    assert "different files" in refusal(copy, into=target)
    shutil.rmtree(elsewhere / "shared" / run)  # lost files come back
    assert merge(copy, into=target).sources[0].runs == {"skipped": RUNS - 1, "updated": 1}
    assert diff_stores(copy, target, (elsewhere,), lambda _: None).runs.equal == RUNS


def test_a_target_that_is_in_use(stores):
    """What another process writes meanwhile stays; a run that is there by then refuses."""
    target, source = stores

    def live(text):
        number = f"'{text[:7]}'"
        sql(target, f"INSERT INTO tags VALUES ({number}, 'beat', ?)", hexed("one", 1))

    assert merge(source, into=target, note=live).whole
    found = sql(target, "SELECT count(*) FROM tags WHERE value = 'beat'")
    assert found == [(4,)]
    sql(source, "INSERT INTO runs (run_uuid, experiment_id, name) VALUES ('late', 1, 'late')")

    def overtake(text):
        if text == "writing":
            sql(target, "INSERT INTO runs (run_uuid, experiment_id, name) VALUES ('late', 1, 'x')")

    with pytest.raises(RequestError, match="run late: the target has it with different run"):
        merge(source, into=target, note=overtake)
    assert sql(target, "SELECT name FROM runs WHERE run_uuid = 'late'") == [("x",)]
    assert not interrupted(target)
