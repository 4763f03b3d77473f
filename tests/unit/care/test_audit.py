from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest
from cared import FOREIGN_NAME
from made_store import build_store

from cutscore.care.audit import audit
from cutscore.care.audit_runs import default_name
from cutscore.care.view import view_client, view_database
from cutscore.errors import RequestError
from cutscore.runs.liveness import judge_life


def audited(store):
    return audit(view_database(store.path), judge_life)


def told(found, kind):
    return {finding.subject: finding for finding in found.findings if finding.kind == kind}


def test_a_sound_store_is_clean(sound):
    before = sound.path.read_bytes()
    heard = []
    found = audit(view_database(sound.path), judge_life, lambda *done: heard.append(done))
    assert found.findings == ()
    assert found.clean
    assert found.counts == {
        "experiments": 2, "runs": 5, "runs without artifacts": 2, "deleted runs": 0,
        "logged models": 1, "registered versions": 1,
    }  # fmt: skip
    assert heard[-1] == (5, 5)
    assert sound.path.read_bytes() == before


def test_each_fault_of_a_run_is_told_once(faulty):
    found = audited(faulty)
    runs = faulty.runs
    assert {kind: set(told(found, kind)) for kind in found.by_kind()} == {
        "interrupted": {runs["interrupted"]},
        "incomplete": {runs["interrupted"], runs["incomplete"]},
        "dead": {runs["dead"]},
        "unattended": {runs["unattended"]},
        "unexplained": {runs["unexplained"]},
        "foreign": {runs["foreign"], runs["unattended"]},
        "default name": {runs["foreign"]},
        "dangling parent": {runs["dangling"]},
    }
    (lacking,) = told(found, "incomplete")[runs["incomplete"]].details
    assert lacking == "artifact:roc_curve.png"
    foreign = told(found, "foreign")[runs["foreign"]]
    assert foreign.problem == "not a Cutscore run: 3 params, 1 metric, no artifacts"
    assert foreign.name == f"{FOREIGN_NAME} in tests"
    assert "has ended" in told(found, "dead")[runs["dead"]].problem


def test_only_names_of_mlflows_own_words_are_made_up():
    made = ("spiffy-loon-749", "spiffy-team-7", "spiffy-loon", "exp05-cv-3", "")
    assert [default_name(name) for name in made] == [True, False, False, False, False]


def test_an_empty_file_counts_as_missing(sound_copy):
    (sound_copy.files("exp02_cv_domain") / "config.yaml").write_text("")
    (finding,) = audited(sound_copy).findings
    assert (finding.kind, finding.details) == ("incomplete", ("artifact:config.yaml",))


def test_folders_and_links(sound_copy, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "oof_scores.parquet").write_text("x")
    linked = sound_copy.files("exp02_cv_domain") / "oof_scores.parquet"
    linked.unlink()
    linked.symlink_to(secret / "oof_scores.parquet")
    (sound_copy.files("exp01_cv_baseline") / "all").symlink_to(secret)
    shutil.rmtree(sound_copy.files("sweep"))
    experiment = sound_copy.folder / "artifacts" / "tests"
    (experiment / ("e" * 32) / "artifacts").mkdir(parents=True)
    (experiment / "models" / f"m-{'f' * 32}").mkdir()
    found = audited(sound_copy)
    runs = sound_copy.runs
    links = told(found, "link")
    assert links[runs["exp02_cv_domain"]].details == ("oof_scores.parquet: a symbolic link",)
    assert links[runs["exp01_cv_baseline"]].details == ("all: a symbolic link",)
    assert set(told(found, "broken path")) == {runs["sweep"]}
    assert {finding.name for finding in told(found, "orphan").values()} == {
        "e" * 32, f"m-{'f' * 32}",
    }  # fmt: skip
    assert set(told(found, "incomplete")) == {runs["exp02_cv_domain"], runs["sweep"]}


def test_addresses_that_lead_out_are_not_followed(sound_copy, tmp_path):
    runs = sound_copy.runs
    shutil.copytree(sound_copy.files("sweep"), tmp_path / "elsewhere")
    change = "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?"
    sound_copy.sql(change, str(tmp_path / "elsewhere"), runs["sweep"])
    climbing = f"{sound_copy.folder}/artifacts/../../elsewhere"
    sound_copy.sql(change, climbing, runs["exp02_cv_domain"])
    found = audited(sound_copy)
    outside = told(found, "outside")
    assert set(outside) == {runs["sweep"], runs["exp02_cv_domain"]}
    assert "climbs" in outside[runs["exp02_cv_domain"]].problem
    allowed = audit(view_database(sound_copy.path, [tmp_path]), judge_life)
    assert set(told(allowed, "outside")) == set()


def test_an_address_that_climbs_within_the_store_is_followed(sound_copy):
    run = sound_copy.runs["exp02_cv_domain"]
    climbing = f"{sound_copy.folder}/../store/artifacts/tests/{run}/artifacts"
    sound_copy.sql("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", climbing, run)
    assert audited(sound_copy).clean


