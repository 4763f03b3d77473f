"""From tables in memory to one row per applicant."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from relational_tables import TABLES, build, source_of

from cutscore.errors import RequestError

LOANS_SQL = """
-- What a person owes.
rows:
  big: amount > 60
  per_day: amount /
    day   -- below 0
windows:
  recent: day >= -30
  last1: last 1 by day
aggregates:
  N [all, recent]: count(*)
  AMOUNT [all, last1]: sum(amount)
  KIND: arg_max(kind, day)
  BIG: sum(big) / count(*)
  PER_DAY: max(per_day)
  WORST: max(worst)
"""
MONTHS_SQL = "aggregates:\n  worst: max(late)\n  months: count(*)\n"
DECLARED = {
    "sql": {"loans": LOANS_SQL, "months": MONTHS_SQL},
    "sentinels": {"*": {"kind": ["XNA"]}, "loans": {"day": ["< -365"]}},
    "joined": {"SHARE": "AMOUNT / income"},
}


@pytest.fixture
def frames(people, loans, months):
    return {"people": people, "loans": loans, "months": months}


def test_children_are_aggregated_up_to_the_applicant(frames):
    made, notes = build(frames, **DECLARED)
    assert made["N"].tolist() == [2, 1, 1, 0]  # a count over no rows is 0
    assert made["N_recent"].tolist() == [1, 1, 1, 0]  # -400 is a sentinel, so it is not recent
    np.testing.assert_array_equal(made["AMOUNT"], [150, np.nan, 7, np.nan])
    np.testing.assert_array_equal(made["AMOUNT_last1"], [100, np.nan, 7, np.nan])
    assert made["KIND"].fillna("").tolist() == ["car", "car", "", ""]
    np.testing.assert_array_equal(made["WORST"], [3, 1, np.nan, np.nan])
    np.testing.assert_array_equal(made["SHARE"], [15, np.nan, np.nan, np.nan])
    assert notes == (
        "1 rows of months belong to no row of loans.",
        "1 rows of loans belong to no row of people.",
    )


def test_a_join_changes_no_number_of_rows(frames):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        loans = pd.DataFrame({"loan": np.arange(60), "id": rng.integers(0, 9, 60)})
        loans["amount"], loans["day"], loans["kind"] = 1.0, -1.0, "car"
        months = pd.DataFrame({"loan": rng.integers(0, 70, 200), "late": 1})
        made, _ = build({**frames, "loans": loans, "months": months}, **DECLARED)
        assert made.index.tolist() == [1, 2, 3, 4]
        assert made["N"].tolist() == [(loans["id"] == key).sum() for key in made.index]


def test_sums_over_no_rows_are_as_declared(frames):
    tables = {**TABLES, "loans": {**TABLES["loans"], "no_rows": 0}}
    made, _ = build(frames, **DECLARED, tables=tables)
    assert made["AMOUNT"].tolist() == [150, 0, 7, 0]
    assert made["AMOUNT_last1"].tolist() == [100, 0, 7, 0]


def test_what_is_divided_by_zero_or_infinite_is_missing(frames):
    frames["loans"]["day"] = [0.0, -5.0, 0.0, 0.0, 0.0]
    frames["loans"]["amount"] = [100.0, 50.0, np.inf, 0.0, 1.0]
    joined = {"SHARE": "AMOUNT / income", "HUGE": "exp(1e3) * income", "LOG": "ln(income - 15)"}
    made, notes = build(frames, **{**DECLARED, "joined": joined})
    np.testing.assert_array_equal(made["PER_DAY"], [-10, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(made["AMOUNT"], [150, np.nan, 0, np.nan])
    np.testing.assert_array_equal(made["SHARE"], [15, np.nan, np.nan, np.nan])
    assert made["HUGE"].isna().all()
    np.testing.assert_allclose(made["LOG"], [np.nan, np.log(5), np.nan, np.nan])
    assert [note for note in notes if "infinite" in note] == [
        "per_day is infinite in 3 rows of loans: missing there.",  # 0 / 0 is undefined
        "amount (in data.sql.loans: AMOUNT [all, last1]) is infinite in 1 rows of loans: "
        "missing there.",
        "HUGE is infinite in 2 rows of people: missing there.",
    ]


def test_what_an_aggregate_divides_by_zero_is_told_of_its_parents_rows(frames):
    aggregates = {
        "loans": {"RATE": "sum(amount) / sum(day + 1)", "SAFE": "1 / nullif(max(day), -1)"}
    }
    made, notes = build(frames, aggregates=aggregates, rows={"people": {"inverse": "1 / income"}})
    np.testing.assert_array_equal(made["RATE"], [150 / -403, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(made["SAFE"], [-1 / 5, -1 / 30, np.nan, np.nan])
    assert made["inverse"].isna().tolist() == [False, False, True, True]
    assert notes[-2:] == (
        "RATE is infinite in 1 rows of people: missing there.",
        "inverse is infinite in 1 rows of people: missing there.",
    )


def test_an_optional_table_that_is_absent_leaves_its_columns_missing(frames):
    del frames["months"]
    made, notes = build(frames, **DECLARED)
    assert made["WORST"].isna().all()
    assert made["N"].tolist() == [2, 1, 1, 0]
    assert notes[0] == "Tables that are not there: months; their columns are missing."
    assert sum("months" in note for note in notes) == 1


def test_groups_of_a_table_are_rows_of_their_own():
    """An instalment that is paid in two parts counts once."""
    people = pd.DataFrame({"id": [1, 2], "y": [0, 1]})
    paid = pd.DataFrame({"id": [1, 1, 1, 1], "part": [1, 1, 2, None], "due": [9.0, 9.0, 4.0, 7.0]})
    paid["got"] = [5.0, 4.0, None, 1.0]
    tables = {
        "people": {"key": "id"},
        "due": {"of": "paid", "key": ["id", "part"], "parent": "people", "foreign_key": "id"},
        "paid": {"parent": "due"},
    }
    aggregates = {
        "paid": {"owed": "max(due)", "got_": "sum(got)"},
        "due": {"N": "count(*)", "OWED": "sum(owed)", "OPEN": "sum(owed - coalesce(got_, 0))"},
    }
    made, notes = build({"people": people, "paid": paid}, tables=tables, aggregates=aggregates)
    assert made["N"].tolist() == [3, 0]
    np.testing.assert_array_equal(made["OWED"], [20, np.nan])
    np.testing.assert_array_equal(made["OPEN"], [10, np.nan])
    assert notes == ()


def faults(frames, **settings):
    with pytest.raises(RequestError) as raised:
        build(frames, **settings)
    return {fault.setting: str(fault) for fault in raised.value.faults}


def test_all_expressions_that_cannot_be_used_are_told_at_once(frames):
    aggregates = {
        "loans": {
            "A": "sum(amout)",
            "B": "max(y)",
            "C": "max(income)",
            "D": "sum(amount) OVER ()",
            "E": "sum(kind)",
            "F": "summ(amount)",
            "income": "count(*)",
            "G [recnt]": "count(*)",
        }
    }
    windows = {"loans": {"recent": "day > -9"}}
    told = faults(frames, aggregates=aggregates, windows=windows)
    assert told["data.aggregates.loans.G [recnt]"].count('Did you mean "recent"') == 1
    del aggregates["loans"]["G [recnt]"]
    joined = {"J": "y + 1", "K": "id * 2", "income": "1"}
    told = faults(frames, aggregates=aggregates, joined=joined)
    prefix = "data.aggregates.loans."
    assert 'no column of loans. Did you mean "amount"' in told[f"{prefix}A"]
    assert '"y", which is the target' in told[f"{prefix}B"]
    assert "only rows of its own table are seen" in told[f"{prefix}C"]
    assert "window function" in told[f"{prefix}D"]
    assert 'Did you mean "sum"' in told[f"{prefix}F"]
    assert "already taken by a column of people" in told[f"{prefix}income"]
    assert "which is the target" in told["data.joined.J"]
    assert "only names the row" in told["data.joined.K"]
    assert "already taken" in told["data.joined.income"]


def test_a_missing_column_is_told_once_and_not_what_follows_from_it(frames):
    aggregates = {"loans": {"A": "sum(amout)", "B": "max(amout)", "C": "max(twice)"}}
    rows = {"loans": {"twice": "amout * 2", "thrice": "twice + 1"}}
    told = faults(frames, aggregates=aggregates, rows=rows, joined={"J": "A + 1"})
    assert list(told) == ["data.rows.loans.twice"]


def test_text_is_not_added_up(frames):
    told = faults(frames, aggregates={"loans": {"E": "sum(kind)"}})
    assert "sum needs numbers, and kind is VARCHAR" in told["data.aggregates.loans.E"]


def test_a_window_that_cannot_be_used_is_told_though_no_aggregate_asks_for_it(frames):
    windows = {"loans": {"w": "dya > -9", "v": "last 2 by daay"}}
    told = faults(frames, windows=windows)
    assert 'Did you mean "day"' in told["data.windows.loans.w"]
    assert 'Did you mean "day"' in told["data.windows.loans.v"]


def test_rows_of_a_time_after_the_decision_are_refused(frames):
    tables = {**TABLES, "loans": {**TABLES["loans"], "time": "day"}}
    build(frames, **DECLARED, tables=tables)
    frames["loans"].loc[1:2, "day"] = [3.0, 12.0]
    told = faults(frames, **DECLARED, tables=tables)
    assert 'in 2 rows "day" is after the decision, up to 12' in told["data.tables.loans.time"]


def test_a_key_that_names_two_rows_is_refused(frames):
    frames["people"].loc[1, "id"] = 1
    frames["loans"].loc[1, "loan"] = 11
    told = faults(frames, **DECLARED)
    assert 'values of "id" name more than one row of people: 1.' in told["data.tables.people.key"]
    assert "name more than one row of loans: 11." in told["data.tables.loans.key"]


TREES = {
    "parents": ({**TABLES, "loans": {**TABLES["loans"], "parent": ["people", "months"]}}, "2 par"),
    "circle": (
        {**TABLES, "loans": {"key": "loan", "parent": "months"}, "months": {"parent": "loans"}},
        "months",
    ),
    "stranger": ({**TABLES, "months": {"parent": "loan"}}, 'Did you mean "loans"'),
    "roots": ({**TABLES, "loans": {"key": "loan"}}, "exactly one table must have no parent"),
    "keyless": ({**TABLES, "loans": {"parent": "people"}}, 'its parent "loans" has no key'),
    "width": (
        {**TABLES, "months": {"parent": "loans", "foreign_key": ["a", "b"]}},
        "as many columns",
    ),
    "of": ({**TABLES, "loans": {**TABLES["loans"], "of": "people"}}, "its one child"),
    "no_rows": ({**TABLES, "loans": {**TABLES["loans"], "no_rows": 1}}, "0 or null"),
}


@pytest.mark.parametrize("tree", TREES)
def test_a_tree_of_tables_that_is_none_is_refused(tree):
    tables, told = TREES[tree]
    with pytest.raises(RequestError, match=told):
        source_of(tables=tables).declaration()


def test_tables_that_are_not_declared_are_refused():
    with pytest.raises(RequestError) as raised:
        source_of(
            sql={"loan": ""}, aggregates={"monts": {}}, sentinels={"nobody": {}}
        ).declaration()
    assert [fault.setting for fault in raised.value.faults] == [
        "data.sql.loan",
        "data.aggregates.monts",
        "data.sentinels.nobody",
    ]


def test_an_sql_file_that_cannot_be_read_is_told_line_by_line():
    text = "agregates:\n  A: count(*)\naggregates:\n  A: count(*)\n  A: sum(amount)\nnonsense\n"
    with pytest.raises(RequestError) as raised:
        source_of(sql={"loans": text}).declaration()
    told = [fault.problem for fault in raised.value.faults]
    assert "line 1 is neither a heading nor NAME: EXPRESSION" in told[0]
    assert 'Did you mean "aggregates"' in told[0]
    assert "line 5 names A a second time" in told[2]
    assert "line 6" in told[3]
