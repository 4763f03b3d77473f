"""The faults of a long input, one for each thing that is wrong, however many rows have it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from cutscore.errors import Fault
from cutscore.scoring.cells import RowsFault, rows_fault

_TOLD = 40


@dataclass
class _Met:
    """What was met of one fault of rows: the first value, where, and how many there are."""

    got: str
    place: str
    number: int = 0


@dataclass
class FaultBook:
    """Collects the faults of batches; rows are told by their number in the file, from 1."""

    _rows: dict[tuple[str, str], _Met] = field(default_factory=dict)
    _others: dict[str, Fault] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._rows or self._others)

    def add(self, faults: Iterable[Fault], numbers: npt.NDArray[np.int64], file: str = "") -> None:
        """Note the faults of a batch whose rows have these numbers (from 0) in a file."""
        for fault in faults:
            if isinstance(fault, RowsFault):
                place = place_of(int(numbers[fault.rows[0]]), file)
                met = self._rows.setdefault((fault.setting, fault.what), _Met(fault.got, place))
                met.number += fault.number
            else:
                where = f"from {place_of(int(numbers[0]), file)} on: " if len(numbers) else ""
                told = replace(fault, problem=f"{where}{fault.problem}")
                self._others.setdefault(fault.setting, told)

    def note(self, fault: Fault) -> None:
        """Note a fault as it is."""
        self._others.setdefault(f"{fault.setting} {fault.problem}", fault)

    def faults(self) -> list[Fault]:
        """Return what is wrong; of very many things the first, and how many there are."""
        found: list[Fault] = [
            rows_fault(setting, what, met.got, met.place, met.number)
            for (setting, what), met in self._rows.items()
        ]
        found += self._others.values()
        if len(found) > _TOLD:
            rest = f"{len(found) - _TOLD} more things are wrong with other columns."
            return [*found[:_TOLD], Fault("ROWS", rest)]
        return found


def place_of(number: int, file: str = "") -> str:
    """Return how a row is told: by its number from 1, and its file where there are several."""
    return f"row {number + 1:,}" + (f' of "{file}"' if file else "")
