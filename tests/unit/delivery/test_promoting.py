"""From a run to the champion: the gate, the alias, the history, and the way back."""

from __future__ import annotations

import json
import math
import shutil
import threading
from itertools import pairwise

import cared
import pytest

from cutscore.care.audit import audit
from cutscore.care.merge import merge_stores
from cutscore.care.merge_target import MergeRequest
from cutscore.care.view import view_client, view_database
from cutscore.delivery.bare import prove
from cutscore.delivery.finding import load_from
from cutscore.delivery.gate import PromotionGate
from cutscore.delivery.history import history
from cutscore.delivery.promoting import Wish, promote, roll_back
from cutscore.errors import RequestError, StoreError
from cutscore.report.record_spec import COMPLETE_TAG
from cutscore.runs.liveness import judge_life
from cutscore.runs.registry import LAST_CHANGE

GATE = PromotionGate(tolerance=0.5)


@pytest.fixture
def store(credit):
    return credit.store()


def wish(**given):
    """What is asked for; models are loaded in this process, which is a hundred times faster."""
    return Wish(given.pop("alias", "champion"), prover=prove, **given)


def found(promotion):
    return {check.name: check.found for check in promotion.checks}


def reigns(store):
    return [
        (r.version, r.kind, r.until is None) for r in history(store.registry, "tests", "champion")
    ]


def test_the_first_champion_is_a_version_that_mirrors_its_run(credit, store):
    run = credit.runs["few"]
    dry = promote(store, run, GATE, wish(dry_run=True))
    assert (dry.done, dry.version, dry.refused) == (False, "", ())
    assert store.registry.models() == []
    made = promote(store, run, GATE, wish(reason="first"))
    assert (made.done, made.version, made.previous) == (True, "tests/1", "")
    assert found(made)["check rows"] == "100 rows have the answers kept with it, bit for bit"
    assert found(made)["comparison"] == "there is none yet"
    version = store.registry.version_of("tests", "champion")
    record = store.read(run)
    assert version.run_id == run
    assert float(version.tags["threshold"]) == record.summary.metrics["threshold"]
    assert json.loads(version.tags["costs"])["false_negative"] == "10"
    for name in ("data_digest", "fingerprint"):
        assert version.tags[name] == record.summary.tags[name]
    again = promote(store, "champion", GATE, wish())
    assert (again.done, again.note) == (False, "it is champion already")
    (reign,) = history(store.registry, "tests", "champion")
    assert (reign.reason, reign.kind, reign.until, bool(reign.user)) == (
        "first",
        "promote",
        None,
        True,
    )
    assert [check["name"] for check in reign.checks] == [
        "run", "record", "model", "check rows", "comparison",
    ]  # fmt: skip


def test_promote_and_roll_back_are_told_in_the_history(credit, store):
    for name in ("few", "more"):
        promote(store, credit.runs[name], GATE, wish())
    promote(store, credit.runs["dearer"], GATE, wish(force="new costs"))
    back = roll_back(store, GATE, wish(reason="complaints"))
    assert (back.done, back.version, back.previous) == (True, "tests/2", "tests/3")
    assert load_from(store, "champion").tags["version"] == "tests/2"
    assert roll_back(store, GATE, wish()).version == "tests/1"  # and no way forward again
    assert reigns(store) == [
        ("tests/1", "promote", False),
        ("tests/2", "promote", False),
        ("tests/3", "promote", False),
        ("tests/2", "rollback", False),
        ("tests/1", "rollback", True),
    ]
    told = history(store.registry, "tests", "champion")
    assert [r.reason or r.forced for r in told] == ["", "", "new costs", "complaints", ""]
    assert all(one.until == following.since for one, following in pairwise(told))
    with pytest.raises(RequestError, match='nobody who is still there had "champion"'):
        roll_back(store, GATE, wish())
    assert audit(view_database(credit.path), judge_life).findings == ()


