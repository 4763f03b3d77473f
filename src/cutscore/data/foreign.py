"""Files that are no table of ours, told for what they are."""

from __future__ import annotations

_WORKBOOK = ("an Excel workbook", "Save the sheet as CSV.")
# What a file starts with, what it is, and what to do.
_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (
        b"version https://git-lfs",
        "a Git LFS pointer: it only says where the table is kept",
        "Fetch the table itself with `git lfs pull`.",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", *_WORKBOOK),
    (b"ARROW1", "an Arrow (Feather) file", "Save it as Parquet."),
    (b"ORC", "an ORC file", "Save it as Parquet."),
    (b"\x89HDF\r\n", "an HDF5 file", "Save the table as Parquet."),
    (b"SQLite format 3\0", "a SQLite database", "Export the table as CSV."),
    (b"\x89PNG", "a picture", ""),
    (b"%PDF-", "a PDF document", ""),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it."),
    (b"Rar!", "a RAR archive", "Unpack it."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it, or use gzip, bz2, xz or zip."),
    (b"RDX", "an R data file", "Save the table as CSV or Parquet."),
    (b"X\n\0\0\0", "an R data file", "Save the table as CSV or Parquet."),
)
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<script")


def foreign(head: bytes) -> tuple[str, str] | None:
    """Return what a file is by its first bytes, and what to do; None if it may be a table."""
    for start, what, remedy in _STARTS:
        if head.startswith(start):
            return what, remedy
    if head[257:262] == b"ustar":
        return "a tar archive", "Unpack it."
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:12].lower().startswith(_PAGES):
        return (
            "a web page (HTML or XML), perhaps what a server answered in place of the table",
            "Fetch the table again.",
        )
    if text[:2] in (b'{"', b"[{", b"{\n", b"[\n", b"{ ", b"{\r"):
        return "JSON", "Save the table as CSV or Parquet."
    return None


def workbook(members: list[str]) -> tuple[str, str] | None:
    """Return what a zip archive is if it is a workbook and no archive of tables."""
    return _WORKBOOK if any(name.startswith(("xl/", "content.xml")) for name in members) else None
