"""A model of several tables answers for applicants given by the rows of their tables."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from served import ROW, Served
from table_model import made_tables, table_scorer

WITHOUT = {"loans": [], "months": []}
PERSON = {"id": 900, "income": 1234.5, "zone": 2}
LOAN = {"loan": 1, "id": 900, "amount": 55.5, "day": -3, "kind": "car"}


@pytest.fixture(scope="module")
def served():
    return Served(table_scorer(), max_rows=200, max_bytes=500_000)


def rows_of(*keys) -> dict[str, list[dict]]:
    tables = made_tables()
    people = tables["people"].set_index("id", drop=False).loc[list(keys)].drop(columns="y")
    loans = tables["loans"][tables["loans"]["id"].isin(keys)]
    months = tables["months"][tables["months"]["loan"].isin(loans["loan"])]
    found = {"people": people, "loans": loans, "months": months}
    return {name: table.to_dict("records") for name, table in found.items()}


def test_one_or_many_applicants_are_decided_as_in_training(served):
    every = table_scorer().decide(made_tables())
    expected = {row["id"]: row for row in every.to_records()}
    for keys in ((7,), (9, 3, 5), tuple(range(1, 60))):
        answer = served.client.post("/decide", {"tables": rows_of(*keys)})
        assert answer.status == 200
        assert answer.json()["decisions"] == [expected[key] for key in keys]


def test_options_reasons_and_explanations_are_those_of_rows(served):
    tables, scorer = rows_of(4, 2), table_scorer()
    asked = {"tables": tables, "reasons": 2, "reasons_for": "all", "expected_cost": True}
    answer = served.client.post("/decide", asked)
    expected = scorer.decide(tables, reasons=2, reasons_for="all", expected_cost=True)
    assert answer.json()["decisions"] == expected.to_records()
    explained = served.client.post("/explain", {"tables": tables}).json()["explanations"]
    assert explained == scorer.explain(tables).to_records()
    features = scorer.features(tables).rows.to_pylist()
    by_columns = served.client.post("/decide", {"rows": features}).json()["decisions"]
    assert by_columns == scorer.decide(tables).to_records()


def test_what_is_infinite_is_counted(served):
    loans = [LOAN, {**LOAN, "loan": 2, "amount": 3.0}]
    tables = {"people": [PERSON], "loans": loans, "months": []}
    answer = served.client.post("/decide", {"tables": tables}).json()
    assert answer["infinite"] == {"weight": 1}
    assert served.metric('cutscore_infinite_total{column="weight"}') == 1
    plain = served.client.post("/decide", {"tables": {**tables, "loans": [LOAN]}}).json()
    assert plain["infinite"] == {}


def test_rows_that_belong_to_nobody_are_counted(served):
    months = [{"loan": 1, "late": 0}, {"loan": 4, "late": 0}, {"loan": None, "late": 0}]
    tables = {
        "people": [PERSON],
        "loans": [LOAN, {**LOAN, "loan": 2, "id": 9000}],
        "months": months,
    }
    answer = served.client.post("/decide", {"tables": tables}).json()
    assert answer["orphans"] == {"loans": 1, "months": 2}
    assert served.metric('cutscore_orphans_total{table="months"}') == 2


WRONG = {
    "no table": ({"people": [PERSON], "loans": []}, 'the table "months" is not given'),
    "another table": ({"people": [PERSON], **WITHOUT, "lons": []}, 'Did you mean "loans"'),
    "nobody": ({"people": [], **WITHOUT}, "there are none"),
    "no list": ({"people": PERSON, **WITHOUT}, "a list of rows is needed"),
    "no object": ({"people": [PERSON, 5], **WITHOUT}, "row 1 is not"),
    "column": ({"people": [{"id": 1, "incme": 2}], **WITHOUT}, 'Did you mean "income"'),
    "kind": (
        {"people": [PERSON, {**PERSON, "income": "a"}], **WITHOUT},
        "got 'a' in row 1",
    ),
    "nested": ({"people": [{**PERSON, "income": [1]}], **WITHOUT}, "must hold numbers"),
    "twice": ({"people": [PERSON, PERSON], **WITHOUT}, "two rows have the same id"),
    "late": ({"people": [PERSON], "loans": [{**LOAN, "day": 4}], "months": []}, "after the"),
    "large": ({"people": [{**PERSON, "id": 2**70}], **WITHOUT}, "whole numbers"),
}


@pytest.mark.parametrize("tables", WRONG)
def test_what_is_wrong_is_told(served, tables):
    given, told = WRONG[tables]
    answer = served.client.post("/decide", {"tables": given})
    assert answer.status == 422
    assert told in answer.body.decode().replace('\\"', '"')


def test_unknown_columns_may_be_passed_over(served):
    tables = {"people": [{**PERSON, "more": 1}], "loans": [{**LOAN, "extra": "x"}], "months": []}
    assert served.client.post("/decide", {"tables": tables}).status == 422
    answer = served.client.post("/decide", {"tables": tables, "ignore_unknown": True})
    assert answer.status == 200


def test_limits_hold_for_tables():
    small = Served(table_scorer(), max_rows=2, max_bytes=200_000)
    answer = small.client.post("/decide", {"tables": rows_of(1, 2, 3)})
    assert (answer.status, "at most 2" in answer.body.decode()) == (413, True)
    many = {"people": [PERSON], "loans": [], "months": [{}] * 10_001}
    answer = small.client.post("/decide", {"tables": many})
    assert (answer.status, "10,000" in answer.body.decode()) == (413, True)
    names = {f"x{at}": 1 for at in range(9000)}
    answer = small.client.post("/decide", {"tables": {"people": [names], **WITHOUT}})
    assert answer.status == 422
    assert len(answer.json()["faults"]) < 250


def test_keys_given_twice_are_refused(served):
    body = b'{"tables": {"people": [{"id": 1, "id": 2, "income": 3}], "loans": [], "months": []}}'
    answer = served.client.post("/decide", body)
    assert (answer.status, "more than once" in answer.body.decode()) == (422, True)


def test_a_model_of_one_table_says_so():
    answer = Served().client.post("/decide", {"tables": {"loans": [ROW]}})
    assert answer.status == 422
    assert "this model was trained on one table" in answer.body.decode()


def test_the_service_describes_the_tables(served):
    said = served.client.get("/openapi.json").json()
    content = said["paths"]["/decide"]["post"]["requestBody"]["content"]["application/json"]
    assert served.client.post("/decide", content["example"]).status == 200
    assert list(content["example"]) == ["tables"]
    assert content["schema"]["anyOf"][0]["required"] == ["tables"]
    schema = said["components"]["schemas"]["Tables"]
    assert set(schema["required"]) == {"people", "loans", "months"}
    people = schema["properties"]["people"]
    assert (people["minItems"], people["items"]["required"]) == (1, ["id", "income", "zone"])
    assert set(people["items"]["properties"]) == {"id", "y", "income", "zone"}
    told = served.client.get("/model").json()["tables"]
    assert list(told) == ["people", "loans", "months"]
    assert told["loans"]["foreign_key"] == ["id"]
    assert told["loans"]["columns"]["kind"] == "VARCHAR"
    assert told["people"]["needed"] == ["id", "income", "zone"]


def test_the_decision_log_keeps_what_was_made_of_tables(tmp_path):
    logged = Served(table_scorer(), log=tmp_path / "log", log_inputs=True)
    tables = rows_of(6)
    logged.client.post("/decide", {"tables": tables})
    logged.log.flush()
    (part,) = (tmp_path / "log").rglob("*.parquet")
    (row,) = pq.read_table(part).to_pylist()
    assert row["id"] == "6"
    assert row["inputs"]["AMOUNT"] == table_scorer().features(tables).rows["AMOUNT"][0].as_py()
