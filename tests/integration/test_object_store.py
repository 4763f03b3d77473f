"""Runs in PostgreSQL whose files are in a store like S3."""

from __future__ import annotations

from pathlib import Path

import lives
import pytest
from servers import PASSWORD, object_store
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from taken import Taken

from cutscore.care.audit import audit
from cutscore.care.view import view_client
from cutscore.errors import RequestError
from cutscore.report.record_spec import FAILURE_TAG
from cutscore.runs.init import check_store, init_store
from cutscore.runs.liveness import judge_life
from cutscore.runs.opening import open_existing, open_store
from cutscore.runs.settings import TrackingSettings
from cutscore.runs.values import missing_from_record

pytestmark = pytest.mark.usefixtures("workplace")


@pytest.fixture(scope="module")
def bucket(workplace):
    """The address of a bucket that this process may write to."""
    with object_store() as store, pytest.MonkeyPatch.context() as patch:
        for name, value in store.access().items():
            patch.setenv(name, value)
        yield f"s3://{store.bucket}"


@pytest.fixture(scope="module")
def database(postgres, bucket):
    """A new database, its files in the bucket."""
    uri = postgres.create("objects")
    init_store(uri, bucket, "cutscore")
    return uri


@pytest.fixture(scope="module")
def swept(database, cutscore, loans):
    words = ["run", "-m", *loans, "sampling=none,balanced", f"tracking.uri={database}"]
    answer = cutscore(*words, "model.refit=best")
    assert answer.code == 0, answer.err
    return answer


@pytest.fixture(scope="module")
def runs(swept, database, cutscore):
    """The ids of the sweep's cells."""
    listed = cutscore("runs", "list", "--json", "--store", database).json()
    return [run["run_id"] for run in listed if run["parent_id"]]


def rows_of(uri):
    """Return all that a database holds, as text."""
    engine = create_engine(uri)
    with engine.connect() as connection:
        names = connection.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        ).scalars()
        found = [connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in [*names]]
    engine.dispose()
    return repr(found)


def test_a_sweep_is_whole_and_holds_no_password(swept, runs, database, cutscore, bucket):
    assert cutscore("store", "audit", database).code == 0
    shown = cutscore("runs", "show", runs[0], "--store", database)
    assert f"Files are in {bucket}/cutscore/{runs[0]}" in shown.out
    written = [path.read_text() for path in Path("outputs").rglob("*") if path.is_file()]
    assert len(written) == 9  # two logs and three configs each, progress
    settings = cutscore("run", "--cfg", "job", f"tracking.uri={database}")
    said = [swept.out, swept.err, shown.out, settings.out, *written, rows_of(database)]
    assert not [text for text in said if PASSWORD in text]
    assert f"uri: {database.replace(PASSWORD, '***')}" in settings.out


def test_commands_that_read_files(runs, database, cutscore, loans_csv):
    store = ["--store", database]
    assert cutscore("report", runs[0], *store, "--out", "report.html").code == 0
    assert "out-of-fold scores equal" in cutscore("rerun", runs[0], *store).out
    kept = next(run for run in runs if open_store(TrackingSettings(database)).get(run).models)
    promoted = cutscore("promote", kept, *store)
    assert promoted.code == 0, promoted.err
    answer = cutscore("predict", "cutscore@champion", loans_csv, "--out", "scores.csv", *store)
    assert answer.code == 0, answer.err
    monitored = cutscore("monitor", "cutscore@champion", loans_csv, *store, "--json")
    assert monitored.code == 0, monitored.err
    audited = cutscore("store", "audit", database)
    assert audited.code == 0, audited.out


def test_files_that_no_trash_can_take(runs, database, cutscore):
    answer = cutscore("store", "prune", database, "--where", "metrics.roc_auc < 2", "--yes")
    assert answer.code == 2
    assert "a trash cannot take them" in answer.err


def test_the_life_of_a_run(database, tmp_path):
    lives.whole_life(open_store(TrackingSettings(database, experiment="life")), tmp_path)


def test_an_experiment_has_its_files_beside_the_others(database, bucket):
    made = init_store(database, None, "another one")
    assert made.artifacts == f"{bucket}/another_one"
    with pytest.raises(RequestError, match=r"go to s3://.*, not to /elsewhere/another_one"):
        init_store(database, "/elsewhere", "another one")


