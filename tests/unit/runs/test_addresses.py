import shutil
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutscore.runs.addresses import address_folder, folder_address, sqlite_path, sqlite_url
from cutscore.runs.init import init_store
from cutscore.runs.settings import TrackingSettings

NASTY = "O'Brien a?b 50%20x #1 [k] é\n$h {}i,j=k;!*~&\"\\ :x"
SIGNS = [*string.printable.replace("/", ""), "é", "日", "%20", "${x}", "'\\", "\\'", NASTY]
paths = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).map(
    lambda text: Path("/a", *(part for part in text.split("/") if part.strip(".")), "b")
)


def named(sign: str) -> Path:
    return Path("/x") / f"a{sign}b" / "mlflow.db"


def opened(url: str) -> Path:
    """Return the file that SQLAlchemy opens for an address."""
    from sqlalchemy.engine import make_url

    return Path(str(make_url(url).database))


def written(address: str) -> Path:
    """Return where MLflow puts the files of a run, for the address of its experiment."""
    from mlflow.utils.file_utils import local_file_uri_to_path
    from mlflow.utils.uri import append_to_uri_path, resolve_uri_if_local

    return Path(local_file_uri_to_path(append_to_uri_path(resolve_uri_if_local(address), "run")))


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_of_a_name_is_read_as_it_is(sign):
    path = named(sign)
    assert opened(sqlite_url(path)) == path == sqlite_path(sqlite_url(path))
    assert written(folder_address(path.parent)) == path.parent / "run"
    assert address_folder(folder_address(path)) == path


@given(paths)
def test_any_name_is_read_as_it_is(path):
    assert opened(sqlite_url(path)) == path == sqlite_path(sqlite_url(path))
    assert written(folder_address(path)) == path / "run"
    assert address_folder(folder_address(path)) == path


@pytest.mark.parametrize("sign", SIGNS)
def test_settings_keep_a_name_through_every_way_of_giving_it(sign):
    path = named(sign)
    default = TrackingSettings().address(path.parent)
    assert sqlite_path(default.uri) == path.parent / "mlruns" / "mlflow.db"
    assert address_folder(default.artifacts) == path.parent / "mlruns" / "artifacts"
    for given_uri in (str(path), sqlite_url(path)):
        settings = TrackingSettings(uri=given_uri, artifacts=str(path.parent))
        again = settings.address(Path("/elsewhere"))
        assert sqlite_path(again.uri) == path
        assert again.uri == sqlite_url(path)
        assert address_folder(again.artifacts) == path.parent


def test_usual_addresses_stay_as_they_were():
    assert sqlite_url(Path("/my data/é/x.db")) == "sqlite:////my data/é/x.db"
    assert folder_address(Path("/my data/é")) == "/my data/é"
    for other in ("postgresql://h/d", "http://h:1", "sqlite:///:memory:", "sqlite:///x.db?a=b"):
        assert sqlite_path(other) is None
    assert address_folder("s3://bucket/x") is None


def test_a_store_in_a_folder_of_any_name_is_made_there_and_nowhere_else(
    tmp_path, empty, monkeypatch
):
    folder = tmp_path / NASTY
    folder.mkdir()
    shutil.copyfile(empty, folder / "mlflow.db")
    monkeypatch.chdir(folder)
    address = TrackingSettings("mlflow.db").address()
    store = init_store(address.uri, address.artifacts, "tests")
    from cutscore.runs.adapter.client import open_client

    client = open_client(store.uri)
    run = client.create_run(store.experiment_id)
    client.log_text(run.info.run_id, "x", "note.txt")
    notes = [path.relative_to(folder) for path in tmp_path.rglob("note.txt")]
    assert notes == [Path("artifacts", "tests", run.info.run_id, "artifacts", "note.txt")]
    assert [path.name for path in tmp_path.iterdir()] == [NASTY]
    assert (
        address_folder(client.get_experiment("0").artifact_location) == folder / "artifacts" / "0"
    )
