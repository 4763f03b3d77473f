"""Columns in doubt, told with the cells that differ and the rows that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cutscore.data.doubts import Doubt
from cutscore.data.kinds import Cells
from cutscore.data.texts import visible
from cutscore.errors import Fault, listed, override


@dataclass(frozen=True, eq=False)
class Met:
    """The texts of a column, the code of each row's text (below 0 or NaN: none), and the rows."""

    texts: Sequence[str]
    codes: npt.NDArray[Any]
    kept: npt.NDArray[np.int64]

    @cached_property
    def present(self) -> npt.NDArray[np.bool_]:
        """Which rows hold a text."""
        return self.codes >= 0

    @property
    def cells(self) -> Cells:
        """The texts with the number of rows that hold each."""
        codes = self.codes[self.present].astype(np.int64)
        return Cells(self.texts, np.bincount(codes, minlength=len(self.texts)))

    def first_rows(self, texts: Sequence[str]) -> dict[str, int]:
        """Return the first row of the file, from 1, that holds each text."""
        codes, first = np.unique(self.codes[self.present], return_index=True)
        rows = self.kept[self.present][first] + 1
        at = dict(zip((self.texts[int(code)] for code in codes), rows.tolist(), strict=True))
        return {text: at[text] for text in texts}


@dataclass(frozen=True, eq=False)
class Doubted:
    """A column in doubt, and what it holds."""

    name: str
    doubt: Doubt
    met: Met


def faults_of(doubts: Sequence[Doubted]) -> list[Fault]:
    """Return the faults of columns in doubt; one where a second line of names is the cause."""
    rows = [each.met.first_rows(each.doubt.cells) for each in doubts]
    headed = [each for each, at in zip(doubts, rows, strict=True) if list(at.values()) == [1]]
    if len(headed) < 2:
        return [_fault(each, at) for each, at in zip(doubts, rows, strict=True)]
    others = [_fault(each, at) for each, at in zip(doubts, rows, strict=True) if each not in headed]
    return [_second_header([each.doubt for each in headed]), *others]


def _fault(doubted: Doubted, rows: dict[str, int]) -> Fault:
    doubt, cells = doubted.doubt, doubted.met.cells
    counts = dict(zip(cells.texts, cells.rows.tolist(), strict=True))
    ordered = sorted(rows, key=rows.__getitem__)
    shown = listed([f"{visible(text)} in row {rows[text]:,}" for text in ordered], 5)
    number = sum(counts[text] for text in rows)
    told = f"{shown} ({number:,} of {int(cells.rows.sum()):,} cells)"
    return Fault(
        doubt.setting, f'the column "{doubted.name}" {doubt.problem} {told}.', doubt.remedy
    )


def _second_header(doubts: Sequence[Doubt]) -> Fault:
    words = listed([visible(doubt.cells[0]) for doubt in doubts], 5)
    return Fault(
        "data.skip_lines",
        f"row 1 holds text in {len(doubts)} columns of numbers: {words}. It may be a second line "
        "of column names.",
        f"{override('data.skip_lines', 1)} takes its names, "
        f"{override('data.skip_lines', [2])} leaves it out (if the names are in line 1).",
    )