def test_a_model_that_costs_other_amounts_needs_a_reason(credit, store):
    promote(store, credit.runs["few"], GATE, wish())
    refused = promote(store, credit.runs["dearer"], GATE, wish())
    assert [check.name for check in refused.refused] == ["comparison"]
    assert "cost.false_negative 5 against 10" in found(refused)["comparison"]
    assert len(store.registry.versions("tests")) == 1
    forced = promote(store, credit.runs["dearer"], GATE, wish(force="agreed anew"))
    assert forced.checks[-1].forced == "agreed anew"
    assert forced.version == "tests/2"


def test_worse_than_the_champion_by_more_than_is_allowed_is_refused(credit, store):
    costs = {k: store.get(credit.runs[k]).metrics["crossfit_cost"] for k in ("few", "more")}
    better, worse = sorted(costs, key=costs.get)
    assert costs[better] != costs[worse]
    promote(store, credit.runs[better], PromotionGate(), wish())
    share = costs[worse] / costs[better] - 1
    for tolerance, passes in ((share * 0.99, False), (share * 1.01, True)):
        gate = PromotionGate(tolerance=tolerance)
        told = promote(store, credit.runs[worse], gate, wish(dry_run=True))
        assert (told.refused == ()) == passes
        assert f"{share:.2%} worse" in found(told)["comparison"]
    assert (
        found(promote(store, credit.runs[worse], PromotionGate(metric=None), wish()))["comparison"]
        == "not compared, as the gate has it"
    )


def test_a_champion_that_cannot_be_compared_with_is_told_why(credit, store):
    promote(store, credit.runs["few"], GATE, wish())
    store.tag(credit.runs["more"], {"data_digest": "another"})
    told = promote(store, credit.runs["more"], GATE, wish())
    assert "their data differ" in found(told)["comparison"]
    credit.client().delete_run(credit.runs["few"])
    told = promote(store, credit.runs["more"], GATE, wish())
    assert "its run is gone" in found(told)["comparison"]
    (gone,) = audit(view_database(credit.path), judge_life).findings
    assert (gone.kind, gone.subject) == ("version without run", "tests/1")
    with pytest.raises(RequestError, match=r"tests/1 cannot be promoted: its run \w+ was deleted"):
        promote(store, "tests/1", GATE, wish(alias="challenger"))


def damaged(model, name, change):
    path = model / "data" / "model" / name
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def model_files(credit, name):
    sql = "SELECT artifact_location FROM logged_models WHERE source_run_id = ?"
    return type(credit.folder)(credit.sql(sql, credit.runs[name])[0][0])


@pytest.mark.parametrize(
    ("name", "change", "check", "message"),
    [
        ("model.json", {"format": 2}, "model", "has format 2, this version of Cutscore reads"),
        ("inputs.json", {"format": 9}, "model", "has format 9"),
        ("check_rows.json", {"strayed": 3}, "check rows", "3 of 100 rows of training have another"),
        ("check_rows.json", {"rows": [], "problem": "odd"}, "check rows", "kept without any: odd"),
    ],
)
def test_a_model_that_is_not_what_was_kept_is_refused(credit, store, name, change, check, message):
    damaged(model_files(credit, "few"), name, lambda body: body | change)
    told = promote(store, credit.runs["few"], GATE, wish(force="no force helps"))
    assert [each.name for each in told.refused] == [check]
    assert message in found(told)[check]
    assert store.registry.models() == []
    if message.endswith("odd"):
        lenient = PromotionGate(check_rows=False)
        assert promote(store, credit.runs["few"], lenient, wish()).done


def test_one_other_bit_than_was_kept_is_seen_by_a_process_of_its_own(credit, store):
    def change(body):
        body["answers"]["score"][5] = math.nextafter(body["answers"]["score"][5], 1)
        return body

    damaged(model_files(credit, "few"), "check_rows.json", change)
    told = promote(store, credit.runs["few"], GATE, Wish("champion"))
    assert found(told)["model"] == "it loads in a process of its own"
    assert found(told)["check rows"] == ("1 of 100 rows have another answer than when it was kept")
    assert store.registry.models() == []