@pytest.mark.parametrize("home", ["mlruns", "store"])
def test_folders_beside_the_database_that_it_does_not_know(empty, tmp_path, home):
    """Its experiments are at addresses of another machine, of which nothing is here."""
    path = build_store(empty, tmp_path / home / "mlflow.db", "one", 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE experiments SET artifact_location = '/old/' || experiment_id")
    orphans = ["e" * 32, "mlruns/1/" + "f" * 32, "7/" + "a" * 32, f"artifacts/shared/{'b' * 32}"]
    orphans += [f"mlruns/1/models/m-{'c' * 32}"]
    for folder in (
        *orphans,
        "trash/20261126/plots",
        "mlruns/1/plots",
        "mlruns/deep/er/" + "9" * 32,
    ):
        (path.parent / folder / "artifacts").mkdir(parents=True)
    found = told(audit(view_database(path), judge_life), "orphan")
    assert set(found) == {str(path.parent / folder) for folder in orphans}


def test_a_store_that_was_moved_is_read_where_it_is(sound, tmp_path):
    shutil.copytree(sound.folder, tmp_path / "moved")
    found = audit(view_database(tmp_path / "moved" / "mlflow.db"), judge_life)
    assert found.by_kind() == {"moved": 4}  # three runs with files and a model


def test_the_registry_and_its_models(sound_copy):
    model = sound_copy.folder / "artifacts" / "tests" / "models" / sound_copy.model_id
    shutil.rmtree(model)
    found = audited(sound_copy)
    assert set(told(found, "model without files")) == {sound_copy.model_id}
    gone = told(found, "version without model")["credit/1"]
    assert gone.name == "credit/1 @champion"
    assert "has no files" in gone.problem
    client = sound_copy.client()
    client.delete_logged_model(sound_copy.model_id)
    sound_copy.sql("INSERT INTO registered_model_aliases (alias, version, name) "
                   "VALUES ('old', 7, 'credit')")  # fmt: skip
    found = audited(sound_copy)
    assert "was deleted" in told(found, "version without model")["credit/1"].problem
    assert set(told(found, "dangling alias")) == {"credit@old"}


def test_rows_that_contradict_each_other(sound_copy):
    sound_copy.sql("INSERT INTO tags (key, value, run_uuid) VALUES ('a', 'b', 'nobody')")
    sound_copy.sql("UPDATE experiments SET lifecycle_stage = 'deleted' WHERE name = 'tests'")
    found = audited(sound_copy)
    (damage,) = told(found, "damaged").values()
    assert damage.problem == "foreign keys: 1 rows of tags name no row of runs"
    assert set(told(found, "hidden")) == set(sound_copy.runs.values())


def test_deleted_runs_are_counted_only(sound_copy):
    sound_copy.client().delete_run(sound_copy.runs["exp02_cv_domain"])
    found = audited(sound_copy)
    assert found.clean
    assert (found.counts["runs"], found.counts["deleted runs"]) == (4, 1)


def damage_pages(path, first, last):
    content = bytearray(path.read_bytes())
    content[first:last] = b"\xff" * (last - first)
    path.write_bytes(content)


def test_damaged_pages_are_found(sound_copy):
    (page,) = sound_copy.sql("SELECT rootpage FROM sqlite_master WHERE name = 'webhooks'")[0]
    damage_pages(sound_copy.path, (page - 1) * 4096, page * 4096)
    found = audited(sound_copy)
    assert found.by_kind()["damaged"] >= 1
    assert found.counts["runs"] == 5  # the rest could be read


def test_a_database_that_cannot_be_read_at_all(sound_copy):
    (page,) = sound_copy.sql("SELECT rootpage FROM sqlite_master WHERE name = 'runs'")[0]
    damage_pages(sound_copy.path, (page - 1) * 4096, page * 4096)
    found = audited(sound_copy)
    assert found.by_kind()["damaged"] >= 1
    assert found.notes == ("The database is too damaged for its runs to be read.",)


def test_a_truncated_database_is_told(sound_copy):
    content = sound_copy.path.read_bytes()
    sound_copy.path.write_bytes(content[:10_000])
    with pytest.raises(RequestError, match="is damaged"):
        view_database(sound_copy.path)


def test_a_newer_store_is_refused(sound_copy):
    sound_copy.sql("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    with pytest.raises(RequestError, match="newer MLflow has written it"):
        view_database(sound_copy.path)


def test_a_locked_store_is_told(sound_copy, monkeypatch):
    monkeypatch.setattr("cutscore.care.database.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(sound_copy.path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RequestError, match="is locked by another program"):
            view_database(sound_copy.path)


def test_a_client_reads_what_sql_reads(faulty):
    by_sql = view_database(faulty.path)
    by_client = view_client(faulty.uri, [faulty.folder / "artifacts"])
    assert by_client.contents.runs == by_sql.contents.runs
    assert by_client.contents.models == by_sql.contents.models
    assert by_client.contents.experiments == by_sql.contents.experiments
    assert by_client.skipped
    first, second = (audit(view, judge_life) for view in (by_sql, by_client))
    assert second.findings == first.findings
