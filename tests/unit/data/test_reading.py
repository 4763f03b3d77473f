"""What a table becomes: kinds, missing values, ids, amounts, and the same from any format."""

from __future__ import annotations

import datetime
import gzip
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from cutscore.data.describing import open_file
from cutscore.data.locate import located
from cutscore.data.table import TableSource
from cutscore.records import Dataset

TEXT = """loan,income,age,colour,late,since,zip,bad
a1,10.5,30,red,true,2020-01-02,0123,0
a2,NA,41,"blue, dark",false,2020-01-01,0456,1
a3,-3,,red,,,0123,0
"""


def _load(path: Path, **settings: Any) -> Dataset:
    return TableSource(path=str(path), **({"target": "bad"} | settings)).load()


def _written(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_kinds_of_columns(tmp_path: Path) -> None:
    dataset = _load(_written(tmp_path, TEXT), id="loan", categorical=("zip",))
    assert dataset.table.names == ("income", "age", "colour", "late", "since", "zip")
    assert [column.levels for column in dataset.table.columns] == [
        None,
        None,
        ("blue, dark", "red"),
        None,
        None,
        ("0123", "0456"),
    ]
    expected = [
        [10.5, 30, 1, 1, 18_263, 0],
        [np.nan, 41, 0, 0, 18_262, 1],
        [-3, np.nan, 1, np.nan, np.nan, 0],
    ]
    np.testing.assert_array_equal(dataset.table.values, np.array(expected, np.float32))
    assert dataset.table.values.dtype == np.float32
    assert dataset.table.values.flags.c_contiguous
    assert dataset.target.tolist() == [0, 1, 0]
    assert dataset.target.dtype == np.int8
    assert dataset.ids.tolist() == ["a1", "a2", "a3"]


def test_delimiters_quotes_and_compression(tmp_path: Path) -> None:
    plain = _load(_written(tmp_path, TEXT), id="loan")
    tabs = TEXT.replace('"blue, dark"', "blue; dark").replace(",", "\t").replace("; ", ", ")
    assert _load(_written(tmp_path, tabs, "t.tsv"), id="loan").digest == plain.digest
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert _load(tmp_path / "t.csv.gz", id="loan").digest == plain.digest
    with_mark = "\ufeff" + TEXT.replace("\n", "\r\n")
    (tmp_path / "dos.txt").write_bytes(with_mark.encode())
    assert _load(tmp_path / "dos.txt", id="loan").digest == plain.digest


def test_parquet_with_other_types_has_the_same_digest(tmp_path: Path) -> None:
    table = pa.table(
        {
            "loan": pa.array(["a1", "a2", "a3"]),
            "income": pa.array([10.5, None, -3], pa.float32()),
            "age": pa.array([30, 41, None], pa.int16()),
            "colour": pa.array(["red", "blue, dark", "red"]).dictionary_encode(),
            "late": pa.array([True, False, None]),
            "since": pa.array([datetime.date(2020, 1, 2), datetime.date(2020, 1, 1), None]),
            "zip": pa.array([123, 456, 123], pa.decimal128(9, 0)),
            "bad": pa.array([0.0, 1.0, 0.0]),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    csv = _load(_written(tmp_path, TEXT), id="loan")
    assert _load(tmp_path / "t.parquet", id="loan").digest == csv.digest


@pytest.mark.parametrize(
    ("old", "new"), [("10.5", "10.6"), ("colour", "color"), ("a2", "a9"), ("red", "pink")]
)
def test_one_change_changes_the_digest(tmp_path: Path, old: str, new: str) -> None:
    before = _load(_written(tmp_path, TEXT), id="loan").digest
    assert _load(_written(tmp_path, TEXT.replace(old, new, 1)), id="loan").digest != before


def test_types_that_the_first_rows_do_not_show(tmp_path: Path) -> None:
    rows = 25_000
    lines = [f"{i},{i % 7},{i % 5},{'' if i < rows - 2 else i + 0.5},{i % 2}" for i in range(rows)]
    lines[-1] = f"{rows},1.25,word,3.5,1"
    path = _written(tmp_path, "id,whole,code,late,bad\n" + "\n".join(lines) + "\n")
    dataset = _load(path, id="id", categorical=("code",))
    assert [column.levels for column in dataset.table.columns] == [
        None,
        ("0", "1", "2", "3", "4", "word"),
        None,
    ]
    assert dataset.table.values[-1].tolist() == [1.25, 5.0, 3.5]
    assert np.isnan(dataset.table.values[0, 2])
    assert dataset.ids.dtype == np.int64
    np.testing.assert_array_equal(dataset.ids, [*range(rows - 1), rows])


def test_rows_keep_the_order_of_the_file(tmp_path: Path) -> None:
    rows = 60_000
    pq.write_table(
        pa.table({"x": np.arange(rows), "bad": np.arange(rows) % 3 == 0}),
        tmp_path / "t.parquet",
        row_group_size=5_000,
    )
    dataset = _load(tmp_path / "t.parquet")
    np.testing.assert_array_equal(dataset.table.values[:, 0], np.arange(rows))
    np.testing.assert_array_equal(dataset.target, np.arange(rows) % 3 == 0)


def test_without_an_id_rows_have_their_number_in_the_file(tmp_path: Path) -> None:
    dataset = _load(_written(tmp_path, TEXT), drop=("loan",), where="colour = 'red' OR age = 41")
    assert dataset.ids.tolist() == [0, 1, 2]
    dataset = _load(
        _written(tmp_path, TEXT + "a4,1,1,red,true,,1,1\n"), drop=("loan",), where="income > -5"
    )
    assert dataset.ids.tolist() == [0, 2, 3]


def test_positive_values(tmp_path: Path) -> None:
    path = _written(tmp_path, "x,bad\n1,good\n2,late\n3,default\n4,good\n")
    assert _load(path, positive=("late", "default")).target.tolist() == [0, 1, 1, 0]
    assert _load(path, positive="default").target.tolist() == [0, 0, 1, 0]
    numbers = _written(tmp_path, "x,bad\n1,1\n2,2\n3,1\n")
    assert _load(numbers, positive=2).target.tolist() == [0, 1, 0]
    flags = _written(tmp_path, "x,bad\n1,True\n2,False\n3,True\n")
    assert _load(flags).target.tolist() == [1, 0, 1]
    assert _load(flags, positive=False).target.tolist() == [0, 1, 0]


def test_amounts_group_and_time(tmp_path: Path) -> None:
    text = "x,amount,branch,day,bad\n1,0.1,b,2021-01-02,0\n2,0.2,a,2021-01-01,1\n3,,b,,0\n"
    dataset = _load(_written(tmp_path, text), amounts=("amount",), group="branch", time="day")
    assert dataset.table.names == ("x", "amount")
    assert dataset.amounts["amount"].dtype == np.float64
    np.testing.assert_array_equal(dataset.amounts["amount"], [0.1, 0.2, np.nan])
    np.testing.assert_array_equal(dataset.amounts["time"], [18_629, 18_628, np.nan])
    codes = dataset.amounts["group"]
    assert codes[0] == codes[2] != codes[1]
    dropped = _load(_written(tmp_path, text), amounts=("amount",), drop=("amount", "branch", "day"))
    assert dropped.table.names == ("x",)
    assert list(dropped.amounts) == ["amount"]


def test_duplicates_ignore_the_id_and_equate_missing_values(tmp_path: Path) -> None:
    text = "id,x,c,bad\n1,NA,a,0\n2,1,b,0\n3,,a,0\n4,-0.0,b,1\n5,0,b,1\n6,1,b,1\n"
    dataset = _load(_written(tmp_path, text), id="id")
    assert dataset.duplicate_of.tolist() == [0, 1, 0, 3, 3, 1]
    assert dataset.duplicates == 2  # row 6 repeats row 2's features, but not its target


def test_paths_are_relative_to_the_working_directory_and_to_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _written(tmp_path, TEXT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _load(Path("t.csv")).rows == 3
    source = TableSource(path="~/t.csv", target="bad")
    assert source.load().source == "~/t.csv"


_MEASURE = """
import resource, sys
import duckdb, pandas, pyarrow
from cutscore.data.describing import open_file
from cutscore.data.locate import located
from cutscore.data.table import TableSource
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
dataset = TableSource(path=sys.argv[1], target="bad").load()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print((peak - base) / dataset.table.values.nbytes, (peak - base) / 2**20)
"""


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_memory_stays_near_one_float32_matrix(tmp_path: Path, kind: str) -> None:
    rows, columns = 100_000, 100
    values = np.random.default_rng(0).integers(0, 1_000, (rows, columns)) / 8
    table = pa.table({f"f{j}": values[:, j] for j in range(columns)} | {"bad": values[:, 0] < 10})
    path = tmp_path / f"t.{kind}"
    if kind == "csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pq.write_table(table, path, row_group_size=10_000)
    told = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(told) == 2, "reading wrote to stdout"
    matrix = rows * columns * 4 / 2**20
    assert float(told[1]) < 2 * matrix + 60, f"{told[0]} matrices, {told[1]} MiB"


def test_the_reading_connection_reaches_one_file_only(tmp_path: Path) -> None:
    other = _written(tmp_path, TEXT, "other.csv")
    with located(_written(tmp_path, TEXT)) as data, closing(open_file(data)) as connection:
        assert connection.sql(f"SELECT * FROM read_csv('{tmp_path / 't.csv'}')").fetchall()
        with pytest.raises(duckdb.PermissionException):
            connection.sql(f"SELECT * FROM read_csv('{other}')").fetchall()


def test_one_more_condition_on_the_rows_keeps_precedence(tmp_path: Path) -> None:
    text = "key,age,bad\na,30,0\nb,41,1\nc,30,1\nd,200,0\n"
    either = TableSource(
        path=str(_written(tmp_path, text)),
        target="bad",
        drop=("key",),
        where="key = 'a' OR key = 'c'",
    )
    assert either.keeping(None) is either
    assert either.keeping("age < 35 OR age > 100").load().ids.tolist() == [0, 2]
    assert either.keeping("age > 0").where == "(key = 'a' OR key = 'c') AND (age > 0)"
