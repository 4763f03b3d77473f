"""What a word stands for: folder, version, alias, run; never one of several by guess."""

from __future__ import annotations

import shutil

import pytest

import cutscore
from cutscore.delivery.finding import load_from, load_version
from cutscore.delivery.registry import resolve, version_of
from cutscore.errors import RequestError
from cutscore.runs.registry import alias_fault


@pytest.fixture
def credit(store, unpacked):
    """Register the run of the exact threshold as credit/1 and the other as credit/2."""
    registry = store.registry
    runs = (unpacked.exact, unpacked.by_own_costs)
    made = [registry.register("credit", r, store.get(r).models[-1], {"run": r}) for r in runs]
    registry.point("champion", made[0])
    return made


def test_registering_a_model_again_gives_its_version_and_sets_its_tags(store, unpacked, credit):
    model_id = store.get(unpacked.exact).models[-1]
    again = store.registry.register("credit", unpacked.exact, model_id, {"why": "again"})
    assert (again.version, again.model_id, again.run_id) == ("1", model_id, unpacked.exact)
    assert again.tags == {"run": unpacked.exact, "why": "again"}
    assert [version.title for version in store.registry.versions("credit")] == [
        "credit/1",
        "credit/2",
    ]


def test_a_model_is_loaded_by_alias_version_run_and_folder(store, unpacked, credit):
    by_run = load_from(store, unpacked.exact)
    assert by_run.tags["run_id"] == unpacked.exact
    assert by_run.tags["threshold"] == repr(by_run.threshold)
    assert "version" not in by_run.tags
    for word, alias in (
        ("champion", "credit@champion"),
        ("credit@champion", "credit@champion"),
        ("credit/1", None),
    ):
        found = load_from(store, word)
        assert found.tags.get("alias") == alias
        assert found.tags | {"alias": ""} == by_run.tags | {"version": "credit/1", "alias": ""}
        assert found.threshold == by_run.threshold
    own = load_from(store, "credit/2")
    assert own.tags["run_id"] == unpacked.by_own_costs
    assert own.tags["threshold"] == repr(own.threshold) != by_run.tags["threshold"]
    folder = cutscore.load(str(unpacked.model(unpacked.exact)))
    assert folder.threshold == by_run.threshold


def test_the_follower_sees_a_new_champion(store, credit):
    assert version_of(store, "credit@champion") == credit[0] == version_of(store, "champion")
    store.registry.point("champion", credit[1])
    assert version_of(store, "credit@champion").title == "credit/2"
    store.registry._client.delete_model_version("credit", "2")
    with pytest.raises(RequestError, match=r'no version has the alias "credit@champion"; none'):
        version_of(store, "credit@champion")
    assert resolve(store, "credit/1").version.title == "credit/1"
    with pytest.raises(RequestError, match=r'"credit" has no version credit/2; it has credit/1\.'):
        resolve(store, "credit/2")


def test_ambiguous_words_are_refused_with_what_they_may_mean(
    store, unpacked, credit, monkeypatch, tmp_path
):
    run = store.get(unpacked.exact)
    store.tag(unpacked.linear, {"mlflow.runName": "champion"})
    with pytest.raises(RequestError, match="an alias and the name of a run") as caught:
        resolve(store, "champion")
    assert "credit@champion" in str(caught.value)
    assert unpacked.linear in str(caught.value)
    other = store.registry.register("fraud", run.run_id, run.models[-1], {})
    store.registry.point("champion", other)
    with pytest.raises(RequestError, match=r"Name one of credit@champion, fraud@champion\."):
        version_of(store, "champion")
    assert resolve(store, "fraud@champion").version.title == "fraud/1"

    monkeypatch.chdir(tmp_path)
    shutil.copytree(unpacked.model(unpacked.exact), tmp_path / "champion")
    with pytest.raises(RequestError, match=r"a folder here and an alias.*\./champion"):
        cutscore.load("champion", store=store.uri)
    assert cutscore.load("./champion", store=store.uri).tags.get("alias") is None


def test_what_is_not_there_names_what_is(store, credit):
    with pytest.raises(RequestError) as caught:
        resolve(store, "champoin")
    (fault,) = caught.value.faults
    assert fault.setting == "MODEL"
    assert 'there is no run "champoin"' in fault.problem
    assert "Aliases: credit@champion." in fault.remedy
    with pytest.raises(RequestError, match='Did you mean "credit@champion"'):
        version_of(store, "credit@champ")


def test_a_version_whose_files_are_gone_is_told(store, unpacked, credit):
    shutil.rmtree(unpacked.model(unpacked.exact))
    with pytest.raises(RequestError, match=r"credit/1 \(credit@champion\).*its files are gone"):
        load_version(store, credit[0], "credit@champion")


@pytest.mark.parametrize("word", ["latest", "Latest", "v1", "V12", "Champion", "a b", "", "ä"])
def test_words_that_are_no_alias(word):
    assert alias_fault(word, "--as").setting == "--as"
    assert alias_fault("champion-2_x", "--as") is None
