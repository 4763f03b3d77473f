from __future__ import annotations

import pytest

from cutscore.care.paths import (
    FoundFile,
    Located,
    RefusedFile,
    Unusable,
    artifact_roots,
    resolve_artifact,
    take_apart,
    walk_files,
)

TAIL = ("0", "ab", "artifacts")


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "store"
    (folder / "artifacts" / "0" / "ab" / "artifacts").mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "address",
    [
        "file:///C:/Users/a%20b/artifacts/0/ab/artifacts",
        r"C:\Users\a b\artifacts\0\ab\artifacts",
        r"\\server\share\artifacts\0\ab\artifacts",
        "file://server/share/artifacts/0/ab/artifacts",
        r"artifacts\0\ab\artifacts",
        "mlflow-artifacts:/0/ab/artifacts",
        "/home/someone/else/artifacts/0/ab/artifacts",
        "file:///home/someone%20else/artifacts/0/ab/artifacts",
        "c:/x/../../y/0/ab/artifacts",
        "file:///a/%2e%2e/0/ab/artifacts",
        "mlflow-artifacts:/x/../0/ab/artifacts",
        "../../gone/0/ab/artifacts",
    ],
)
def test_a_store_from_elsewhere_is_found_by_the_tail(store, address):
    claim = take_apart(address)
    assert claim.parts[-3:] == TAIL
    assert not any(":" in part for part in claim.parts)
    found = resolve_artifact(address, store)
    assert found == Located(store / "artifacts" / "0" / "ab" / "artifacts", moved=True)


@pytest.mark.parametrize(
    "address",
    [
        "{}/artifacts/0/ab/artifacts",
        "./artifacts/0/ab/artifacts",
        "{}/other/../artifacts/0/ab/artifacts",
        "../store/artifacts/1/../0/ab/artifacts",
    ],
)
def test_an_address_inside_the_store_is_taken_as_it_is(store, address):
    found = resolve_artifact(address.format(store), store)
    assert found == Located(store / "artifacts" / "0" / "ab" / "artifacts")


def why(address, store):
    found = resolve_artifact(address, store)
    assert isinstance(found, Unusable)
    assert found.reason
    return found.why


def test_what_is_not_followed(store, tmp_path):
    outside = tmp_path / "other" / "1" / "cd" / "artifacts"
    outside.mkdir(parents=True)
    assert why(str(outside), store) == "outside"
    assert why(f"{store}/artifacts/../../other/1/cd/artifacts", store) == "dots"
    assert why("../other/1/cd/artifacts", store) == "dots"
    assert why("../" * 40 + "etc/1/cd/artifacts", store) == "missing"
    assert why("file:///a/%2e%2e/0/none/artifacts", store) == "missing"
    assert why("s3://bucket/0/ab/artifacts", store) == "remote"
    assert why(f"{store}/artifacts/0/none/artifacts", store) == "missing"
    assert why("", store) == "missing"
    (store / "artifacts" / "1").symlink_to(tmp_path / "other" / "1")
    assert why(f"{store}/artifacts/1/cd/artifacts", store) == "link"
    assert isinstance(
        resolve_artifact(str(outside), store, artifact_roots(store, [tmp_path / "other"])), Located
    )


def test_links_among_files_are_named_and_not_read(store, tmp_path):
    folder = store / "artifacts" / "0" / "ab" / "artifacts"
    (folder / "plots").mkdir()
    (folder / "plots" / "a.png").write_bytes(b"abc")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "folder").symlink_to("/etc")
    found = list(walk_files(folder))
    assert [(e.name, e.size) for e in found if isinstance(e, FoundFile)] == [("plots/a.png", 3)]
    assert {e.name for e in found if isinstance(e, RefusedFile)} == {"link", "folder"}
