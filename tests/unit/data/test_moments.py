"""Dates and times: what is read, what is asked for, and that no machine's settings matter."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loading import Faults, Load

DAY = np.float32(18_262)  # 2020-01-01, in days since 1970


def _table(cells: list[str]) -> str:
    return "x,v,bad\n" + "".join(f'{i % 7},"{cell}",{i % 2}\n' for i, cell in enumerate(cells))


def _read(load: Load, cells: list[str], **settings) -> list[float]:
    dataset = load(_table(cells), **settings)
    assert dataset.table.columns[1].levels is None
    return [float(value) for value in dataset.table.values[:, 1]]


@pytest.mark.parametrize(
    ("cell", "hours"),
    [
        ("2020-01-01", 0),
        ("2020-1-1", 0),
        ("2020/01/01", 0),
        ("2020.01.01", 0),
        ("2020-01-01 06:00", 6),
        ("2020-01-01T06:00:00", 6),
        ("2020-01-01 06:00:00.000", 6),
        ("2020/01/01 06:00", 6),
        ("2020-01-01T06:00:00Z", 6),
        ("2020-01-01 06:00:00 UTC", 6),
        ("2020-01-01T06:00:00+02:00", 4),
        ("2020-01-01 06:00:00-0530", 11.5),
        ("2020-01-01 06:00 +02", 4),
        ("2020-01-01 06:00 PM", 18),
        ("2020-01-01 6:00pm", 18),
    ],
)
def test_the_year_first(load: Load, cell: str, hours: float) -> None:
    values = _read(load, [cell, cell, "", cell])
    assert values[0] == np.float32(18_262 + hours / 24)
    assert np.isnan(values[2])


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["01/02/2020", "13/02/2020"], "2020-02-01"),
        (["01/02/2020", "02/13/2020"], "2020-01-02"),
        (["1.2.2020", "31.12.2020"], "2020-02-01"),
        (["01-02-2020 10:30", "25-02-2020 10:30:15"], "2020-02-01T10:30"),
        (["01/02/2020 01:30 PM", "01/25/2020 12:00 AM"], "2020-01-02T13:30"),
        (["01/02/2020 10:30Z", "13/02/2020 10:30+02:00"], "2020-02-01T10:30"),
    ],
)
def test_a_day_above_twelve_tells_the_order(load: Load, cells: list[str], first: str) -> None:
    days = np.datetime64(first, "m").astype(float) / 1440
    assert _read(load, cells)[0] == np.float32(days)


def test_the_order_may_be_told_by_a_late_row(load: Load) -> None:
    cells = ["01/02/2020"] * 21_000 + ["13/02/2020"]
    assert _read(load, cells)[0] == np.float32(18_293)


@pytest.mark.parametrize("cell", ["11/01/2019", "11.01.2019", "1-1-2019 10:00:00", "13/01/19"])
def test_an_order_that_nothing_tells_is_asked_for(load: Load, faults: Faults, cell: str) -> None:
    (fault,) = faults(_table([cell] * 12))
    assert fault.setting == "data.date_format"
    assert f'"{cell}" in row 1' in fault.problem
    formats = [word for word in fault.remedy.split("'") if word.startswith("data.date_format=")]
    assert len(formats) == 2
    day_first = formats[0].partition("=")[2].strip('"')
    seen = cell.replace(".", "/").replace("-", "/").split(" ")[0].split("/")
    expected = np.datetime64(f"2019-{int(seen[1]):02d}-{int(seen[0]):02d}")
    assert int(_read(load, [cell] * 12, date_format=day_first)[0]) == expected.astype(int)


@pytest.mark.parametrize(
    "cells",
    [
        ["2019-01-01", "13/01/2019"],
        ["13/01/2019", "01/13/2019"],
        ["13/01/2019", "14-01-2019"],
        ["2019-01-01T10:00:00Z", "2019-01-01T10:00:00"],
    ],
    ids=["year first and last", "day and month first", "two marks", "with and without a zone"],
)
def test_two_notations_in_one_column(faults: Faults, cells: list[str]) -> None:
    (fault,) = faults(_table(cells * 6))
    assert fault.setting == "data.date_format"
    assert all(f'"{cell}" in row {row}' in fault.problem for row, cell in enumerate(cells, 1))


def test_two_columns_in_two_notations(load: Load) -> None:
    rows = [f"2020-01-{i + 1:02d},{i + 10}/01/2020,{i % 2}" for i in range(9)]
    values = load("a,b,bad\n" + "\n".join(rows) + "\n").table.values
    np.testing.assert_array_equal(values[:, 1] - values[:, 0], np.full(9, 9))


@pytest.mark.parametrize("word", ["unknown", "0000-00-00", "2019-02-30"])
def test_dates_but_for_some_cells(load: Load, faults: Faults, word: str) -> None:
    cells = [f"2019-01-{i + 1:02d}" for i in range(20)]
    cells[4] = word
    (fault,) = faults(_table(cells))
    assert f'"{word}" in row 5 (1 of 20 cells)' in fault.problem
    assert np.isnan(_read(load, cells, missing=["", word])[4])


def test_formats_by_column(load: Load, faults: Faults, tmp_path) -> None:
    cells = ["02JAN2020", "03FEB2020"]
    assert load(_table(cells)).table.columns[1].levels is not None
    assert _read(load, cells, date_format={"v": "%d%b%Y"}) == [DAY + 1, DAY + 33]
    assert _read(load, ["20200101", "20200201"], date_format={"v": "%Y%m%d"}) == [DAY, DAY + 31]
    pq.write_table(pa.table({"v": [20200101.0, None], "bad": [0, 1]}), tmp_path / "t.parquet")
    dataset = load(None, "t.parquet", date_format={"v": "%Y%m%d"})
    assert dataset.table.values[0, 0] == DAY
    (fault,) = faults(_table(["20200101", "20201301"]), date_format={"v": "%Y%m%d"})
    assert '"20201301" in row 2' in fault.problem
    (fault,) = faults(_table(cells), date_format={"when": "%Y"})
    assert 'no column "when"' in fault.problem
    (fault,) = faults(_table(cells), date_format="%Q")
    assert fault.setting == "data.date_format"
    assert "%Q" in fault.problem


def test_codes_like_dates_are_not_dates(load: Load) -> None:
    cells = [f"{i % 40 + 50}-{i % 30:02d}-{i % 20:02d}" for i in range(60)]
    assert load(_table(cells)).table.columns[1].levels is not None


_ELSEWHERE = """
import hashlib, sys
from cutscore.data.table import TableSource
from cutscore.features.domain import Domain
domain = {"E": "epoch(t) / 3600", "L": "length(upper(c))", "H": "hour(t) + dayofweek(t)"}
data = TableSource(
    path=sys.argv[1], target="bad", time="u", domain=domain, where="t > '2020-01-01 03:00:00'"
).load()
values = Domain(domain).build(data).values
print(data.digest, data.rows, hashlib.sha256(values.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_same_in_another_zone_locale_and_order_of_hashes(tmp_path, kind: str) -> None:
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    times = [start + datetime.timedelta(hours=i) for i in range(48)]
    path = tmp_path / f"t.{kind}"
    cells = ["\u00e9t\u00e9", "Ete", "\u0130stanbul", "zebra"] * 12
    if kind == "parquet":
        columns = {"t": times, "u": times, "c": cells, "bad": [0, 1] * 24}
        pq.write_table(pa.table(columns), path)
    else:
        both = zip(times, cells, strict=True)
        rows = [f"{t.isoformat()},{t.isoformat()},{c},{i % 2}" for i, (t, c) in enumerate(both)]
        path.write_text("t,u,c,bad\n" + "\n".join(rows) + "\n", encoding="utf-8")
    places = [
        {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"},
        {"TZ": "Pacific/Auckland", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
         "PYTHONHASHSEED": "2", "PYTHONIOENCODING": "utf-8"},
    ]  # fmt: skip
    told = {_run(path, place) for place in places}
    assert len(told) == 1
    assert " 44 " in told.pop()


def _run(path, place: dict[str, str]) -> str:
    return subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(path)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, **place},
    ).stdout
