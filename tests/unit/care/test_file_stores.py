"""MLflow's old file stores, as they are found: a bad entry costs itself alone, and is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from made_files import add_experiment, add_run, write

from cutscore.care.audit import audit
from cutscore.care.file_store import read_file_store
from cutscore.care.merge import merge_stores
from cutscore.care.merge_target import MergeRequest
from cutscore.care.places import local_store
from cutscore.care.view import view_database, view_folder
from cutscore.cli import main
from cutscore.dashboard.sources import FolderSource
from cutscore.dashboard.tables import column, run_rows
from cutscore.errors import RequestError, StoreError
from cutscore.runs.liveness import judge_life

A, B, C, D = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "project" / "mlruns"
    add_experiment(folder, 0, "Default")
    return folder


def merge(*sources, into, note=lambda _: None, **options):
    return merge_stores(MergeRequest(tuple(sources), into, **options), note)


def lost_of(root):
    return {(one.file.relative_to(root).as_posix(), one.reason) for one in view_folder(root).lost}


def dump(path):
    """All rows of a database; ids that are made up anew each time left out."""
    found = {}
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        made_up = ("dataset_uuid", "input_uuid")
        for (table,) in tables.fetchall():
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
            kept = ", ".join(f'"{name}"' for name in columns if name not in made_up)
            query = f'SELECT {kept} FROM "{table}"'
            if table == "inputs":
                query += " WHERE source_type <> 'DATASET'"
            found[table] = sorted(map(repr, connection.execute(query)))
    return found


@pytest.fixture(scope="module")
def whole_store(tmp_path_factory):
    """A file store that MLflow itself has written, with an entry of every kind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        import mlflow
        from mlflow import MlflowClient, entities

        folder = tmp_path_factory.mktemp("whole") / "mlruns"
        uri = folder.as_uri()
        mlflow.set_tracking_uri(uri)
        client = MlflowClient(uri, uri)
        experiment = client.create_experiment("credit", tags={"owner": "ann"})
        run = client.create_run(experiment, run_name="forest").info.run_id
        client.log_param(run, "tree/depth", 3)
        for step, value in enumerate((0.7, float("nan"), float("inf"))):
            client.log_metric(run, "auc/valid", value, step=step, timestamp=1000)
        loans = entities.Dataset("loans", "abc", "local", "{}")
        tags = [entities.InputTag("mlflow.data.context", "training")]
        client.log_inputs(run, [entities.DatasetInput(loans, tags)])
        model = client.create_logged_model(
            experiment, name="m", source_run_id=run, tags={"t": "u"}, params={"p": "q"}
        )
        client.finalize_logged_model(model.model_id, "READY")
        client.log_outputs(run, [entities.LoggedModelOutput(model.model_id, 3)])
        client.log_inputs(run, models=[entities.LoggedModelInput(model.model_id)])
        client.log_metric(
            run, "loss", 0.5, model_id=model.model_id, dataset_name="loans", dataset_digest="abc"
        )
        client.set_terminated(run)
        client.create_registered_model("scorer", {"k": "v"}, "what it is")
        client.create_model_version("scorer", f"models:/{model.model_id}", run, {"z": "1"})
        client.set_registered_model_alias("scorer", "champion", "1")
        gone = client.create_experiment("gone")
        client.create_run(gone)
        client.delete_experiment(gone)
        mlflow.set_tracking_uri(None)  # and the environment variable that it sets
    trace = folder / experiment / "traces" / "tr-1"
    write(
        trace / "trace_info.yaml",
        "execution_duration_ms: 95",
        "request_preview: '1'",
        "request_time: '2026-11-26T18:31:05.649Z'",
        "state: OK",
        "trace_id: tr-1",
    )
    for name, text in (
        ("tags/mlflow.traceName", "ask"),
        ("tags/kind", "test"),
        ("request_metadata/mlflow.trace.session", "s" * 300),
        ("request_metadata/mlflow.trace.tokenUsage", '{"input_tokens": 3}'),
        ("request_metadata/mlflow.user", "ann"),
    ):
        write(trace / name)
        (trace / name).write_text(text)
    write(
        trace / "assessments" / "a-1.yaml",
        "assessment_id: a-1",
        "assessment_name: good",
        "create_time_ms: 5",
        "feedback: {value: true}",
        "last_update_time_ms: 6",
        "source: {source_id: ann, source_type: HUMAN}",
    )
    return folder


