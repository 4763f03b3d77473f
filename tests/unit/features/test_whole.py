"""Expressions and products compute on the columns as they are in the file, not on float32."""

from __future__ import annotations

import datetime
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cutscore.data.table import TableSource
from cutscore.errors import RequestError
from cutscore.features.combined import Combined
from cutscore.features.domain import Domain
from cutscore.features.polynomial import Polynomial
from cutscore.records import Dataset

RNG = np.random.default_rng(5)
ROWS = 300
SECONDS = RNG.integers(1_500_000_000, 1_700_000_000, ROWS)
LATER = SECONDS + RNG.integers(0, 90, ROWS)
DAYS = np.datetime64("2018-01-01") + RNG.integers(0, 900, ROWS)
DATES = np.char.replace(DAYS.astype(str), "-", "").astype(np.int64)
CENTS = RNG.integers(0, 1_000, ROWS) / 100
HUGE = RNG.integers(2**53, 2**60, ROWS)
COLUMNS = {
    "seconds": SECONDS,
    "later": LATER,
    "yyyymmdd": DATES,
    "cents": CENTS,
    "huge": HUGE,
    "day": DAYS,
    "bad": np.arange(ROWS) % 2,
}
FORMULAS: dict[str, tuple[str, Any]] = {
    "differences": ("later - seconds", LATER - SECONDS),
    "remainders": ("yyyymmdd % 100", DATES % 100),
    "months": ("yyyymmdd // 100 % 100", DATES // 100 % 100),
    "equal": (f"yyyymmdd = {DATES[7]}", DATES[7] == DATES),
    "among": (
        f"seconds IN ({', '.join(map(str, SECONDS[:9]))})",
        np.isin(SECONDS, SECONDS[:9]),
    ),
    "decimals": ("cents = 0.1 OR cents IN (1.1, 2.2)", np.isin(CENTS, [0.1, 1.1, 2.2])),
    "bounds": ("cents <= 3.3", CENTS <= 3.3),
    "between": ("cents BETWEEN 0.1 AND 0.7", (CENTS >= 0.1) & (CENTS <= 0.7)),
    "text": ("right(yyyymmdd::VARCHAR, 2)::INTEGER", DATES % 100),
    "quotients of fractions": ("cents // 0.3", np.trunc(CENTS / 0.3)),
    "long decimals": (
        "later * 1.123456789 * cents * 1.123456789 * later * 1.123456789 * 1.123456789",
        LATER * 1.123456789 * CENTS * 1.123456789 * LATER * 1.123456789 * 1.123456789,
    ),
    "powers": ("seconds * later * seconds * 4", SECONDS.astype(float) * LATER * SECONDS * 4),
    "huge": ("huge % 7", [int(value) % 7 for value in HUGE]),
    "year": ("year(day)", DAYS.astype("datetime64[Y]").astype(int) + 1970),
    "span": (
        "date_diff('day', DATE '2018-01-01', day)",
        (DAYS - np.datetime64("2018-01-01")).astype(int),
    ),
    "subtraction": ("day - DATE '2018-01-01'", (DAYS - np.datetime64("2018-01-01")).astype(int)),
    "after": ("day > '2018-06-30'", np.datetime64("2018-06-30") < DAYS),
}


def _source(folder: Path, kind: str, **settings: Any) -> TableSource:
    path = folder / f"t.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table(COLUMNS), path)
    else:
        rows = [",".join(map(str, row)) for row in zip(*COLUMNS.values(), strict=True)]
        path.write_text(",".join(COLUMNS) + "\n" + "\n".join(rows) + "\n")
    return TableSource(path=str(path), target="bad", **settings)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_results_are_those_of_whole_values(tmp_path: Path, kind: str) -> None:
    domain = {name: text for name, (text, _) in FORMULAS.items() if name != "huge"}
    domain["tail"] = FORMULAS["huge"][0]
    dataset = _source(tmp_path, kind, domain=domain).load()
    made = Domain(domain).build(dataset)
    for name, text in domain.items():
        expected = np.asarray(FORMULAS["huge" if name == "tail" else name][1], np.float32)
        got = made.values[:, made.names.index(name)]
        np.testing.assert_array_equal(got, expected, err_msg=text)


def test_expressions_of_the_strategy_alone_are_whole_too(tmp_path: Path) -> None:
    strategy = Domain({"SPAN": "later - seconds"})
    source = _source(tmp_path, "csv").keeping_whole(strategy.mentions)
    values = strategy.build(source.load()).values[:, -1]
    np.testing.assert_array_equal(values, LATER - SECONDS)


def test_sources_that_keep_all_already_are_themselves(tmp_path: Path) -> None:
    source = _source(tmp_path, "csv", domain={"A": "SECONDS + later"}, polynomial=("cents",))
    assert source.keeping_whole(["seconds", "later", "cents"]) is source
    assert source.keeping_whole(["huge", "cents"]).kept_whole == source.kept_whole | {"huge"}


def test_products_of_whole_values(tmp_path: Path) -> None:
    source = _source(tmp_path, "csv", polynomial=("cents", "seconds"))
    values = Polynomial(("cents", "seconds")).build(source.load()).values
    np.testing.assert_array_equal(values[:, -2], (CENTS * SECONDS).astype(np.float32))
    combined = Combined({"ONE": "cents + 0"}, ("seconds",))
    made = combined.build(source.keeping_whole(combined.mentions).load())
    squares = (SECONDS.astype(float) ** 2).astype(np.float32)
    np.testing.assert_array_equal(made.values[:, -1], squares)


def test_only_what_expressions_need_and_float32_lacks_is_kept(tmp_path: Path) -> None:
    assert _source(tmp_path, "csv").load().whole == {}
    domain = {"A": "seconds + cents + bounded"}
    path = tmp_path / "u.csv"
    path.write_text(
        "seconds,cents,bounded,other,bad\n1600000001,0.5,7,0.1,0\n1600000002,1,8,0.1,1\n"
    )
    dataset = TableSource(path=str(path), target="bad", domain=domain).load()
    assert sorted(dataset.whole) == ["bounded", "seconds"]


def test_missing_values_stay_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    day = datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.UTC)
    columns = {
        "huge": pa.array([2**60 + 1, None, 3]),
        "small": pa.array([2**25 + 1, None, 3]),
        "moment": pa.array([day, None, day]),
        "bad": [0, 1, 0],
    }
    pq.write_table(pa.table(columns), path)
    domain = {"H": "huge % 2", "S": "small % 4", "W": "hour(moment)", "N": "moment IS NULL"}
    source = TableSource(path=str(path), target="bad", domain=domain, polynomial=("moment",))
    dataset = source.load()
    values = Domain(domain).build(dataset).values[:, 3:]
    expected = [[1, 1, 12, 0], [np.nan, np.nan, np.nan, 1], [1, 3, 12, 0]]
    np.testing.assert_array_equal(values, np.array(expected, np.float32))
    squares = Polynomial(("moment",)).build(dataset).values[:, -1]
    np.testing.assert_array_equal(squares, np.float32([18262.5**2, np.nan, 18262.5**2]))


