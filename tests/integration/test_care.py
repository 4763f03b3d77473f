"""`cutscore store audit | reap | prune` and `cutscore runs export`, as a user types them."""

from __future__ import annotations

import csv
import io
import json

import cared
import pytest

from cutscore.care.prune import refusals_told
from cutscore.errors import StoreError


@pytest.fixture(scope="module")
def kept(sound, workplace):
    """The default store of a working directory, with a run for each thing that can be wrong."""
    return cared.add_faulty(cared.copy(sound, workplace / "mlruns"))


def test_the_audit_tells_people_and_scripts(kept, cutscore):
    answer = cutscore("store", "audit")
    assert answer.code == 1
    assert "says RUNNING, but its process has ended" in answer.out
    assert "not a Cutscore run: 3 params, 1 metric, no artifacts" in answer.out
    assert "cutscore store reap" in answer.out
    body = cutscore("store", "audit", kept.path, "--json").json()
    assert body["clean"] is False
    assert body["by_kind"]["dead"] == 1
    assert len(body["findings"]) == sum(body["by_kind"].values())


def test_what_was_reaped_and_pruned_is_no_longer_told(kept, cutscore, tmp_path):
    store = cared.copy(kept, tmp_path / "store")
    place = tmp_path / "store"
    shown = cutscore("store", "reap", place, "--dry-run")
    assert (shown.code, "1 would be closed, 2 left alone" in shown.out) == (0, True)
    assert cutscore("store", "reap", place, "--json").json()["runs"][0]["status"] == "FAILED"
    shown = cutscore("store", "prune", place, "--where", "attributes.run_name LIKE 'exp0%'")
    assert (shown.code, "Nothing was changed" in shown.out) == (0, True)
    assert store.files("incomplete").exists()
    done = cutscore(
        "store", "prune", place, "--where", "attributes.run_name LIKE 'exp0%'", "--yes", "--json"
    ).json()
    assert {run["name"] for run in done["taken"]} == {"exp03", "exp04", "exp05", "exp07", "exp08"}
    assert set(done["left"]) == {
        store.runs["alive"], store.runs["exp01_cv_baseline"], store.runs["exp02_cv_domain"],
    }  # fmt: skip
    assert not store.files("incomplete").exists()
    left = cutscore("store", "audit", place, "--json").json()["by_kind"]
    assert left == {"unattended": 1, "foreign": 2, "default name": 1}
    (batch,) = cutscore("store", "prune", place, "--empty", "--json").json()["batches"]
    assert batch["runs"] == 5
    assert cutscore("store", "prune", place, "--undo", batch["time"]).code == 0
    assert store.files("incomplete").exists()
    assert cutscore("store", "prune", place, "--failed", "--yes").code == 0
    assert "removed for good" in cutscore("store", "prune", place, "--empty", "--yes").out
    assert not (place / "trash").exists()
    assert "The trash is empty" in cutscore("store", "prune", place, "--empty").out


def test_the_inventory(kept, cutscore, tmp_path):
    answer = cutscore("runs", "export")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert {row["run_id"] for row in rows} == set(kept.runs.values())
    out = tmp_path / "runs.json"
    answer = cutscore("runs", "export", "--format", "json", "--out", out)
    assert (answer.out, "13 runs written" in answer.err) == ("", True)
    assert len(json.loads(out.read_text())) == 13


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("prune",), "nothing says which runs are meant"),
        (("prune", "--failed", "--yes", "--dry-run"), "contradicts --yes"),
        (("prune", "--failed", "--empty"), "takes no filters"),
        (("prune", "--undo", "2020"), 'no batch "2020" in the trash; it is empty'),
        (("prune", "--where", "metrics.roc_acu < 1"), 'Did you mean "roc_auc"'),
        (("reap", "--foreign-older-than", "-1"), "above 0"),
        (("audit", "--artifacts", "nowhere"), "there is no folder nowhere"),
        (("audit", "."), "neither mlflow.db nor files of MLflow"),
        (("audit", "nothing.db"), "there is no store at"),
        (("reap", "nothing.db"), "there is no store at"),
        (("audit", "http://me:secret@127.0.0.1:9"), "nothing answers at http://me:***@127.0.0.1:9"),
    ],
)
def test_bad_requests_change_nothing(kept, cutscore, words, said):
    before = kept.path.read_bytes()
    answer = cutscore("store", *words)
    assert answer.code == 2, answer.out
    assert said in " ".join(answer.err.split())
    assert answer.out == ""
    assert kept.path.read_bytes() == before


def test_a_store_that_refuses_is_told_without_passwords():
    from mlflow.exceptions import MlflowException

    with (
        pytest.raises(StoreError, match=r"refuses: http://me:\*\*\*@host is locked\. What"),
        refusals_told(),
    ):
        raise MlflowException("http://me:secret@host is locked\nTraceback")
