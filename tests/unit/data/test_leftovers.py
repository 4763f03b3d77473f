"""Row numbers that pandas or R left behind: the rows' names, and never features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loading import Load

ROWS = 40
FRAME = pd.DataFrame(
    {"x": np.random.default_rng(3).normal(size=ROWS).round(2), "bad": np.arange(ROWS) >= ROWS // 2}
)
SHUFFLED = FRAME.iloc[np.random.default_rng(1).permutation(ROWS)]


def _columns(dataset) -> tuple[str, ...]:
    return dataset.table.names


@pytest.mark.parametrize("frame", [FRAME, SHUFFLED], ids=["in order", "shuffled"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_index_of_pandas_names_the_rows(
    tmp_path: Path, load: Load, frame: pd.DataFrame, kind: str
) -> None:
    getattr(frame, f"to_{kind}")(tmp_path / f"t.{kind}", index=True)
    dataset = load(None, f"t.{kind}")
    assert _columns(dataset) == ("x",)
    assert dataset.ids.tolist() == frame.index.tolist()
    assert len(dataset.notes) == 1
    assert "is no feature" in dataset.notes[0]


def test_an_index_saved_twice(load: Load) -> None:
    text = FRAME.reset_index(names="Unnamed: 0").to_csv()
    dataset = load(text)
    assert _columns(dataset) == ("x",)
    assert dataset.ids.tolist() == list(range(ROWS))
    assert [note.rpartition(":")[2] for note in dataset.notes] == [
        " it names the rows and is no feature.",
        " it is no feature.",
    ]


def test_row_names_of_r(load: Load) -> None:
    lines = [f'"m{i}",{i % 7},{i % 2}' for i in range(ROWS)]
    dataset = load('"","x","bad"\n' + "\n".join(lines) + "\n")
    assert _columns(dataset) == ("x",)
    assert dataset.ids.tolist() == [f"m{i}" for i in range(ROWS)]


def test_an_index_that_starts_again_is_no_id_but_no_feature_either(load: Load) -> None:
    dataset = load(pd.concat([FRAME, FRAME]).to_csv())
    assert _columns(dataset) == ("x",)
    assert len(dataset.notes) == 1


def test_a_named_index_is_an_id_if_it_can_be(tmp_path: Path, load: Load) -> None:
    FRAME.set_index(pd.Index([f"L{i}" for i in range(ROWS)], name="loan")).to_parquet(
        tmp_path / "a.parquet"
    )
    dataset = load(None, "a.parquet")
    assert _columns(dataset) == ("x",)
    assert dataset.ids[:2].tolist() == ["L0", "L1"]
    FRAME.set_index(pd.Index(["n", "s"] * (ROWS // 2), name="branch")).to_parquet(
        tmp_path / "b.parquet"
    )
    assert _columns(load(None, "b.parquet")) == ("x", "branch")


def test_a_column_that_settings_name_is_what_they_say(load: Load) -> None:
    text = FRAME.to_csv()
    assert _columns(load(text, categorical=["column1"])) == ("column1", "x")
    named = load(text, id="column1")
    assert named.ids.tolist() == list(range(ROWS))
    assert named.notes == ()
    numbered = load(text, drop=["column1"])
    assert numbered.notes == ()


def test_an_unnamed_column_of_values_stays_a_feature(load: Load) -> None:
    text = ",x,bad\n" + "".join(f"{i / 7:.3f},{i},{i % 2}\n" for i in range(9))
    assert _columns(load(text)) == ("column1", "x")
    words = ",x,bad\n" + "".join(f"w{i % 3},{i % 4},{i % 2}\n" for i in range(9))
    assert _columns(load(words)) == ("column1", "x")


def test_ids_stay_aligned_with_the_rows_that_a_filter_keeps(load: Load) -> None:
    dataset = load(SHUFFLED.to_csv(), where="x > 0")
    kept = SHUFFLED[SHUFFLED.x > 0]
    assert dataset.ids.tolist() == kept.index.tolist()
    np.testing.assert_array_equal(dataset.target, kept.bad)


def test_an_index_without_its_metadata(tmp_path: Path, load: Load) -> None:
    table = pa.table({"x": FRAME.x, "__index_level_0__": FRAME.index, "bad": FRAME.bad})
    pq.write_table(table.replace_schema_metadata(None), tmp_path / "t.parquet")
    assert _columns(load(None, "t.parquet")) == ("x",)
