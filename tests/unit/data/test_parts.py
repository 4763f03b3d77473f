"""A table in several Parquet files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loading import Faults, Load

ROWS = 60
FRAME = pd.DataFrame(
    {
        "loan": np.arange(ROWS) + 100,
        "x": np.random.default_rng(0).normal(size=ROWS).round(2),
        "kind": np.array(["a", "b", "c"])[np.arange(ROWS) % 3],
        "bad": np.arange(ROWS) % 2,
    }
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three parts, with what Spark leaves beside them."""
    folder = tmp_path / "loans"
    (folder / "more").mkdir(parents=True)
    for at, start in enumerate(range(0, ROWS, 20)):
        place = folder / "more" if at == 2 else folder
        part = FRAME.iloc[start : start + 20]
        part.to_parquet(place / f"part-{at}.snappy.parquet", index=False)
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / ".part-0.crc").write_bytes(b"crc")
    return folder


def _whole(load: Load, tmp_path: Path) -> str:
    FRAME.sort_values("loan").to_parquet(tmp_path / "whole.parquet", index=False)
    return load(None, "whole.parquet", id="loan").digest


@pytest.mark.parametrize("path", ["loans", "loans/", "loans/**/*.parquet", "l*s/**/part-[0-9].*"])
def test_parts_are_one_table(load: Load, folder: Path, tmp_path: Path, path: str) -> None:
    dataset = load(None, path, id="loan")
    assert sorted(dataset.ids.tolist()) == FRAME.loan.tolist()
    rows = np.argsort(dataset.ids)
    np.testing.assert_array_equal(dataset.table.values[rows, 0], FRAME.x.astype(np.float32))
    again = load(None, path, id="loan")
    assert again.digest == dataset.digest
    assert dataset.name == ("loans" if path.startswith("loans") else tmp_path.name)
    assert _whole(load, tmp_path) == load(None, "whole.parquet", id="loan").digest


def test_rows_come_in_the_order_of_names_and_read_relative_patterns(
    load: Load, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dataset = load(None, path="loans/part-*.parquet", id="loan")
    assert dataset.ids.tolist() == list(range(100, 140))
    whole = load(None, path="loans", id="loan")  # the folder "more" comes before "part-0"
    assert whole.ids.tolist() == [*range(140, 160), *range(100, 140)]


def test_folders_may_stand_for_a_column(load: Load, tmp_path: Path) -> None:
    top = tmp_path / "year=1900" / "loans"  # above the table: no column of it
    for year, part in FRAME.groupby(FRAME.loan // 20 + 2000):
        (top / f"year={year}" / "region=n").mkdir(parents=True)
        part.to_parquet(top / f"year={year}" / "region=n" / "part.parquet", index=False)
    dataset = load(None, "year=1900/loans", id="loan")
    assert dataset.table.names == ("x", "kind", "year", "region")
    np.testing.assert_array_equal(dataset.table.values[:, 2], dataset.ids // 20 + 2000)
    assert load(None, "year=1900/loans/*/*/*.parquet", id="loan").digest == dataset.digest
    one = load(None, "year=1900/loans/year=2005", id="loan")
    assert one.table.names == ("x", "kind", "region")


def test_folders_for_dates_and_for_nothing(load: Load, tmp_path: Path) -> None:
    for day, part in FRAME.groupby(FRAME.loan // 20):
        name = f"day=2024-01-{day:02d}" if day > 5 else "day=__HIVE_DEFAULT_PARTITION__"
        (tmp_path / "t" / name).mkdir(parents=True)
        part.to_parquet(tmp_path / "t" / name / "part.parquet", index=False)
    dataset = load(None, "t", id="loan")
    (at,) = np.flatnonzero(dataset.ids == 120)
    assert dataset.table.values[at, 2] == np.datetime64("2024-01-06").astype(int)
    assert np.isnan(dataset.table.values[dataset.ids == 101, 2]).all()


def test_parts_of_other_types_and_orders_lose_nothing(load: Load, tmp_path: Path) -> None:
    pd.DataFrame({"x": [1, 2], "bad": [0, 1]}).to_parquet(tmp_path / "a.parquet", index=False)
    pd.DataFrame({"bad": [0, 1], "x": [2.5, 0.25]}).to_parquet(tmp_path / "b.parquet", index=False)
    assert load(None, "*.parquet").table.values[:, 0].tolist() == [1, 2, 2.5, 0.25]


def test_parts_with_other_columns(faults: Faults, folder: Path) -> None:
    FRAME.rename(columns={"x": "y"}).to_parquet(folder / "part-9.parquet", index=False)
    (fault,) = faults(None, "loans")
    assert "part-9.parquet" in fault.problem
    assert "lacks x and has also y: the parts of a table" in fault.problem


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("loans/*.tsv", "matches no file"),
        ("loans", "holds files that are no Parquet files: notes.csv"),
        ("loans/*.*", "holds files that are no Parquet files: notes.csv"),
        ("empty", "is a folder without a Parquet file"),
        ("texts", "is a folder without a Parquet file"),
        ("texts/*", "matches no Parquet file; of text files one is needed"),
    ],
)
def test_what_is_no_table_of_parts(
    faults: Faults, folder: Path, tmp_path: Path, path: str, problem: str
) -> None:
    (folder / "notes.csv").write_text("x,bad\n1,0\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.csv").write_text("x,bad\n1,0\n")
    (tmp_path / "texts" / "b.csv").write_text("x,bad\n1,0\n")
    (fault,) = faults(None, path)
    assert fault.setting == "data.path"
    assert problem in fault.problem


def test_a_file_whose_name_looks_like_a_pattern(load: Load, tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "loans[1].parquet", index=False)
    assert load(None, "loans[1].parquet", id="loan").rows == ROWS