@pytest.mark.filterwarnings("ignore:.*filesystem tracking backend.*:FutureWarning")
def test_a_sound_store_is_read_as_mlflow_migrates_it(whole_store, tmp_path, capsys):
    from mlflow.store.fs2db import migrate

    assert read_file_store(whole_store, tmp_path / "ours.db") == ()
    migrate(whole_store, f"sqlite:///{tmp_path / 'theirs.db'}", progress=False)
    ours, theirs = dump(tmp_path / "ours.db"), dump(tmp_path / "theirs.db")
    assert ours == theirs
    empty = {table for table, rows in ours.items() if not rows}
    assert not empty & {
        "experiments", "experiment_tags", "runs", "params", "tags", "metrics", "latest_metrics",
        "datasets", "inputs", "input_tags", "logged_models", "logged_model_params",
        "logged_model_tags", "logged_model_metrics", "registered_models", "model_versions",
        "registered_model_tags", "model_version_tags", "registered_model_aliases", "trace_info",
        "trace_tags", "trace_request_metadata", "assessments",
    }  # fmt: skip
    ((dataset,),) = sql(
        tmp_path / "ours.db", "SELECT source_id FROM inputs WHERE source_type = 'DATASET'"
    )
    assert sql(tmp_path / "ours.db", "SELECT dataset_uuid FROM datasets") == [(dataset,)]


def sql(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_names_and_numbers_that_come_twice(root):
    for number in (1, 2, 3):
        add_run(add_experiment(root, number, "credit"), f"{number}" * 32)
    add_run(add_experiment(root, 4, "credit", trash=True), A)
    add_run(add_experiment(root, 1, "other", trash=True), B)
    view = view_folder(root)
    by_name = {
        one.name: (one.experiment_id, one.deleted) for one in view.contents.experiments.values()
    }
    assert by_name == {
        "Default": ("0", False), "credit": ("1", False), "credit-2": ("2", False),
        "credit-3": ("3", False), "credit-4": ("4", True), "other": ("8", True),
    }  # fmt: skip
    names = {run.run_id: view.contents.experiment_name(run) for run in view.contents.runs.values()}
    assert names == {
        "1" * 32: "credit", "2" * 32: "credit-2", "3" * 32: "credit-3", A: "credit-4", B: "other",
    }  # fmt: skip
    assert (
        "2/meta.yaml",
        'a second experiment of the name "credit": read as "credit-2"',
    ) in lost_of(root)
    assert (".trash/1/meta.yaml", "a second experiment 1: read as 8") in lost_of(root)
    for run in view.contents.runs.values():  # of those in the trash too
        assert view.files.of_run(run).files == {"notes.txt": 33}


def test_a_made_up_name_takes_none_that_another_has(root):
    for number, name in ((1, "credit"), (2, "credit"), (3, "credit-2")):
        add_experiment(root, number, name)
    found = view_folder(root).contents.experiments
    assert [found[key].name for key in "123"] == ["credit", "credit-2-again", "credit-2"]


def test_lines_of_metrics(root):
    lines = (
        "1000 0.7 0",
        "1000 0.7 0",
        "lots",
        "2000 0.8 1",
        "",
        "3000",
        "1000 0.7 0",
        "2000 nan 1",
    )
    run = add_run(root / "0", A, lines)
    write(run / "metrics" / "empty")
    write(run / "metrics" / "huge", f"1000 1.0 {10**30}")
    assert lost_of(root) == {
        (f"0/{A}/metrics/auc", "no metric in line 3 ('lots'), line 6 ('3000')"),
        (f"0/{A}/metrics/auc", "line 2, line 7: repeated, read once"),
        (f"0/{A}/metrics/empty", "it is empty"),
        (f"0/{A}/metrics/huge", "Python int too large to convert to SQLite INTEGER"),
    }
    assert view_folder(root).contents.runs[A].metrics == {"auc": 0.8}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (None, "its description is not there"),
        ("- broken: [", "it is no YAML"),
        ("artifact_uri: file", "it describes the run None"),
        (f"run_uuid: {A}\nstatus: 3\nlifecycle_stage: act", "lifecycle_stage is 'act'"),
        (f"run_uuid: {A}\nstatus: 99", "status is 99"),
        (f"run_uuid: {A}\nstart_time: soon", "start_time is no whole number: 'soon'"),
        (f"run_uuid: {C}\nstatus: 3", f"it describes the run {C}"),
        ("just words", "it describes nothing"),
        (b"\xff\xfe", "it is no text in UTF-8"),
    ],
)
def test_a_run_whose_description_is_bad_is_lost_and_told(root, text, reason):
    add_run(root / "0", B)
    meta = add_run(root / "0", A) / "meta.yaml"
    meta.unlink()
    if text is not None:
        meta.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = audit(view_folder(root), judge_life)
    (lost,) = [finding for finding in found.findings if finding.kind == "lost"]
    assert lost.subject == str(meta)
    assert lost.problem.startswith(f"the run is lost: {reason}")
    assert found.counts["runs"] == 1
    assert found.by_kind() == {"lost": 1, "foreign": 1, "moved": 1}


