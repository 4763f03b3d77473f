"""Rows without a target are read as the rows of training were, whatever they are written like."""

from __future__ import annotations

import gzip
from contextlib import closing

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cutscore.data import unlabelled
from cutscore.data.locate import located
from cutscore.data.unlabelled import RowFile, RowSettings, batch_rows, opened
from cutscore.errors import RequestError
from cutscore.records import RawColumn, RawTable
from cutscore.scoring.door import Door
from cutscore.scoring.inputs import Inputs


def read(path, raw, wanted=None, *, id_column=None, integers=False, **settings):
    """Return the rows as one table, their ids, and what could not be read by column."""
    chosen = RowSettings(**settings)
    with located(path, chosen.lines) as data, closing(opened(data)) as connection:
        file = RowFile(data, connection, raw, wanted or raw.columns, chosen, id_column)
        batches = list(file.batches(integers=integers))
    ids = [value for batch in batches if batch.ids is not None for value in batch.ids.to_pylist()]
    unread = {}
    for batch in batches:
        for name, (places, texts) in batch.unread.items():
            rows = batch.numbers[places].tolist()
            unread.setdefault(name, []).extend(zip(rows, texts, strict=True))
    return pa.Table.from_batches([batch.rows for batch in batches]), ids, unread


TABLE = """n,amount,share,paid,day,seen,kind,branch,whole,bad
1,"1,200.50",12 %,true,31/12/2024,2024-01-02T10:00:00+02:00,a, 7,3,1
2,NA,-3.5 %,false,01/02/2024,2024-06-02 10:00:00Z, b ,8,,0
3,"7",0 %,,,,NA,7.0,-1,1
 4 ,1e3,.5 %,TRUE,5/6/2024,,a,9,9007199254740993,0
"""
SETTINGS = {
    "thousands": ",",
    "numeric": ["share"],
    "date_format": {"day": "%d/%m/%Y"},
    "categorical": ["branch"],
    "whole": ["whole"],
}


@pytest.fixture
def trained(load):
    """What training made of the table of many notations."""
    return load(TABLE, **SETTINGS)


@pytest.mark.parametrize("packed", [False, True])
def test_every_notation_is_read_as_training_read_it(trained, tmp_path, packed):
    path = tmp_path / "rows.csv"
    path.write_bytes(gzip.compress(TABLE.encode()) if packed else TABLE.encode())
    rows, _, unread = read(path, trained.raw)
    assert unread == {}
    checked = Door(Inputs(trained.raw)).arrow(rows)
    assert checked.table.names == trained.table.names
    assert checked.table.values.tobytes() == trained.table.values.tobytes()
    assert rows.column("whole").to_pylist() == [3, None, -1, 9007199254740993]
    assert not checked.unseen


def test_columns_in_another_order_and_without_target_are_the_same(trained, tmp_path):
    frame = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False)
    path = tmp_path / "rows.csv"
    frame[list(frame.columns[:-1])[::-1]].to_csv(path, index=False, sep=";")
    rows, _, _ = read(path, trained.raw)
    values = Door(Inputs(trained.raw)).arrow(rows).table.values
    assert values.tobytes() == trained.table.values.tobytes()


def test_a_cell_that_cannot_be_read_is_told_with_its_row(trained, tmp_path):
    text = TABLE.replace("31/12/2024", "12-31-2024").replace("1e3", "lots").replace("-1,1", "1.5,1")
    text = text.replace("true", "perhaps").replace("12 %", "12 EUR")
    path = tmp_path / "rows.csv"
    path.write_text(text)
    _, _, unread = read(path, trained.raw)
    assert unread == {
        "amount": [(3, "lots")],
        "share": [(0, "12 EUR")],
        "paid": [(0, "perhaps")],
        "day": [(0, "12-31-2024")],
        "whole": [(2, "1.5")],
    }


