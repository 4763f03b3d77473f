"""Whom reasons compare a row with: what a group of training rows has in each column on average.

It is in `reasons.json` in a model's folder. Models of older versions have none: their rows are
compared with the classifier's base value.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cutscore.errors import StoreError
from cutscore.preparation import Preparation
from cutscore.records import Values
from cutscore.scoring.documents import read_document

REASONS_JSON = "reasons.json"
_FORMAT = 1
_POINTS_TO_DOUBLE = 20.0


@dataclass(frozen=True)
class ReferenceGroup:
    """A group of training rows as a model sees them, or nobody.

    Attributes
    ----------
    against : the group in words, such as "training rows that are not flagged"
    rows : how many of its rows were explained
    points_to_double : how many points double the odds (Siddiqi 2006)
    means : mean contribution of each prepared column in the group, in log-odds
    typical : the median of each prepared column in the group; NaN where most are missing
    """

    against: str
    rows: int
    points_to_double: float
    means: tuple[float, ...]
    typical: tuple[float, ...]

    @property
    def points(self) -> float:
        """How many points a log-odds of 1 is."""
        return self.points_to_double / math.log(2)

    @property
    def usual(self) -> Values:
        """`typical` as a prepared row, shape (columns,)."""
        return np.array(self.typical, dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write `reasons.json`."""
        typical = [None if math.isnan(each) else each for each in self.typical]
        state = {"format": _FORMAT, **asdict(self), "typical": typical}
        text = json.dumps(state, indent=1, allow_nan=False)
        (folder / REASONS_JSON).write_text(text + "\n", encoding="utf-8")


def nobody(preparation: Preparation) -> ReferenceGroup:
    """Return what stands for a group where none is known: a row of means and missing values."""
    typical: list[float] = []
    for part in preparation.parts:
        middle = 0.0 if part.mean is not None or part.levels is not None else part.fill
        typical += [math.nan if middle is None else middle] * len(part.outputs)
    against = "the base value of the classifier"
    return ReferenceGroup(against, 0, _POINTS_TO_DOUBLE, (0.0,) * len(typical), tuple(typical))


def load_reference(folder: Path, preparation: Preparation) -> ReferenceGroup:
    """Return what `ReferenceGroup.save` wrote, or what stands for it in a model without.

    Raises
    ------
    StoreError
        If it is damaged, of a newer format or of another model.
    """
    path = folder / REASONS_JSON
    group = read_document(path, _FORMAT, _group)
    if group is None:
        return nobody(preparation)
    columns = len(preparation.outputs)
    if not (len(group.means) == len(group.typical) == columns and group.points_to_double > 0):
        raise StoreError(f"{path} is damaged: it is not about the {columns} columns of the model.")
    return group


def _group(state: Mapping[str, Any]) -> ReferenceGroup:
    return ReferenceGroup(
        against=str(state["against"]),
        rows=int(state["rows"]),
        points_to_double=float(state["points_to_double"]),
        means=tuple(float(each) for each in state["means"]),
        typical=tuple(math.nan if each is None else float(each) for each in state["typical"]),
    )
