"""What a page is made of: sections of words, tables and pictures, as plain texts."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A table: the first cell of a row names it, numbers stand to the right.

    Attributes
    ----------
    caption : what it shows
    columns : headings
    rows : texts, as many in each as there are columns
    note : how to read it, or a source
    worded : how many of the first columns are words
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    worded: int = 1
    kind: str = "table"


@dataclass(frozen=True)
class Words:
    """A paragraph; `kind` is "words", "note" (what must not be missed) or "command"."""

    text: str
    kind: str = "words"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    texts: tuple[str, ...]
    kind: str = "items"


@dataclass(frozen=True)
class Picture:
    """A picture inside the page: `address` holds its bytes."""

    address: str
    alt: str
    kind: str = "picture"


Block = Table | Words | Items | Picture


@dataclass(frozen=True)
class Section:
    """A part of the page; `live` names the part of a cut-off's page that comes with it."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    live: str = ""


def section(key: str, title: str, blocks: Iterable[Block | None], *, live: str = "") -> Section:
    """Return a section of the blocks that there are."""
    return Section(key, title, tuple(block for block in blocks if block is not None), live)


def pairs(caption: str, rows: Iterable[tuple[str, str]], note: str = "") -> Table:
    """Return a table of labels and values, those without a value left out."""
    kept = tuple((label, value) for label, value in rows if value)
    return Table(caption, ("", "value"), kept, note, worded=2)


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    note: str = "",
    worded: int = 1,
) -> Table:
    """Return a table of texts."""
    return Table(caption, tuple(columns), tuple(map(tuple, rows)), note, worded)


def picture(png: bytes | None, alt: str) -> Picture | None:
    """Return a PNG as part of the page, None where there is none."""
    if png is None:
        return None
    return Picture(f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}", alt)