def test_a_vanished_model_is_refused_and_found_by_the_audit(credit, store):
    promote(store, credit.runs["few"], GATE, wish())
    promote(store, credit.runs["more"], GATE, wish())
    shutil.rmtree(model_files(credit, "few"))
    told = roll_back(store, GATE, wish())
    assert found(told) == {"model": "its files are gone"}
    assert store.registry.version_of("tests", "champion").version == "2"
    shutil.rmtree(model_files(credit, "more"))
    kinds = {f.name for f in audit(view_database(credit.path), judge_life).findings}
    assert "tests/2 @champion" in kinds
    with pytest.raises(RequestError, match="its files are gone"):
        load_from(store, "champion")


def test_runs_that_cannot_be_promoted_are_refused_each_with_why(credit, store):
    client = credit.client()
    experiment = client.get_run(credit.runs["few"]).info.experiment_id
    foreign = client.create_run(experiment, run_name="theirs").info.run_id
    client.set_terminated(foreign)
    with store.open("failed") as run:
        run.fail("no rows")
    for word, problem in (
        (foreign, 'MODEL: "theirs" was not written by Cutscore'),
        (run.run_id, r'"failed" is FAILED(.|\n)*lacks (.|\n)*kept no model'),
        ("0" * 32, "there is no run"),
    ):
        with pytest.raises(RequestError, match=problem):
            promote(store, word, GATE, wish())
    with pytest.raises(RequestError) as caught:
        promote(store, credit.runs["few"], GATE, wish(alias="latest", name="a/b"))
    assert [fault.setting for fault in caught.value.faults] == ["--as", "--name"]
    store.tag(credit.runs["few"], {COMPLETE_TAG: None})
    told = promote(store, credit.runs["few"], GATE, wish())
    assert found(told)["record"] == f"lacks tag:{COMPLETE_TAG}"
    assert store.registry.models() == []


def test_what_a_call_that_broke_off_has_left_is_gone_on_with(credit, store):
    promote(store, credit.runs["few"], GATE, wish())
    registry, run = store.registry, store.get(credit.runs["more"])
    version = registry.register("tests", run.run_id, run.models[-1], {})  # and then it died
    assert promote(store, run.run_id, GATE, wish(dry_run=True)).version == "tests/2"
    registry.point("champion", version)  # or then
    assert reigns(store)[-1] == ("tests/2", "unrecorded", True)
    (strayed,) = audit(view_database(credit.path), judge_life).findings
    assert strayed.problem == "it was given to tests/1, but names tests/2"
    assert strayed in audit(view_client(credit.uri), judge_life).findings
    made = promote(store, run.run_id, GATE, wish())
    assert (made.done, made.version) == (True, "tests/2")
    assert reigns(store) == [("tests/1", "promote", False), ("tests/2", "promote", True)]
    assert registry.version("tests", "2").tags["threshold"]
    registry.tag_model("tests", {f"{LAST_CHANGE}champion": "{"})  # or then
    assert promote(store, run.run_id, GATE, wish()).note
    assert audit(view_database(credit.path), judge_life).findings == ()


class Breaking:
    """A client of MLflow that dies in place of one of its writing calls."""

    def __init__(self, client, at):
        self.client, self.left = client, at

    def __getattr__(self, name):
        if name.startswith(("create", "set")):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return getattr(self.client, name)