@pytest.mark.parametrize("text", ["day", "day - 5", "day - INTERVAL 1 DAY"])
def test_a_date_is_no_result(tmp_path: Path, text: str) -> None:
    dataset = _source(tmp_path, "csv", domain={"A": text}).load()
    with pytest.raises(RequestError, match=r"data\.domain\.A"):
        Domain({"A": text}).build(dataset)


def test_a_long_list_keeps_rows_in_order(tmp_path: Path) -> None:
    """DuckDB makes a join of a long IN."""
    rows = 250_000
    values = RNG.integers(0, 100, rows)
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": values, "bad": np.arange(rows) % 2}), path)
    text = f"x IN ({', '.join(map(str, range(0, 60, 3)))})"
    made = Domain({"A": text}).build(TableSource(path=str(path), target="bad").load())
    np.testing.assert_array_equal(made.values[:, 1], np.isin(values, range(0, 60, 3)))


def test_data_that_differ_beyond_float32_have_another_digest(tmp_path: Path) -> None:
    def load(later: int) -> Dataset:
        path = tmp_path / "t.csv"
        path.write_text(f"a,b,bad\n1600000000,{later},0\n1600000001,1600000009,1\n")
        return TableSource(path=str(path), target="bad", domain={"S": "b - a"}).load()

    first, second = load(1_600_000_003), load(1_600_000_004)
    np.testing.assert_array_equal(first.table.values, second.table.values)
    assert first.digest != second.digest


def test_a_wide_table_without_expressions_is_held_once(tmp_path: Path) -> None:
    rows, width = 60_000, 60
    path = tmp_path / "t.parquet"
    columns = {f"f{j}": RNG.normal(size=rows) for j in range(width)}
    pq.write_table(pa.table(columns | {"bad": np.arange(rows) % 2}), path)
    tracemalloc.start()
    dataset = TableSource(path=str(path), target="bad").load()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.6 * dataset.table.values.nbytes
