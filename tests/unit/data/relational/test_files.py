"""Tables as files: found, told apart, refused where they cannot be used; and what is kept."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from relational_tables import source_of

from cutscore.data.relational import cache
from cutscore.errors import RequestError

DECLARED = {
    "aggregates": {
        "loans": {"N": "count(*)", "AMOUNT": "sum(amount)", "WORST": "max(worst)"},
        "months": {"worst": "max(late)"},
    },
    "drop_constant": True,
    "drop_missing_above": 0.7,
}


@pytest.fixture
def folder(tmp_path, people, loans, months):
    """The tables as files of three kinds."""
    place = tmp_path / "tables"
    place.mkdir()
    people["same"] = 5
    people["rare"] = [1.0, None, None, None]
    people.to_csv(place / "people.csv", index=False)
    loans.to_parquet(place / "loans.parquet")
    months.to_csv(place / "months.csv.gz", index=False)
    return place


@pytest.fixture
def source(folder, tmp_path):
    return source_of(path=str(folder), cache=str(tmp_path / "cache"), **DECLARED)


def refused(source):
    with pytest.raises(RequestError) as raised:
        source.load()
    return "\n".join(str(fault) for fault in raised.value.faults)


def test_tables_are_found_by_name_whatever_their_kind(source):
    data = source.load()
    assert data.ids.tolist() == [1, 2, 3, 4]
    assert data.table.names == ("income", "N", "AMOUNT", "WORST")
    np.testing.assert_array_equal(data.table.values[:, 2], [150, np.nan, 7, np.nan])
    assert "1 columns with one value are left out: same." in data.notes
    assert "1 columns missing in more than 70% of rows are left out: rare." in data.notes


def test_columns_that_are_needed_stay(source):
    kept = replace(source, domain={"TWICE": "rare * 2"}, labels={"same": "the same"})
    assert kept.load().table.names == ("income", "rare", "N", "AMOUNT", "WORST")


def test_csv_and_parquet_are_the_same_data(source, folder, people, loans, months):
    first = source.load()
    for name, frame in {"people": people, "months": months}.items():
        next(folder.glob(f"{name}.*")).unlink()
        frame.to_parquet(folder / f"{name}.parquet")
    assert source.load().digest == first.digest


def test_columns_in_another_order_are_the_same_aggregates(source, folder, loans):
    first = source.load()
    loans[loans.columns[::-1]].to_parquet(folder / "loans.parquet")
    assert source.load().digest == first.digest


def test_what_is_missing_in_the_folder_is_told_with_what_is_there(source, folder):
    (folder / "people.csv").rename(folder / "peple.csv")
    told = refused(source)
    assert 'has no table "people"' in told
    assert 'Did you mean "peple"' in told
    assert "loans.parquet" in told
    assert "there is no folder" in refused(replace(source, path="nowhere"))


def test_a_table_that_is_there_twice_is_refused(source, folder, loans):
    loans.to_csv(folder / "loans.csv", index=False)
    assert '"loans" is in' in refused(source)


def test_a_key_that_is_renamed_is_told_with_the_nearest(source, folder, loans):
    loans.rename(columns={"id": "ident", "loan": "loan_id"}).to_parquet(folder / "loans.parquet")
    told = refused(source)
    assert 'data.tables.loans.key: "loans.parquet" has no column "loan". Did you mean' in told
    assert 'data.tables.loans.foreign_key: "loans.parquet" has no column "id"' in told


def test_a_column_that_stops_being_numeric_is_told_with_its_row(source, folder):
    lines = ["loan,late", *(f"{n},1" for n in range(30_000)), "30000,soon"]
    with gzip.open(folder / "months.csv.gz", "wt") as stream:
        stream.write("\n".join(lines))
    assert 'the column "late"' in (told := refused(source))
    assert 'in row 30,001 "soon"' in told


def test_a_short_column_of_numbers_with_a_text_is_told_once_with_its_row(source, folder, people):
    people.assign(income=["1", "much", "3", "4"]).to_csv(folder / "people.csv", index=False)
    asked = replace(
        source,
        rows={"people": {"half": "income / 2", "quarter": "half / 2"}},
        joined={"J": "income + 1", "K": "quarter + 1"},
    )
    told = refused(asked).splitlines()
    assert len(told) == 1
    assert 'the column "income" of ' in told[0]
    assert 'in row 2 "much"' in told[0]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("rows", [0, 3])
def test_a_file_without_rows_or_values_is_normal(source, folder, months, rows, kind):
    frame = months.assign(late=None)[:rows] if rows else pd.DataFrame(columns=months.columns)
    if kind == "csv":
        frame.to_csv(folder / "months.csv.gz", index=False)
    else:
        (folder / "months.csv.gz").unlink()
        frame.to_parquet(folder / "months.parquet")
    more = {"months": {"worst": "max(late)", "all": "sum(late)"}}
    asked = replace(source, aggregates={**DECLARED["aggregates"], **more})
    assert asked.load().table.names == ("income", "N", "AMOUNT")


def test_a_truncated_archive_is_refused(source, folder):
    whole = gzip.compress(b"loan,late\n" + b"".join(b"%d,1\n" % n for n in range(40_000)))
    (folder / "months.csv.gz").write_bytes(whole[: len(whole) // 2])
    assert 'months.csv.gz" cannot be read (Compressed file ended' in refused(source)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("empty", ["loans", "months"])
def test_an_empty_table_has_keys_of_any_kind(source, folder, people, loans, months, kind, empty):
    """Also between a parent and a child that have rows."""
    for file in folder.iterdir():
        file.unlink()
    for name, frame in {"people": people, "loans": loans, "months": months}.items():
        made = frame.assign(**{key: "k" + frame[key].astype(str)
                               for key in ("id", "loan") if key in frame})  # fmt: skip
        made = pd.DataFrame(columns=frame.columns) if name == empty else made
        if kind == "csv":
            made.to_csv(folder / f"{name}.csv", index=False)
        else:
            made.to_parquet(folder / f"{name}.parquet")
    counted = {"loans": {"N": "count(*)"}, "months": {"worst": "max(late)"}}
    data = replace(source, aggregates=counted, drop_constant=False).load()
    expected = [0, 0, 0, 0] if empty == "loans" else [2, 1, 1, 0]
    np.testing.assert_array_equal(data.table.values[:, data.table.names.index("N")], expected)


def test_a_damaged_parquet_file_is_told_by_its_name(source, folder, loans):
    file = folder / "loans.parquet"
    pd.concat([loans] * 5_000).to_parquet(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert re.search(r'loans.parquet" cannot be read as a table: [^\n]*[^.]\.$', refused(source))
    file.write_bytes(whole[:4] + bytes(200) + whole[204:])
    told = refused(source)
    assert told.startswith('data.path: the table "loans" cannot be read to its end (')


def test_tables_that_are_made_are_told_once(source, caplog):
    caplog.set_level("INFO", "cutscore.data")
    source.load()
    assert sorted(caplog.messages) == [
        "Converting months.csv.gz to Parquet (kept for the next time)",
        "Converting people.csv to Parquet (kept for the next time)",
        "Making the feature table of 3 tables (kept for the next time)",
    ]
    caplog.clear()
    source.load()
    assert not caplog.messages


def test_mixed_encodings_are_refused(source, folder):
    rows = b"".join(b"%d,1,caf\xc3\xa9\n" % n for n in range(30_000)) + b"9,1,caf\xe9\n"
    (folder / "months.csv.gz").write_bytes(gzip.compress(b"loan,late,place\n" + rows))
    told = refused(source)
    assert told.startswith("data.encoding: ")
    assert 'months.csv.gz" is not in UTF-8' in told
    assert "(near line 30,002). Set data.encoding" in told


def test_lines_may_end_in_several_ways(source, folder):
    first = source.load()
    lines = gzip.decompress((folder / "months.csv.gz").read_bytes()).split(b"\n")
    (folder / "months.csv.gz").write_bytes(
        gzip.compress(b"\r\n".join([*lines[:3], b"\n".join(lines[3:])]))
    )
    assert source.load().digest == first.digest


def test_keys_of_two_kinds_are_refused(source, folder, loans):
    loans.assign(id=["a", "b", "c", "d", "e"]).to_parquet(folder / "loans.parquet")
    assert '"id" is text, but "id" of people is whole numbers' in refused(source)


def test_nothing_is_left_half_written(source, folder, tmp_path, people):
    pd.concat([people, people]).to_csv(folder / "people.csv", index=False)
    refused(source)
    left = {path.name for path in (tmp_path / "cache").iterdir()}
    assert left <= {".lock", ".digests", cache.TABLES}
    assert not [entry for entry in cache.entries(tmp_path / "cache") if not entry.source]
    assert not list((tmp_path / "cache").rglob(".building-*"))


def test_a_feature_table_is_made_once_and_never_out_of_date(source, folder, tmp_path, loans):
    source.load()
    kept = kept_features(tmp_path)
    assert [(entry.rows, entry.columns) for entry in kept] == [(4, 6)]
    source.load()
    assert kept_features(tmp_path) == kept
    loans.assign(amount=1.0).to_parquet(folder / "loans.parquet")
    np.testing.assert_array_equal(source.load().table.values[:, 2], [2, 1, 1, np.nan])
    more = {"loans": {**DECLARED["aggregates"]["loans"], "LEAST": "min(amount)"}}
    changed = replace(source, aggregates={**DECLARED["aggregates"], **more})
    assert "LEAST" in changed.load().table.names
    assert len(kept_features(tmp_path)) == 3


def kept_features(tmp_path):
    return [entry for entry in cache.entries(tmp_path / "cache") if not entry.source]


def test_text_files_are_converted_once_for_all_declarations(source, folder, tmp_path, people):
    first = source.load()
    kept = [entry for entry in cache.entries(tmp_path / "cache") if entry.source]
    assert {(e.source, e.rows, e.columns) for e in kept} == {
        ("people.csv", 4, 5), ("months.csv.gz", 4, 2)
    }  # fmt: skip
    others = [
        replace(source, joined={"J": "AMOUNT + 1"}),
        replace(source, id=None, tables={**source.tables, "loans": replace(
            source.tables["loans"], no_rows=0)}),
    ]  # fmt: skip
    threads = [threading.Thread(target=other.load) for other in (*others, *others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept_features(tmp_path)) == 3
    assert [entry for entry in cache.entries(tmp_path / "cache") if entry.source] == kept
    cache.clear(tmp_path / "cache", kept_features(tmp_path))
    (folder / "again").mkdir()
    for file in folder.glob("*.*"):
        file.rename(folder / "again" / file.name)
    assert replace(source, path=str(folder / "again")).load().digest == first.digest
    assert [entry for entry in cache.entries(tmp_path / "cache") if entry.source] == kept
    replace(source, path=str(folder / "again"), missing=("", "5")).load()
    assert len([entry for entry in cache.entries(tmp_path / "cache") if entry.source]) == 4


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("big", ["people.csv", "loans.parquet"])
def test_a_full_disk_is_told_and_leaves_nothing_behind(source, folder, tiny_disk, big):
    """While a text file is converted, and while the features are written."""
    size = 60_000
    frame = pd.DataFrame({"id": range(size), "y": 0, "income": 1.0})
    frame["x"] = np.random.default_rng(0).random(size)
    frame.loc[0, "y"] = 1
    if big == "people.csv":
        frame.to_csv(folder / big, index=False)
    else:
        (folder / "people.csv").unlink()
        frame.to_parquet(folder / "people.parquet")
    full = replace(source, cache=str(tiny_disk / "cache"))
    told = refused(full)
    assert "data.cache: there is not enough room in " in told
    assert re.search(r"0\.[23] MB are free there. Free disk space, or name a folder", told)
    assert not [entry for entry in cache.entries(tiny_disk / "cache") if not entry.source]
    assert not list(tiny_disk.rglob(".building-*"))
    (tiny_disk / "filler").write_bytes(bytes(shutil.disk_usage(tiny_disk).free))
    assert "0.0 MB are free there" in refused(full)
    assert source.load().rows == size


def test_builders_at_the_same_time_build_once(tmp_path):
    built, go = [], threading.Event()

    def build(work):
        built.append(work)
        go.wait(5)
        (work / "made").write_text("whole")
        return work / "made"

    def ask():
        found.append(cache.cached(tmp_path, "key", build).read_text())

    (tmp_path / ".building-of-a-killed-process").mkdir()
    found: list[str] = []
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert found == ["whole"] * 3
    assert len(built) == 1
    assert not list(tmp_path.glob(".building-*"))


def test_a_file_is_read_again_when_it_has_changed(tmp_path, monkeypatch):
    file, memo = tmp_path / "t.csv", tmp_path / "memo"
    file.write_text("a\n1\n")
    monkeypatch.setattr(cache, "_RACY", -1)
    keys = {cache.entry_key("d", {"t": file}, memo)}
    assert len(list(memo.iterdir())) == 1
    keys.add(cache.entry_key("d", {"t": file}, memo))
    assert len(keys) == 1
    file.write_text("a\n2\n")  # as many bytes
    keys.add(cache.entry_key("d", {"t": file}, memo))
    keys.add(cache.entry_key("other", {"t": file}, memo))
    assert len(keys) == 3


def test_a_place_that_cannot_be_written_and_too_little_memory_are_told(source, folder):
    told = refused(replace(source, cache=str(folder / "people.csv" / "cache")))
    assert told.startswith("data.cache: ")
    told = refused(replace(source, memory_limit="1MB"))
    assert told.startswith("data.memory_limit: ")


@pytest.mark.parametrize(
    "settings", [{"memory_limit": "much"}, {"drop_missing_above": 7}, {"memory_limit": "4"}]
)
def test_settings_out_of_range_are_refused(source, settings):
    with pytest.raises(ValueError, match=f"data.{next(iter(settings))} is"):
        replace(source, **settings)


def test_an_absent_optional_table_is_told_and_its_columns_left_out(source, folder):
    (folder / "months.csv.gz").unlink()
    data = source.load()
    assert "WORST" not in data.table.names
    assert sum("months" in note for note in data.notes) == 1


@pytest.fixture
def applied(source, folder, people):
    """People of whom no target is known, one of them without a row elsewhere."""
    others = people.drop(columns="y").assign(id=[3, 1, 9, 8], rare=None)
    others[["same", "rare", "income", "id"]].to_csv(folder / "others.csv", index=False)
    return replace(source, apply="others")


def test_rows_without_a_target_have_the_aggregates_of_the_same_tables(applied, folder):
    assert replace(applied, apply=None).unlabelled() is None
    made = pd.read_parquet(applied.unlabelled()).set_index("id")
    assert made.index.tolist() == [1, 3, 8, 9]
    assert list(made.columns) == ["income", "same", "rare", "N", "AMOUNT", "WORST"]
    np.testing.assert_array_equal(made["income"], [20, 10, 0, np.nan])
    np.testing.assert_array_equal(made["N"], [2, 1, 0, 1])
    np.testing.assert_array_equal(made["AMOUNT"], [150, 7, np.nan, 1])
    assert made["rare"].dtype == float  # as in training, though it has no value here
    data, again = applied.load(), pd.read_parquet(applied.unlabelled()).set_index("id")
    trained = pd.DataFrame(data.table.values, data.ids, data.table.names)
    names = ["N", "AMOUNT", "WORST"]
    assert again.loc[[1, 3], names].astype("float32").equals(trained.loc[[1, 3], names])
    for name in ("others.csv", str(folder / "others.csv")):
        assert replace(applied, apply=name).unlabelled() == applied.unlabelled()


def test_codes_of_rows_without_a_target_stay_text(applied, folder, people):
    people.assign(code=["A", "007", "B", "1"]).to_csv(folder / "people.csv", index=False)
    pd.DataFrame({"id": [5], "code": ["007"], "income": [1]}).to_csv(
        folder / "others.csv", index=False
    )
    assert pd.read_parquet(applied.unlabelled())["code"].tolist() == ["007"]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"id": [5, 5], "income": [1, 2]}, 'in "others", 1 values of "id" name more than one row'),
        ({"id": [5, None], "income": [1, 2]}, "it is missing in 1 rows"),
        ({"ident": [5], "income": [1]}, 'has no column "id". Did you mean "ident"?'),
        ({"id": [5], "incme": [1]}, 'has no column "income". Did you mean "incme"?'),
        ({"id": [5], "income": ["much"]}, "holds text; in training it held numbers."),
        ({"id": ["5a"], "income": [1]}, "holds text; in training it held whole numbers."),
    ],
)
def test_rows_without_a_target_that_cannot_be_used_are_refused(applied, folder, columns, told):
    pd.DataFrame(columns).to_csv(folder / "others.csv", index=False)
    asked = replace(applied, joined={"HALF": "income / 2"}, rows={"people": {"i": "income"}})
    with pytest.raises(RequestError) as raised:
        asked.unlabelled()
    (fault,) = raised.value.faults
    assert fault.setting == "data.apply"
    assert told in str(fault)


def test_rows_without_a_target_that_are_not_found_are_refused(applied, folder):
    with pytest.raises(RequestError, match=r'data.apply: .*no table "othrs".*mean "others"'):
        replace(applied, apply="othrs").unlabelled()
    folder.joinpath("others.parquet").touch()
    with pytest.raises(RequestError, match=r"more than once.*name it: data.apply=others.csv"):
        applied.unlabelled()