def test_an_experiment_whose_description_is_bad_keeps_its_runs(root):
    add_run(add_experiment(root, 5, "credit"), A)
    write(root / "5" / "meta.yaml")
    (root / "2026").mkdir()  # a folder of somebody else's
    view = view_folder(root)
    assert view.contents.experiment_name(view.contents.runs[A]) == "experiment_5"
    assert lost_of(root) == {("5/meta.yaml", "its name is lost: it is empty")}


def test_a_run_that_is_there_twice_is_read_once(root):
    add_run(root / "0", A)
    other = add_experiment(root, 1, "other")
    add_run(other, A, ("1000 0.9 0",))
    assert lost_of(root) == {
        (f"1/{A}/meta.yaml", f"the run is lost: the same run is in {root / '0' / A}")
    }
    assert view_folder(root).contents.runs[A].metrics == {"auc": 0.7}


def test_links_are_told_and_never_followed(root, tmp_path):
    write(tmp_path / "secret", "1000 0.1 0")
    run = add_run(root / "0", A)
    (run / "metrics" / "linked").symlink_to(tmp_path / "secret")
    (run / "params" / "key").symlink_to(tmp_path / "secret")
    linked = add_run(root / "0", B) / "meta.yaml"
    linked.rename(tmp_path / "meta.yaml")
    linked.symlink_to(tmp_path / "meta.yaml")
    run = view_folder(root).contents.runs[A]
    assert (set(run.metrics), set(run.params)) == ({"auc"}, {"depth"})
    assert {file for file, _ in lost_of(root)} == {
        f"0/{A}/metrics/linked", f"0/{A}/params/key", f"0/{B}/meta.yaml",
    }  # fmt: skip


def test_what_points_at_nothing_is_told(root):
    run = add_run(root / "0", A)
    write(run / "inputs" / "i1" / "meta.yaml", "source_id: gone", "source_type: DATASET")
    model = root / "0" / "models" / "m-1"
    write(model / "meta.yaml", "model_id: m-1", "name: m", "status: 2")
    write(model / "metrics" / "loss", f"1000 0.5 0 {B}", f"1000 0.5 0 {A} my loans abc", "1000 1 0")
    write(root / "models" / "scorer" / "meta.yaml", "name: scorer")
    write(root / "models" / "scorer" / "aliases" / "champion", "first")
    write(root / "models" / "scorer" / "version-1" / "meta.yaml", "version: 2")
    assert lost_of(root) == {
        (
            f"0/{A}/inputs/i1/meta.yaml",
            "the input is lost: it names the data set gone, which was not read",
        ),
        ("0/models/m-1/metrics/loss", "it belongs to an entry that was not read"),
        ("0/models/m-1/metrics/loss", "no metric in line 3 ('1000 1 0')"),
        ("models/scorer/aliases/champion", "it names no version: 'first'"),
        ("models/scorer/version-1/meta.yaml", "the version is lost: it describes version 2"),
    }


