"""Whether the ids of a long input differ, in 9 bytes of memory a row.

Only hashes of ids are held; where two are equal, the ids themselves are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutscore.batch.fault_book import FaultBook, place_of
from cutscore.data.unlabelled import RowFile
from cutscore.scoring.cells import fault_at, rows_fault, shown

_INTEGER = r"^(-?[1-9][0-9]{0,17}|0)$"
_CONFIRMED = 10_000


@dataclass(frozen=True)
class NamedFile:
    """A file of rows: what it is called in messages ('' if it is the only one), and its part."""

    rows: RowFile
    name: str
    part: str


@dataclass(frozen=True)
class IdKinds:
    """How many rows there are, and whether each id is an integer of 64 bits."""

    rows: int
    integers: bool


def check_ids(
    files: Sequence[NamedFile], column: str, book: FaultBook, pulse: Callable[[], None]
) -> IdKinds:
    """Look at all ids; note in `book` what is missing and what is there twice.

    `pulse` is called again and again meanwhile.
    """
    import pyarrow.compute as pc

    hashes, integers, rows = np.empty(0, np.uint64), True, 0
    for each in files:
        for numbers, texts, found in each.rows.id_hashes():
            pulse()
            absent = np.flatnonzero(texts.is_null().to_numpy(zero_copy_only=False))
            if len(absent):
                book.add([fault_at(column, "an id is needed", absent)], numbers, each.name)
            integers = integers and pc.all(pc.match_substring_regex(texts, _INTEGER)).as_py() in (
                True,
                None,
            )
            present = found[texts.is_valid().to_numpy(zero_copy_only=False)]
            start, rows = len(hashes), rows + len(numbers)
            # In place, so that the system moves pages instead of copying them.
            hashes.resize(start + len(present), refcheck=False)
            hashes[start:] = present
    hashes.sort()
    twice = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
    if len(twice):
        _confirm(files, column, twice, book)
    return IdKinds(rows, integers)


def _confirm(files: Sequence[NamedFile], column: str, twice: Any, book: FaultBook) -> None:
    """Read the ids again whose hashes are there twice, and note those that really are."""
    first: dict[str, str] = {}
    again, got, place = 0, "", ""
    suspects = twice[:_CONFIRMED]
    for each in files:
        for numbers, texts, found in each.rows.id_hashes():
            for at in np.flatnonzero(np.isin(found, suspects)):
                text = texts[int(at)].as_py()
                if text is None:
                    continue
                here = place_of(int(numbers[at]), each.name)
                if text not in first:
                    first[text] = here
                    continue
                again += 1
                if again == 1:
                    got, place = text, f"{here} (as in {first[text]})"
    if again:
        number = again + len(twice) - len(suspects)
        book.note(rows_fault(column, "ids must differ", shown(got), place, number))
