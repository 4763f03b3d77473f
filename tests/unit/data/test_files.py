"""Files as they come: packed, in other encodings, with other lines, or no table at all."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from loading import Faults, Load

TEXT = "x,colour,bad\n1,r\u00e9d,0\n2,blue,1\n3,r\u00e9d,0\n"


def _zipped(*files: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return stream.getvalue()


def _parquet() -> bytes:
    stream = io.BytesIO()
    table = pa.table({"x": [1, 2, 3], "colour": ["r\u00e9d", "blue", "r\u00e9d"], "bad": [0, 1, 0]})
    pq.write_table(table, stream)
    return stream.getvalue()


PLAIN = TEXT.encode()
CRLF = TEXT.replace("\n", "\r\n")
FORMS = {
    "gzip": gzip.compress(PLAIN),
    "bz2": bz2.compress(PLAIN),
    "xz": lzma.compress(PLAIN),
    "zip": _zipped(("folder/", b""), ("folder/t.csv", PLAIN), ("__MACOSX/folder/._t.csv", b"\0")),
    "parquet in zip": _zipped(("t.parquet", _parquet())),
    "parquet in gzip": gzip.compress(_parquet()),
    "UTF-8 with mark": TEXT.encode("utf-8-sig"),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "UTF-32": TEXT.encode("utf-32"),
    "UTF-16 in gzip": gzip.compress(CRLF.encode("utf-16")),
    "carriage returns": CRLF.encode(),
    "old Macintosh": TEXT.replace("\n", "\r").encode(),
    "mixed ends": b"x,colour,bad\n1,r\xc3\xa9d,0\r\n2,blue,1\n3,r\xc3\xa9d,0\r\n",
    "mixed ends in xz": lzma.compress(
        b"x,colour,bad\r\n1,r\xc3\xa9d,0\n2,blue,1\n3,r\xc3\xa9d,0\n"
    ),
    "blank lines above": b"\n\r\n" + PLAIN,
    "no last line end": PLAIN.rstrip(),
    "blanks around cells": b" x , colour,bad \n 1, r\xc3\xa9d, 0\n2 ,\tblue\xc2\xa0,1\n"
    b"3,r\xc3\xa9d ,0\n",
}


@pytest.fixture
def plain_digest(load: Load) -> str:
    return load(TEXT, "plain.csv").digest


@pytest.mark.parametrize("form", FORMS)
def test_the_same_table_in_any_form(
    load: Load, plain_digest: str, form: str, tmp_path: Path
) -> None:
    (tmp_path / "t.dat").write_bytes(FORMS[form])
    before = sorted(tmp_path.iterdir())
    assert load(None, "t.dat").digest == plain_digest
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("encoding", "given"),
    [
        ("cp1252", "cp1252"),
        ("latin-1", "ISO-8859-1"),
        ("utf-16-le", "utf-16-le"),
        ("utf-8", "utf8"),
    ],
)
def test_a_given_encoding(load: Load, plain_digest: str, encoding: str, given: str) -> None:
    assert load(TEXT.encode(encoding), encoding=given).digest == plain_digest


def test_encodings_that_are_wrong(faults: Faults) -> None:
    (fault,) = faults(TEXT.encode("latin-1"))
    assert fault.setting == "data.encoding"
    assert "is not in UTF-8: byte 0xE9" in fault.problem
    assert "line 2" in fault.problem
    assert "cp1252" in fault.remedy
    (fault,) = faults(gzip.compress(TEXT.encode("latin-1")))
    assert fault.setting == "data.encoding"
    (fault,) = faults(TEXT.encode("utf-16-le"))
    assert "data.encoding=utf-16-le" in fault.remedy
    (fault,) = faults(TEXT, encoding="latn-1")
    assert 'no encoding "latn-1"' in fault.problem
    (fault,) = faults(TEXT.encode("latin-1"), encoding="ascii")
    assert "is not in ASCII" in fault.problem


def test_lines_that_end_otherwise_far_down(load: Load) -> None:
    lines = [f"{i},{i % 2}" for i in range(30_000)]
    text = "x,bad\n" + "\n".join(lines[:20_000]) + "\r\n" + "\r\n".join(lines[20_000:]) + "\r\n"
    assert load(text).table.values[:, 0].tolist() == list(range(30_000))


@pytest.mark.parametrize(
    ("above", "skip"),
    [("Loans of 2019\n", 1), ("Loans of 2019\n\n\n", 1), ("Loans, 2019\nsecond title\n", 2)],
)
def test_titles_above_the_names(
    load: Load, faults: Faults, plain_digest: str, above: str, skip: int
) -> None:
    (fault,) = faults(above + TEXT)
    assert fault.setting == "data.skip_lines"
    assert f"data.skip_lines={above.count(chr(10))}." in fault.remedy
    assert load(above + TEXT, skip_lines=skip).digest == plain_digest
    listed = list(range(1, skip + 1))
    assert load(above + TEXT, skip_lines=listed).digest == plain_digest


def test_a_title_above_a_table_with_semicolons(faults: Faults) -> None:
    (fault,) = faults("Loans of 2019\n" + TEXT.replace(",", ";"))
    assert "has 1 cell in line 1, but 3 cells" in fault.problem


def test_more_lines_left_out_than_there_are(faults: Faults) -> None:
    (fault,) = faults(TEXT, skip_lines=9)
    assert fault.setting == "data.skip_lines"


def test_a_file_without_names(load: Load, faults: Faults, plain_digest: str) -> None:
    body = TEXT.partition("\n")[2]
    told = faults("7,5.5,0\n8,6.5,1\n9,7.5,0\n")
    assert "data.header=false" in told[0].remedy
    assert load(body, header=False, columns=["x", "colour", "bad"]).digest == plain_digest
    numbered = load(body, header=False, target="column3")
    assert numbered.table.names == ("column1", "column2")
    (fault,) = faults(body, header=False, columns=["x", "bad"])
    assert "it has 2 names, but the first row" in fault.problem


def test_numbered_names_are_no_sign_of_missing_names(load: Load, faults: Faults) -> None:
    text = "0,1,2\n1,2,0\n2,3,1\n"
    assert "data.header" not in faults(text)[0].remedy
    assert load(text, target=2, drop=[0]).table.names == ("1",)


def test_row_names_of_r_without_a_column_name(faults: Faults) -> None:
    (fault,) = faults("x bad\n1 5 0\n2 6 1\n3 7 0\n".replace(" ", "\t"))
    assert "has 2 cells in line 1, but 3 cells" in fault.problem
    assert "R wrote" in fault.remedy


def _arrow() -> bytes:
    stream = io.BytesIO()
    pyarrow.feather.write_feather(pa.table({"x": [1]}), stream)
    return stream.getvalue()


def _sqlite(tmp_path: Path) -> bytes:
    with sqlite3.connect(tmp_path / "db") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    return (tmp_path / "db").read_bytes()


FOREIGN = {
    "a Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
    "an Excel workbook": _zipped(("[Content_Types].xml", b""), ("xl/workbook.xml", b"")),
    "an Excel workbook.": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99),
    "an Arrow (Feather) file": _arrow(),
    "compressed with zstd": b"\x28\xb5\x2f\xfd" + bytes(9),
    "a web page": b"<!DOCTYPE html>\n<html><body>404</body></html>",
    "JSON": b'[{"x": 1, "bad": 0}]',
    "a zip archive that holds 2 files: a.csv, b.csv": _zipped(("a.csv", PLAIN), ("b.csv", PLAIN)),
    "a zip archive that holds no file": _zipped(("a/", b"")),
    "a tar archive": bytes(257) + b"ustar" + bytes(99),
    "a tar archive.": gzip.compress(bytes(257) + b"ustar" + bytes(99)),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_no_table_is_told_for_what_it_is(faults: Faults, what: str) -> None:
    (fault,) = faults(FOREIGN[what])
    assert fault.setting == "data.path"
    assert f"is {what}" in fault.problem


def test_a_database(faults: Faults, tmp_path: Path) -> None:
    assert "is a SQLite database" in faults(_sqlite(tmp_path))[0].problem


@pytest.mark.parametrize(
    "start", [bz2.compress(PLAIN)[:-9], lzma.compress(PLAIN)[:-9], b"PK\x03\x04xx"]
)
def test_an_archive_that_is_cut_short(faults: Faults, start: bytes) -> None:
    (fault,) = faults(start)
    assert "cannot be read" in fault.problem


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"decimal": ";"}, "data.decimal must be . or ,"),
        ({"thousands": "."}, "data.thousands is '.'"),
        ({"thousands": "5"}, "data.thousands is '5'"),
        ({"thousands": "::"}, "data.thousands must be one character or null"),
        ({"columns": ["a"]}, "data.header=false"),
        ({"skip_lines": -1}, "data.skip_lines must be"),
        ({"skip_lines": [0]}, "data.skip_lines must be"),
    ],
)
def test_settings_that_make_no_sense(load: Load, settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        load(TEXT, **settings)
