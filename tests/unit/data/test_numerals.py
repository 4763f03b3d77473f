"""Numbers as people write them: what is one, and that DuckDB reads what Python judged."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.data.numerals import NOTATIONS, Notation, looks_numeric, sign_of
from cutscore.sql import connect

CONNECTION = connect()


def _read(notation: Notation, *texts: str) -> list[float | None]:
    sql = f"SELECT {notation.sql('x')} FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS x)"
    return [row[0] for row in CONNECTION.execute(sql, [list(texts)]).fetchall()]


@pytest.mark.parametrize(
    ("notation", "text", "value"),
    [
        (Notation(), "12", 12),
        (Notation(), "+5", 5),
        (Notation(), "-.5e-3", -0.0005),
        (Notation(), "1.", 1),
        (Notation(), "1,5", None),
        (Notation(), "0x10", None),
        (Notation(), "1_000", None),
        (Notation(), "12 34", None),
        (Notation(), "nan", None),
        (Notation(","), "1,5", 1.5),
        (Notation(","), "1.5", None),
        (Notation(".", ","), "1,234,567.5", 1234567.5),
        (Notation(".", ","), "1234.5", 1234.5),
        (Notation(".", ","), "12,34,567", 1234567),  # as in India
        (Notation(".", ","), "1,5", None),  # a decimal mark, and not fifteen
        (Notation(".", ","), "1234,567", None),
        (Notation(",", "."), "1.234,5", 1234.5),
        (Notation(",", "."), "1.5", None),
        (Notation(",", " "), "1\u202f234\u00a0567,5", 1234567.5),
        (Notation(".", "'"), "1\u2019234'567.5", 1234567.5),
        (Notation(sign="%"), "12.5%", 12.5),
        (Notation(sign="%"), "12.5 %", 12.5),
        (Notation(sign="%"), "12.5", None),
        (Notation(".", ",", "$"), "-$1,200.50", -1200.5),
        (Notation(".", ",", "$"), "$ -1,200.50", -1200.5),
        (Notation(".", ",", "$"), "($1,200.50)", -1200.5),
        (Notation(".", ",", ""), "(7)", -7),
        (Notation(",", ".", "\u20ac"), "1.200,50\u00a0\u20ac", 1200.5),
        (Notation(sign="EUR"), "EUR 7", 7),
        (Notation(sign="EUR"), "USD 7", None),
        (Notation(sign="R$"), "R$ 7.5", 7.5),
    ],
)
def test_values(notation: Notation, text: str, value: float | None) -> None:
    assert _read(notation, text) == [value]
    assert notation.fits(text) == (value is not None)


@settings(deadline=None)
@given(st.lists(st.text("0123456789.,'+-eE %$(\u00a0\u202f)", max_size=9), max_size=20))
def test_duckdb_reads_exactly_what_python_says_it_does(texts: list[str]) -> None:
    for notation in (*NOTATIONS, Notation(sign="%"), Notation(",", ".", "$"), Notation(sign="")):
        read = _read(notation, *texts)
        assert [value is not None for value in read] == [notation.fits(text) for text in texts]


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(NOTATIONS))
def test_a_number_written_in_a_notation_is_read_as_itself(value: float, notation: Notation) -> None:
    whole, point, rest = f"{value:,.6f}".partition(".")
    text = (
        whole.replace(",", notation.thousands or "") + point.replace(".", notation.decimal) + rest
    )
    assert _read(notation, text) == [float(f"{value:.6f}")]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("12.5", ""), ("12.5%", "%"), ("$ 1,200", "$"), ("US$5", "US$"), ("5 kr", "kr"),
        ("(5)", ""), ("Rs.500", "Rs."), ("12 K", None), ("5M", None), ("A12", None), ("word", None),
        ("$5%", None), ("", None),
    ],
)  # fmt: skip
def test_signs(text: str, sign: str | None) -> None:
    assert sign_of(text) == sign


@pytest.mark.parametrize("text", ["AB12", "1-5", "36 months", "10+", "2019-01", "1.2.3", "K9", "-"])
def test_codes_and_ranges_are_no_numbers(text: str) -> None:
    assert not looks_numeric(text)
