"""Taking scores apart: what each column of the file adds, against a reference group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cutscore.model import Fitted
from cutscore.model.contributions import Contributions, Floats, Method
from cutscore.preparation import Preparation
from cutscore.records import RawColumn, Rows, Table
from cutscore.scoring.door import CheckedRows
from cutscore.scoring.inputs import Inputs
from cutscore.scoring.reasons import Reasons, ScoreReason
from cutscore.scoring.reference import ReferenceGroup
from cutscore.scoring.value_texts import value_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LEAST_POINTS = 0.5
"""What rounds to less than a point is no reason."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each column adds to each row's score.

    Attributes
    ----------
    columns : the columns of the file, and the features made of several of them
    labels : what people call them
    log_odds : what each adds against the reference group, shape (rows, columns)
    base : the log-odds of a score to which nothing is added. It and a row of `log_odds` add up to
        the log-odds of the row's score, unless `method` is `replacement`
    method : see `model.contributions`
    group : whom the rows are compared with, and how many points double the odds
    values : what the rows have, shape (rows, columns); categories as indices into their levels
    whole, unseen : values as they are in the file, and rows with a category that training did not
        meet, where there are any
    ids : the rows' ids
    """

    columns: tuple[RawColumn, ...]
    labels: tuple[str, ...]
    log_odds: Floats
    base: float
    method: Method
    group: ReferenceGroup
    values: Floats
    whole: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    unseen: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    ids: Sequence[Any] | None = None
    id_column: str = "id"

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.log_odds)

    @property
    def points(self) -> Floats:
        """What each column adds in points, shape (rows, columns)."""
        return self.log_odds * self.group.points

    def reason(self, row: int, column: int) -> ScoreReason:
        """Return one column's part in a row's score."""
        raw, added = self.columns[column], float(self.log_odds[row, column])
        value = self.values[row, column]
        exact = self.whole[raw.name][row] if raw.name in self.whole else None
        new = raw.name in self.unseen and row in self.unseen[raw.name]
        text = "not met in training" if new else value_text(raw, float(value), exact)
        return ScoreReason(raw.name, self.labels[column], text, added * self.group.points, added)

    def ranked(self, row: int) -> tuple[ScoreReason, ...]:
        """Return all of a row's reasons: what raises the score most first, what lowers it last."""
        order = np.argsort(-self.log_odds[row], kind="stable")
        return tuple(self.reason(row, int(column)) for column in order)

    def reasons(self, most: int) -> Reasons:
        """Return at most so many of the reasons of each row that raise its score by a point."""
        return Reasons([self.adverse(row, most) for row in range(len(self))], most)

    def adverse(self, row: int, most: int) -> tuple[ScoreReason, ...]:
        """Return at most so many reasons that raise a row's score, the strongest first."""
        order = np.argsort(-self.log_odds[row], kind="stable")[:most]
        enough = self.points[row, order] >= LEAST_POINTS
        return tuple(self.reason(row, int(column)) for column in order[enough])

    def to_records(self) -> list[dict[str, Any]]:
        """Return for each row its id, if it has one, and all its reasons as dicts."""
        reasons = Reasons([self.ranked(row) for row in range(len(self))], len(self.columns))
        told = [{"reasons": each} for each in reasons.records()]
        if self.ids is None:
            return told
        return [{self.id_column: i} | each for i, each in zip(self.ids, told, strict=True)]

    def to_arrow(self) -> pa.Table:
        """Return the ids, if there are any, and what each column adds in points."""
        import pyarrow as pa

        ids = {} if self.ids is None else {self.id_column: list(self.ids)}
        points = self.points
        return pa.table(ids | {raw.name: points[:, at] for at, raw in enumerate(self.columns)})

    def to_pandas(self) -> pd.DataFrame:
        """Return what each column adds in points, indexed by the ids if there are any."""
        import pandas as pd

        index = None if self.ids is None else pd.Index(list(self.ids), name=self.id_column)
        return pd.DataFrame(self.points, columns=[raw.name for raw in self.columns], index=index)


class Explainer:
    """Takes the scores of one model apart.

    Prepared columns made of one column (its indicators) and features made of one column of the
    file are added to it; a feature made of several keeps its name.
    """

    def __init__(
        self, inputs: Inputs, preparation: Preparation, fitted: Fitted, group: ReferenceGroup
    ) -> None:
        self.preparation, self.fitted, self.group = preparation, fitted, group
        raw = {each.name: each for each in inputs.raw.columns}
        named = {name.lower(): name for name in raw}
        at: dict[str, int] = {}
        self._of: list[int] = []
        for part in preparation.parts:
            name = part.column.name
            sources = {named.get(each.lower(), each) for each in inputs.derivation.sources(name)}
            item = sources.pop() if name not in raw and len(sources) == 1 else name
            self._of += [at.setdefault(item, len(at))] * len(part.outputs)
        self.columns = tuple(raw.get(name) or RawColumn(name) for name in at)
        self._id_column = inputs.raw.id_column or "id"
        self.labels = tuple(inputs.raw.labels.get(name, name) for name in at)
        names = [each.name for each in preparation.inputs]
        self._at = [names.index(name) for name in at]

    def contributions(self, features: Table) -> Contributions:
        """Return what each prepared column adds to the score of rows of unprepared features."""
        usual = self.group.usual
        if features.rows:
            return self.fitted.contributions(self.preparation.transform(features), usual)
        # Libraries want a row.
        made = self.fitted.contributions(Table(self.fitted.columns, usual[None, :]), usual)
        return replace(made, values=made.values[:0])

    def reasons(self, rows: CheckedRows, features: Table, chosen: Rows, most: int) -> Reasons:
        """Return at most so many reasons for each of some rows, None for the others."""
        told: list[tuple[ScoreReason, ...] | None] = [None] * features.rows
        if len(chosen):
            explained = self.explain(rows, features, chosen)
            for at, row in enumerate(chosen.tolist()):
                told[row] = explained.adverse(at, most)
        return Reasons(told, most)

    def explain(self, rows: CheckedRows, features: Table, chosen: Rows) -> Explanation:
        """Take apart the scores of some rows, in the order given."""
        made = self.contributions(Table(features.columns, features.values[chosen]))
        log_odds = np.zeros((len(chosen), len(self.columns)))
        base = made.base
        for prepared, item in enumerate(self._of):
            mean = self.group.means[prepared]
            log_odds[:, item] += made.values[:, prepared] - mean
            base += mean
        return Explanation(
            self.columns,
            self.labels,
            log_odds,
            base,
            made.method,
            self.group,
            features.values[chosen][:, self._at].astype(np.float64),
            {name: values[chosen] for name, values in rows.whole.items()},
            {name: np.flatnonzero(np.isin(chosen, at)) for name, at in rows.unseen_rows.items()},
            None if rows.ids is None else [rows.ids[row] for row in chosen.tolist()],
            self._id_column,
        )