def test_what_is_gone_from_the_bucket_is_found(database):
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    store = open_store(TrackingSettings(database, experiment="gone"))
    with store.open("exp01_cv_baseline_none") as run:
        run.write(lives.record())
        run.complete()
    get_artifact_repository(store.read(run.run_id).artifact_uri).delete_artifacts("config.yaml")
    found = audit(view_client(database), judge_life).findings
    (lacks,) = (f for f in found if f.subject == run.run_id and f.kind == "incomplete")
    assert "artifact:config.yaml" in lacks.details


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("s3://no-such-bucket/x", "NoSuchBucket"),
        ("nowhere://x/y", "Could not find a registered artifact repository"),
    ],
)
def test_a_place_that_cannot_be_written_leaves_nothing(postgres, bucket, place, why):
    uri = postgres.create(f"untouched_{why[:4].lower()}".strip())
    with pytest.raises(RequestError, match=rf"tracking.artifacts: {place}.* be written.*{why}"):
        init_store(uri, place, "cutscore")
    assert rows_of(uri) == "[]"


def changed(uri, *statements):
    """Change a database, and return its address."""
    with create_engine(uri, poolclass=NullPool).begin() as connection:
        for words in statements:
            connection.execute(text(words))
    return uri


def test_a_bucket_that_goes_away_and_stays_away(postgres, cutscore, loans, monkeypatch):
    uri = postgres.create("taken")
    with object_store() as store:
        for name, value in store.access().items():
            monkeypatch.setenv(name, value)
        words = [*loans, f"tracking.uri={uri}", f"tracking.artifacts=s3://{store.bucket}"]
        taken = Taken(store, back=False)
        taken.start()
        answer = cutscore("run", *words, "tracking.retry_minutes=0.02")
        taken.join()
        assert answer.code == 1
        assert "Could not connect to the endpoint" in answer.err
        (run,) = open_existing(uri).find("cutscore")
        assert run.status == "FAILED"
        assert "its record is saved in" in run.tags[FAILURE_TAG]
        store.start()
        (folder,) = Path.cwd().glob("outputs/*/*/unsent/exp01_cv_baseline_none")
        sent = cutscore("runs", "send", folder, "--store", uri)
        assert sent.code == 0, sent.err
        (run,) = open_existing(uri).find("cutscore")
        assert run.complete
        assert FAILURE_TAG not in run.tags
        assert missing_from_record(open_existing(uri).read(run.run_id)) == []


def test_databases_that_are_no_store(postgres):
    uri = changed(postgres.create("strange"), "CREATE ROLE nothing LOGIN")
    with pytest.raises(RequestError, match=r"permission denied.*GRANT CREATE ON SCHEMA"):
        init_store(uri.replace("cutscore:", "nothing:"), None, "cutscore")
    tables = ("alembic_version (version_num TEXT)", "experiments ()", "runs ()")
    changed(uri, *(f"CREATE TABLE {words}" for words in tables))
    changed(uri, "INSERT INTO alembic_version VALUES ('ffffffffffff')")
    for refuse in (check_store, lambda address: init_store(address, None, "cutscore")):
        with pytest.raises(RequestError, match=r"schema f+, which .* a newer MLflow has written"):
            refuse(uri)
    studies = changed(postgres.create("studies"), "CREATE TABLE studies (id INTEGER)")
    with pytest.raises(RequestError, match="is a database, but not an MLflow store"):
        check_store(studies)


def test_a_password_in_the_place_for_files_is_refused():
    with pytest.raises(ValueError, match="artifacts must hold no password"):
        TrackingSettings(artifacts=f"ftp://me:{PASSWORD}@host/x")


def test_which_refusals_of_an_object_store_pass():
    from botocore.exceptions import ClientError, EndpointConnectionError

    from cutscore.runs.adapter.transient import transient_reason

    def answered(status):
        return ClientError({"ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")

    assert transient_reason(EndpointConnectionError(endpoint_url="http://h"))
    assert transient_reason(answered(503)) == "it answers with status 503"
    assert transient_reason(answered(403)) is None