def test_nothing_is_left_in_a_file_store_that_is_read(root):
    add_run(root / "0", A)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert main(["store", "audit", str(root)]) == 1
    assert main(["runs", "export", "--store", str(root)]) == 0
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_an_export_says_what_it_lacks(root, capsys):
    add_run(root / "0", A)
    write(add_run(root / "0", B) / "meta.yaml")
    assert main(["runs", "export", "--store", str(root.parent)]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert (
        f"Not read as it stands: {root / '0' / B / 'meta.yaml'}: the run is lost: it is empty"
        in err
    )


def test_file_stores_are_merged_like_others(root, empty, tmp_path, capsys):
    add_run(root / "0", A, ("1000 0.7 0", "1000 0.7 0"))
    add_run(add_experiment(root, 1, "credit"), B)
    add_run(add_experiment(root, 2, "credit", trash=True), C)
    write(add_run(root / "0", D) / "meta.yaml")
    target = tmp_path / "target" / "mlflow.db"
    target.parent.mkdir()
    shutil.copyfile(empty, target)
    words = ["store", "merge", str(root.parent), "--into", str(target)]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "the run is lost: it is empty" in out
    assert "line 2: repeated, read once" in out
    view = view_database(target)
    names = {run.run_id: view.contents.experiment_name(run) for run in view.contents.runs.values()}
    assert names == {A: "Default", B: "credit", C: "credit-2"}
    for run in view.contents.runs.values():
        listing = view.files.of_run(run)
        assert (listing.files, listing.moved) == ({"notes.txt": 33}, False)
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert not report["changed"]
    assert report["sources"][0]["runs"] == {"skipped": 3}
    assert len(report["sources"][0]["lost"]) == 3
    assert main(["store", "diff", str(root), str(target)]) == 0


def test_a_file_store_that_changes_while_it_is_merged(root, empty, tmp_path):
    run = add_run(root / "0", A)
    shutil.copyfile(empty, tmp_path / "target.db")

    def write_on(text):
        if text.startswith("copying"):
            (run / "params" / "late").write_text("1")

    with pytest.raises(StoreError, match="changed while it was read"):
        merge(root, into=tmp_path / "target.db", note=write_on)


def test_a_folder_with_two_stores(root, empty, capsys):
    add_run(root / "0", A)
    add_run(root / "0", B)
    for folder in (root, root.parent):  # beside the experiments, or a level above
        database = folder / "mlflow.db"
        shutil.copyfile(empty, database)
        with pytest.raises(RequestError) as raised:
            local_store(str(folder), "STORE")
        said = str(raised.value)
        assert "holds two stores: mlflow.db (no runs), and a file store (2 runs)" in said
        assert f"Name one: {database} or file:{root}" in said
        assert local_store(f"file:{root}", "STORE") == root
        assert local_store(root.as_uri(), "STORE") == root
        assert local_store(str(database), "STORE") == database
        assert main(["store", "audit", str(database)]) == 0
        assert f"Not read: MLflow's old file store in {root} (2 runs)" in capsys.readouterr().out
        assert main(["store", "merge", str(folder), "--into", str(folder / "new.db")]) == 2
        database.write_bytes(b"")
        with pytest.raises(RequestError, match=r"mlflow.db \(empty\)"):
            local_store(str(folder), "STORE")
        database.unlink()
        with pytest.raises(RequestError, match=rf"there is no store at .*file:{root}"):
            view_database(database)


def test_commands_that_write_say_what_to_do_with_a_file_store(root, capsys):
    add_run(root / "0", A)
    assert main(["store", "reap", str(root.parent)]) == 2
    assert f"cutscore store merge {root} --into" in capsys.readouterr().err


def test_the_dashboard_reads_a_file_store(root):
    add_run(root / "0", A)
    source = FolderSource(root)
    (row,) = run_rows(source.connection())
    assert (row.name, row.experiment) == ("forest", "Default")
    assert column(source.connection(), "metrics.auc", [row.run_id]) == [0.7]
    source.close()