def test_wherever_a_call_breaks_off_the_next_one_finishes_it(credit, store, monkeypatch):
    client, broken = store.registry._client, []
    proof = prove(model_files(credit, "few") / "data" / "model")
    for at in (3, 4, 5):  # before the alias, the history, and its mark
        asked = Wish("champion", f"broken {at}", prover=lambda folder: proof)
        for run in ("few", "more"):
            monkeypatch.setattr(store.registry, "_client", Breaking(client, at))
            with pytest.raises(KeyboardInterrupt):
                promote(store, credit.runs[run], GATE, asked)
            monkeypatch.setattr(store.registry, "_client", client)
            broken.append([r.kind for r in history(store.registry, asked.name, "champion")])
            promote(store, credit.runs[run], GATE, asked)
        told = history(store.registry, asked.name, "champion")
        assert [(r.version[-1], r.kind, r.until is None) for r in told] == [
            ("1", "promote", False), ("2", "promote", True),
        ]  # fmt: skip
    assert broken[:4] == [[], ["promote"], ["unrecorded"], ["promote", "unrecorded"]]
    monkeypatch.setattr(store.registry, "_client", Breaking(client, 6))  # there are five steps
    assert promote(store, credit.runs["few"], GATE, Wish("champion", "all", prover=prove)).done
    assert audit(view_database(credit.path), judge_life).findings == ()


def test_a_deleted_champion_is_not_forgotten(credit, store):
    for name in ("few", "more"):
        promote(store, credit.runs[name], GATE, wish())
    credit.client().delete_model_version("tests", "2")
    (finding,) = audit(view_database(credit.path), judge_life).findings
    assert (finding.kind, finding.subject) == ("strayed alias", "tests@champion")
    assert finding.problem == "it was given to tests/2, and names no version any more"
    told = history(store.registry, "tests", "champion")
    assert [(r.version, r.note) for r in told] == [("tests/1", ""), ("tests/2", "deleted since")]
    assert roll_back(store, GATE, wish()).version == "tests/1"
    assert [r.version for r in history(store.registry, "tests", "champion")] == [
        "tests/1", "tests/2", "tests/1",
    ]  # fmt: skip
    assert audit(view_database(credit.path), judge_life).findings == ()


def test_a_merge_brings_no_other_stores_history(credit, store, promotable, tmp_path):
    other = cared.copy(cared.Cared(promotable, credit.runs, ""), tmp_path / "other")
    promote(store, credit.runs["few"], GATE, wish())
    promote(other.store(), other.runs["dearer"], GATE, wish(reason="elsewhere"))
    promote(store, credit.runs["more"], GATE, wish())
    merge_stores(MergeRequest((other.path,), credit.path), lambda _: None)
    assert [version.run_id for version in store.registry.versions("tests")] == [
        credit.runs[name] for name in ("few", "more", "dearer")
    ]
    assert reigns(store) == [("tests/1", "promote", False), ("tests/2", "promote", True)]
    assert audit(view_database(credit.path), judge_life).findings == ()
    promote(store, "tests/3", GATE, wish(force="merged"))
    credit.client().delete_model_version("tests", "2")
    assert reigns(store)[1:] == [("tests/2", "promote", False), ("tests/3", "promote", True)]
    assert roll_back(store, GATE, wish()).version == "tests/1"


def test_two_promotes_at_once_wait_for_each_other(credit, store):
    told = {}

    def work(name):
        told[name] = promote(credit.store(), credit.runs[name], GATE, wish())

    threads = [threading.Thread(target=work, args=(name,)) for name in ("few", "more")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.version for one in told.values()) == ["tests/1", "tests/2"]
    assert sorted(one.previous for one in told.values()) == ["", "tests/1"]
    assert [r[0] for r in reigns(store)] == ["tests/1", "tests/2"]


def test_an_alias_that_somebody_else_sets_meanwhile_is_noticed(credit, store):
    promote(store, credit.runs["few"], GATE, wish())
    promote(store, credit.runs["more"], GATE, wish())

    def meanwhile(folder):
        store.registry.point("champion", store.registry.version("tests", "1"))
        return prove(folder)

    with pytest.raises(StoreError, match="went from tests/2 to tests/1 meanwhile"):
        promote(store, credit.runs["dearer"], GATE, Wish("champion", prover=meanwhile, force="x"))
    assert store.registry.version_of("tests", "champion").version == "1"