def test_text_of_rows_reads_where_training_had_typed_columns(load, tmp_path):
    frame = pd.DataFrame(
        {
            "x": [1.5, np.nan, -2.25],
            "yes": [True, False, True],
            "day": pd.to_datetime(["2024-01-02", "2024-02-03", None]).date,
            "at": pd.to_datetime(["2024-01-02 10:30", None, "2024-05-06 00:00"]),
            "kind": ["a", "b", None],
            "bad": [0, 1, 0],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    dataset = load(None, "t.parquet")
    frame.to_csv(tmp_path / "rows.csv", index=False)
    rows, _, unread = read(tmp_path / "rows.csv", dataset.raw)
    assert unread == {}
    values = Door(Inputs(dataset.raw)).arrow(rows).table.values
    assert values.tobytes() == dataset.table.values.tobytes()
    frame.to_csv(tmp_path / "german.csv", index=False, sep=";", decimal=",")
    rows, _, unread = read(tmp_path / "german.csv", dataset.raw, decimal=",")
    assert unread == {}
    values = Door(Inputs(dataset.raw)).arrow(rows).table.values
    assert values.tobytes() == dataset.table.values.tobytes()
    assert "x" in read(tmp_path / "german.csv", dataset.raw)[2]


def test_ids_are_written_as_training_wrote_them_and_rows_filtered(tmp_path):
    raw = RawTable((RawColumn("x"),), ("id", "y"), "id", ("", "NA"))
    (tmp_path / "rows.csv").write_text("id,x,y\n 7.0,1,a\n12,2,b\n13,3,a\n")
    everything = read(tmp_path / "rows.csv", raw, id_column="id", integers=True)
    assert everything[1] == [7, 12, 13]
    rows, ids, _ = read(
        tmp_path / "rows.csv", raw, id_column="id", where="y = 'a' AND x::DOUBLE > 1"
    )
    assert (rows.column("x").to_pylist(), ids) == ([3.0], ["13"])
    with pytest.raises(RequestError, match=r'data\.where: the table has no column "z"'):
        read(tmp_path / "rows.csv", raw, where="z = 1")


def test_batches_are_smaller_the_wider_the_table(monkeypatch, tmp_path):
    assert batch_rows(3) == 16_384
    assert 2_048 <= batch_rows(189) <= 8_192
    assert batch_rows(100_000) == 2_048
    monkeypatch.setattr(unlabelled, "batch_rows", lambda _: 2_048)
    raw = RawTable((RawColumn("x"),))
    pd.DataFrame({"x": np.arange(5_000)}).to_csv(tmp_path / "rows.csv", index=False)
    with located(tmp_path / "rows.csv") as data, closing(opened(data)) as connection:
        file = RowFile(data, connection, raw, raw.columns, RowSettings(), None)
        sizes = [len(batch.numbers) for batch in file.batches()]
    assert sum(sizes) == file.length == 5_000
    assert max(sizes) <= 2_048


def test_a_parquet_file_of_more_groups_of_rows_takes_no_more_memory(tmp_path):
    names = [f"x{at}" for at in range(8)]
    group = pa.table({name: np.random.default_rng(0).normal(size=20_000) for name in names})
    raw = RawTable(tuple(RawColumn(name) for name in names))

    def peak(groups):
        """Return the bytes that DuckDB holds at most while the rows are read."""
        path = tmp_path / f"{groups}.parquet"
        with pq.ParquetWriter(path, group.schema, use_dictionary=False) as writer:
            for _ in range(groups):
                writer.write_table(group)
        with located(path) as data, closing(opened(data)) as connection:
            connection.execute("SET streaming_buffer_size = '1KB'").fetchall()  # no rows ahead
            file = RowFile(data, connection, raw, raw.columns, RowSettings(), None)
            watcher, held = connection.cursor(), []
            for _ in file.batches():
                found = watcher.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()")
                held.append(int(found.fetchone()[0]))
        assert file.length == groups * len(group)
        return max(held)

    assert peak(8) < 1.5 * peak(1)
