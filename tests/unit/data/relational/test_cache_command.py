"""`cutscore data cache ...` as it is typed."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cutscore.cli import main
from cutscore.data.relational.cache import SOURCE


@pytest.fixture
def cache(tmp_path):
    for name in ("ab12", "cd34"):
        pd.DataFrame({"a": [1, 2, 3]}).to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "tables").mkdir()
    converted = pa.table({"a": [1, 2]}).replace_schema_metadata({SOURCE: "loans.csv.gz"})
    pq.write_table(converted, tmp_path / "tables" / "ef56.parquet")
    (tmp_path / ".lock").touch()
    return tmp_path


def test_feature_tables_are_listed_measured_and_deleted(cache, capsys):
    words = ["--cache", str(cache)]
    assert main(["data", "cache", "list", *words]) == 0
    told = capsys.readouterr().out
    assert "ab12" in told
    assert "3 x 1" in told
    assert "loans.csv.gz" in next(line for line in told.splitlines() if line.startswith("ef56"))
    assert main(["data", "cache", "size", *words]) == 0
    assert capsys.readouterr().out.startswith("2 feature tables, 1 converted files, ")
    assert main(["data", "cache", "clear", "ab", *words]) == 0
    assert [path.name for path in cache.glob("*.parquet")] == ["cd34.parquet"]
    assert main(["data", "cache", "clear", *words]) == 0
    assert not list(cache.rglob("*.parquet"))
    capsys.readouterr()
    assert main(["data", "cache", "list", *words]) == 0
    assert "No tables" in capsys.readouterr().out


def test_a_name_that_is_none_deletes_nothing(cache, capsys):
    assert main(["data", "cache", "clear", "ab", "zz", "--cache", str(cache)]) == 2
    assert "cutscore data cache list" in capsys.readouterr().err
    assert len(list(cache.glob("*.parquet"))) == 2
