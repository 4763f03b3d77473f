"""`cutscore promote` and `cutscore models` as they are typed."""

from __future__ import annotations

import pytest

import cutscore as package

pytestmark = pytest.mark.usefixtures("in_folder")


def test_from_a_run_to_the_champion_and_back(cutscore, credit):
    store = ("--store", credit.path)
    assert cutscore("models", "list", *store).out.startswith("No model is registered")
    made = cutscore("promote", credit.runs["few"], "--reason", "first [bold]", "--json", *store)
    told = made.json()
    assert (made.code, made.err) == (0, "")
    assert (told["version"], told["done"], told["dry_run"]) == ("tests/1", True, False)
    assert {check["found"] for check in told["checks"]} >= {
        "it loads in a process of its own",
        "100 rows have the answers kept with it, bit for bit",
    }
    model = package.load("champion", store=str(credit.path))
    assert model.tags["version"] == "tests/1"
    assert model.decide({"income": 900, "age": 25, "purpose": "car"}).flagged.tolist() == [True]

    refused = cutscore("promote", credit.runs["dearer"], "--dry-run", *store)
    assert (refused.code, "comparison   NO" in refused.out) == (2, True)
    assert "comparison: cannot be compared with tests/1: their costs differ" in refused.err
    assert "If that is meant: --force REASON" in refused.err
    forced = cutscore("promote", credit.runs["dearer"], "--force", "agreed anew", *store)
    assert forced.code == 0
    assert (
        "tests@champion is tests/2 (exp01_cv_baseline_none); before it was tests/1." in forced.out
    )
    back = cutscore("promote", "--rollback", "--reason", "complaints", *store)
    assert back.code == 0, back.err
    assert "tests@champion is tests/1" in back.out

    told = cutscore("models", "history", *store)
    assert [word in told.out for word in ("first [bold]", "forced: agreed anew", "complaints")] == [
        True, True, True,
    ]  # fmt: skip
    reigns = cutscore("models", "history", "tests@champion", "--json", *store).json()
    assert [(r["version"], r["kind"]) for r in reigns] == [
        ("tests/1", "promote"), ("tests/2", "promote"), ("tests/1", "rollback"),
    ]  # fmt: skip
    listed = cutscore("models", "list", "--json", *store).json()
    assert [(v["version"], v["aliases"]) for v in listed] == [
        ("tests/1", ["champion"]), ("tests/2", []),
    ]  # fmt: skip
    shown = cutscore("models", "show", "champion", "--json", *store).json()
    assert (shown["run_id"], len(shown["times"])) == (credit.runs["few"], 2)
    assert "@champion" in cutscore("models", "show", "tests/2", *store).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "RUN|VERSION: name a run or a version, or say --rollback."),
        (("few", "--rollback"), "or say --rollback, not both."),
        (("--rollback", "--force", "x"), "--force: a rollback is compared with nobody."),
        (("--rollback",), '--as: no registered model ever had the alias "champion".'),
        (("few", "--as", "latest"), '--as: "latest" is a reserved word of MLflow.'),
        (("few", "--as", "V1"), '--as: "V1" is a reserved word of MLflow.'),
        (("few", "--as", "Champion"), '--as: "Champion" is not allowed: lower-case'),
        (
            ("few", "--gate", "nun"),
            '--gate: there is no option "nun"; there are default, none.',
        ),
        (("few", "--on", "x.csv"), "--target: labelled rows need both"),
        (("nobody",), 'MODEL: there is no run "nobody"'),
        (("tests/1",), 'MODEL: there is no run "tests/1"'),
    ],
)
def test_a_wrong_request_changes_nothing(cutscore, credit, words, message):
    before = credit.path.read_bytes()
    given = [credit.runs.get(word, word) for word in words]
    answer = cutscore("promote", *given, "--store", credit.path)
    assert (answer.code, answer.out) == (2, "")
    assert message in answer.err
    assert credit.path.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "champion"), "No alias is set."),
        (("history",), "no registered model ever had the alias"),
        (("history", "tests@champion"), 'ALIAS: no registered model "tests" ever had'),
    ],
)
def test_questions_about_what_is_not_there(cutscore, credit, words, message):
    answer = cutscore("models", *words, "--store", credit.path)
    assert answer.code == 2
    assert message in answer.err
