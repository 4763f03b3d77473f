"""Evaluating expressions, and the faults of those that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from cutscore.errors import Fault, RequestError
from cutscore.features.combined import Combined
from cutscore.features.domain import Domain
from cutscore.features.polynomial import Polynomial
from cutscore.records import Column, Dataset, Table

NAN = np.nan


def made(values: list[list[float]] | None = None) -> Dataset:
    """Return three rows of two numbers and a category, with a target, an id and an amount."""
    rows = np.array(values or [[6, 2, 0], [1, 0, NAN], [NAN, -4, 1]], dtype=np.float32)
    columns = (Column("income"), Column("debt-ratio"), Column("Colour", ("blue", "red")))
    return Dataset(
        name="made",
        source="made",
        table=Table(columns, rows),
        target=(np.arange(len(rows)) % 2).astype(np.int8),
        target_name="bad",
        ids=np.arange(len(rows)),
        digest="0",
        duplicate_of=np.arange(len(rows)),
        duplicates=0,
        amounts={"exposure": np.ones(len(rows))},
    )


def _new(expression: str) -> list[float]:
    table = Domain({"NEW": expression}).build(made())
    assert table.names == ("income", "debt-ratio", "Colour", "NEW")
    assert table.values.dtype == np.float32
    assert table.values.flags.c_contiguous
    np.testing.assert_array_equal(table.values[:, :3], made().table.values)
    return list(table.values[:, 3].tolist())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('income / "debt-ratio"', [3, NAN, NAN]),
        ('income * "debt-ratio" + 1', [13, 1, NAN]),
        ("income IS NULL", [0, 0, 1]),
        ("Colour = 'red'", [0, NAN, 1]),
        ("coalesce(colour, 'none') IN ('none')", [0, 1, 0]),
        ("length(Colour)", [4, NAN, 3]),
        ('ln("debt-ratio")', [float(np.float32(np.log(2))), NAN, NAN]),
        ('sqrt("debt-ratio")', [float(np.float32(np.sqrt(2))), 0, NAN]),
        ('"debt-ratio"::INTEGER // (income::INTEGER - 1)', [0, NAN, NAN]),
        ("exp(income * 100)", [NAN, NAN, NAN]),
        ("CASE WHEN INCOME > 1 THEN 1 ELSE 0 END", [1, 0, 0]),
        ("(income + 0.25)::DECIMAL(4, 2)", [6.25, 1.25, NAN]),
        ("CASE WHEN income > 1 THEN income END -- where it is known", [6, NAN, NAN]),
    ],
)
def test_values(expression: str, expected: list[float]) -> None:
    if np.isnan(expected).all():
        with pytest.raises(RequestError, match="no value in any row"):
            Domain({"NEW": expression}).build(made())
    else:
        np.testing.assert_array_equal(_new(expression), expected)


def _faults(expressions: dict[str, str]) -> tuple[Fault, ...]:
    with pytest.raises(RequestError) as raised:
        Domain(expressions).build(made())
    return raised.value.faults


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("bad + 1", 'it mentions "bad", which is the target'),
        ("BAD + 1", 'it mentions "BAD", which is the target'),
        ("id + 1", 'it mentions "id", which is not a feature column'),
        ("exposure", "which is an amount and not a feature"),
        ("incom * 2", 'Did you mean "income"?'),
        ("income + OTHER", '"OTHER", another expression'),
        ("income +", "syntax error"),
        ("upper(Colour)", "it gives text; it must give a number or a boolean"),
        ("Colour", "it gives text"),
        ("Colour || 'x'", "it gives text"),
        ("income + Colour", "No function matches"),
        ("'a' < 2 + income", ""),
        ("1 + 1", "it mentions no column"),
        ("sum(income)", "sum is an aggregate"),
        ("avg(income) OVER ()", "window"),
        ("(SELECT max(income) FROM t)", "subquery"),
        ("random() * income", "random does not always give the same value"),
        ("(SELECT count(*) FROM read_csv('/etc/passwd'))", "subquery"),
        ("sqrt(Colour, 2, income)", "sqrt"),
        ("NULL * income", "no value in any row"),
    ],
)
def test_faults_name_the_setting_and_show_the_expression(expression: str, problem: str) -> None:
    faults = _faults({"LATE": expression, "OTHER": "income"})
    assert len(faults) == 1
    assert faults[0].setting == "data.domain.LATE"
    assert problem in faults[0].problem
    assert expression in faults[0].remedy
    assert "Candidate" not in faults[0].problem
    assert "\n" not in str(faults[0])


def test_all_faulty_expressions_are_told_at_once() -> None:
    faults = _faults({"A": "bad", "B": "income", "C": "incom", "D": "upper(colour)", "E": "(("})
    assert [fault.setting for fault in faults] == [f"data.domain.{name}" for name in "ACED"]


@pytest.mark.parametrize("name", ["income", "INCOME", "bad"])
def test_taken_names(name: str) -> None:
    fault = _faults({name: "income + 1"})[0]
    assert f'the name "{name}" is already taken' in fault.problem


def test_two_names_that_differ_in_case() -> None:
    assert "already taken" in _faults({"a": "income", "A": "income"})[0].problem


def test_products() -> None:
    table = Polynomial(("income", "debt-ratio")).build(made())
    assert table.names[3:] == ("income^2", "income*debt-ratio", "debt-ratio^2")
    expected = [[36, 12, 4], [1, 0, 0], [NAN, NAN, 16]]
    np.testing.assert_array_equal(table.values[:, 3:], np.array(expected, np.float32))


def test_products_too_large_are_missing() -> None:
    table = Polynomial(("income",)).build(made([[1e30, 0, 0], [2, 0, 0]]))
    np.testing.assert_array_equal(table.values[:, 3], [NAN, 4])


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (("incom",), 'no feature column "incom". Did you mean "income"?'),
        (("bad",), 'no feature column "bad"'),
        (("Colour",), '"Colour" is categorical'),
    ],
)
def test_products_of_columns_that_have_none(columns: tuple[str, ...], problem: str) -> None:
    with pytest.raises(RequestError) as raised:
        Polynomial(columns).build(made())
    assert raised.value.faults[0].setting == "data.polynomial"
    assert problem in raised.value.faults[0].problem


def test_combined_is_both_and_tells_the_faults_of_both() -> None:
    table = Combined({"RATIO": "income / 2"}, ("income",)).build(made())
    assert table.names[3:] == ("RATIO", "income^2")
    np.testing.assert_array_equal(table.values[:2, 3:], [[3, 36], [0.5, 1]])
    with pytest.raises(RequestError) as raised:
        Combined({"A": "bad", "income^2": "income"}, ("income", "x")).build(made())
    settings = [fault.setting for fault in raised.value.faults]
    assert settings == ["data.domain.A", "data.polynomial", "data.polynomial"]
    with pytest.raises(RequestError, match="already taken"):
        Combined({"income^2": "income + 1"}, ("income",)).build(made())


def test_settings_that_are_empty_or_repeated() -> None:
    with pytest.raises(ValueError, match=r"data\.domain must name at least one expression"):
        Domain({})
    with pytest.raises(ValueError, match=r"data\.polynomial must list at least one"):
        Polynomial(())
    with pytest.raises(ValueError, match=r"data\.polynomial lists a more than once"):
        Combined({"x": "a"}, ("a", "b", "a"))
