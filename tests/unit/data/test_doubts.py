"""Columns that are almost numbers: told with their cells, mended by what the message says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loading import Faults, Load, advised

VALUES = [f"{value:.2f}" for value in np.random.default_rng(0).normal(1_500, 300, 60)]
EXPECTED = np.array(VALUES, dtype=np.float32)


def _table(cells: list[str]) -> str:
    quoted = [cell.replace('"', '""') for cell in cells]
    return "x,v,bad\n" + "".join(f'{i % 7},"{cell}",{i % 2}\n' for i, cell in enumerate(quoted))


@pytest.mark.parametrize(
    "word", ["?", "-", "n/a ", ".", "unknown", "#N/A", "\u00a0--\u00a0", 'a "b"']
)
def test_one_cell_of_text_is_told_and_mended(load: Load, faults: Faults, word: str) -> None:
    cells = list(VALUES)
    cells[17] = word
    (fault,) = faults(_table(cells))
    assert fault.setting == "data.missing"
    assert 'the column "v" holds numbers but also text: ' in fault.problem
    assert f'"{word.strip()}" in row 18 (1 of 60 cells)' in fault.problem
    missing, categories = advised(fault.remedy)
    dataset = load(_table(cells), **missing)
    assert dataset.table.columns[1].levels is None
    assert np.flatnonzero(np.isnan(dataset.table.values[:, 1])).tolist() == [17]
    assert load(_table(cells), **categories).table.columns[1].levels is not None


@pytest.mark.parametrize(
    ("write", "scale"),
    [
        (lambda v: v.replace(".", ","), 1),
        (lambda v: f"{float(v) * 1000:,.2f}", 1000),
        (lambda v: f"{float(v) * 1000:,.2f}".translate(str.maketrans(",.", ".,")), 1000),
        (lambda v: f"{float(v) * 1000:,.2f}".replace(",", " ").replace(".", ","), 1000),
        (lambda v: f"{float(v) * 1000:,.2f}".replace(",", "'"), 1000),
        (lambda v: f"{v}%", 1),
        (lambda v: f"{v} %", 1),
        (lambda v: f"${v}", 1),
        (lambda v: f"\u20ac {float(v) * 1000:,.2f}".translate(str.maketrans(",.", ".,")), 1000),
        (lambda v: f"{v} EUR", 1),
    ],
    ids=["comma", "thousands", "German", "French", "Swiss", "%", " %", "$", "euro", "EUR"],
)
def test_numbers_in_another_notation_are_told_and_mended(
    load: Load, faults: Faults, write: Any, scale: int
) -> None:
    text = _table([write(value) for value in VALUES])
    (fault,) = faults(text)
    assert "holds numbers that are written as" in fault.problem
    dataset = load(text.replace("x,v", "x,v"), **advised(fault.remedy)[0])
    expected = np.array([round(float(value) * scale, 2) for value in VALUES], np.float32)
    np.testing.assert_array_equal(dataset.table.values[:, 1], expected)


def test_a_mark_that_may_be_of_thousands_or_of_decimals_is_asked_for(
    load: Load, faults: Faults
) -> None:
    text = _table([f"{i + 1},{i:03d}" for i in range(60)])
    (fault,) = faults(text)
    decimal, thousands, _ = advised(fault.remedy)
    assert load(text, **decimal).table.values[1, 1] == np.float32(2.001)
    assert load(text, **thousands).table.values[1, 1] == 2001


@pytest.mark.parametrize("odd", ["$ 12", "12 %", "1,5"])
def test_numbers_that_cannot_be_compared(faults: Faults, odd: str) -> None:
    cells = ["\u20ac 7.50"] * 30 + [odd] * 30
    (fault,) = faults(_table(cells))
    assert "different signs" in fault.problem
    assert "Mend the file" in fault.remedy


def test_a_declared_column_is_held_to_be_of_numbers(load: Load, faults: Faults) -> None:
    cells = ["7 kg"] * 20 + ["many"] * 40
    (fault,) = faults(_table(cells), numeric=["v"])
    assert '"many" in row 21' in fault.problem
    dataset = load(_table(cells), numeric=["v"], missing=["", "many"])
    assert dataset.table.values[0, 1] == 7


def test_words_with_some_numbers_are_categories(load: Load) -> None:
    cells = ["red", "blue", "green", "7"] * 15
    assert load(_table(cells)).table.columns[1].levels == ("7", "blue", "green", "red")
    codes = [f"{'ABCDEF'[i % 6]}{i % 9}" for i in range(60)]
    assert load(_table(codes)).table.columns[1].levels is not None


def test_a_sign_first_met_after_the_rows_that_were_looked_at(load: Load, faults: Faults) -> None:
    rows = 21_000
    cells = [f"{i % 90}.5" for i in range(rows)]
    cells[-1] = "?"
    (fault,) = faults(_table(cells))
    assert f'"?" in row {rows:,} (1 of {rows:,} cells)' in fault.problem
    cells[-1] = "+7"
    assert load(_table(cells)).table.values[-1, 1] == 7


def test_a_column_that_begins_with_missing_cells(load: Load) -> None:
    rows = 21_000
    cells = ["" if i < rows - 3 else "1,234.5" for i in range(rows)]
    dataset = load(_table(cells), thousands=",")
    assert dataset.table.values[-1, 1] == 1234.5


def test_a_filter_that_leaves_the_words_out(load: Load) -> None:
    cells = [*VALUES[:-2], "shifted", "shifted"]
    dataset = load(_table(cells), where="v <> 'shifted'")
    np.testing.assert_array_equal(dataset.table.values[:, 1], EXPECTED[:-2])


def test_a_filter_sees_numbers_in_the_declared_notation(load: Load) -> None:
    text = _table(["1.000,5", "2.000,5", "300,5"] * 20)
    dataset = load(text, decimal=",", thousands=".", where="v > 1500")
    assert set(dataset.table.values[:, 1].tolist()) == {2000.5}


def test_all_columns_in_doubt_come_together(faults: Faults) -> None:
    text = "a,b,bad\n" + "".join(f"{i}.5,{i},{i % 2}\n" for i in range(20)) + "?,none,1\n"
    told = faults(text)
    assert [fault.setting for fault in told] == ["data.missing", "data.missing"]


def test_a_second_line_of_names(load: Load, faults: Faults) -> None:
    text = "X1,X2,Y\nlimit,age,default\n" + "".join(f"{i},{i % 9},{i % 2}\n" for i in range(30))
    first, *_ = faults(text, target="Y")
    assert first.setting == "data.skip_lines"
    assert '"limit", "age"' in first.problem
    assert load(text, target="default", skip_lines=1).table.names == ("limit", "age")
    assert load(text, target="Y", skip_lines=[2]).table.names == ("X1", "X2")


def test_text_of_a_parquet_file(load: Load, faults: Faults, tmp_path) -> None:
    def write(cells: list[str], kind: pa.DataType | None = None) -> None:
        flags = [i % 2 for i in range(len(cells))]
        table = pa.table(
            {"v": pa.array(cells, pa.string()).cast(kind or pa.string()), "bad": flags}
        )
        pq.write_table(table, tmp_path / "t.parquet")

    write([*VALUES, "?"])
    (fault,) = faults(None, "t.parquet")
    assert '"?" in row 61' in fault.problem
    mended = load(None, "t.parquet", numeric=["v"], missing=["?"])
    np.testing.assert_array_equal(mended.table.values[:-1, 0], EXPECTED)
    write([*VALUES, "?"], pa.dictionary(pa.int32(), pa.string()))
    assert load(None, "t.parquet").table.columns[0].levels is not None
    write(["01", "02"] * 30)  # codes, to whoever wrote them as text
    codes = load(None, "t.parquet")
    assert codes.table.columns[0].levels == ("01", "02")
    assert codes.notes == (
        "v is text in the file, and all its cells are numbers: they are taken for "
        "categories. If they are numbers, list the column in data.numeric.",
    )
    assert load(None, "t.parquet", numeric=["v"]).table.columns[0].levels is None
