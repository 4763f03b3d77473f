"""What a model says of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from cutscore.records import Flags, Scores
from cutscore.scoring.reasons import Reasons

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Answer:
    """Rows, scored and decided; what does not exist is None.

    Attributes
    ----------
    score : the probability of class 1 as the classifier gives it, shape (rows,)
    probability : the calibrated score, on which the rule decides
    flagged : the decisions
    expected_cost : what each decision costs on average, by the probability, in the unit of the
        costs
    ids : the rows' ids
    reasons : which columns speak most against the rows that were asked about
    outside, unseen : rows with a value outside the range of training, or of a category that
        training did not meet, by column
    infinite : in how many rows of several tables a column was infinite, and is missing for that
    orphans : how many rows of a table belong to no row of the one above it
    """

    score: Scores
    probability: Scores | None = None
    flagged: Flags | None = None
    expected_cost: Scores | None = None
    ids: Sequence[Any] | None = None
    id_column: str = "id"
    reasons: Reasons | None = None
    outside: Mapping[str, int] = field(default_factory=dict)
    unseen: Mapping[str, int] = field(default_factory=dict)
    infinite: Mapping[str, int] = field(default_factory=dict)
    orphans: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.score)

    def columns(self) -> dict[str, Any]:
        """Return what there is, by name, in order, each of shape (rows,)."""
        given = {
            "score": self.score,
            "probability": self.probability,
            "flagged": self.flagged,
            "expected_cost": self.expected_cost,
        }
        return {name: values for name, values in given.items() if values is not None}

    def to_arrow(self, reasons_as: Literal["structs", "texts"] = "structs") -> pa.Table:
        """Return the ids, if there are any, and the columns as an Arrow table.

        Reasons are a list of structs in a column `reasons`, or texts in `reason_1` and so on;
        either is null where there is none.
        """
        import pyarrow as pa

        ids = {} if self.ids is None else {self.id_column: list(self.ids)}
        reasons: dict[str, Any] = {}
        if self.reasons is not None and reasons_as == "structs":
            reasons = {"reasons": self.reasons.arrow()}
        elif self.reasons is not None:
            texts = self.reasons.texts()
            reasons = {name: pa.array(each, pa.string()) for name, each in texts.items()}
        return pa.table({**ids, **self.columns(), **reasons})

    def to_pandas(self) -> pd.DataFrame:
        """Return the columns as a data frame, indexed by the ids if there are any.

        Reasons are texts in `reason_1` and so on.
        """
        import pandas as pd

        index = None if self.ids is None else pd.Index(list(self.ids), name=self.id_column)
        texts = {} if self.reasons is None else self.reasons.texts()
        return pd.DataFrame({**self.columns(), **texts}, index=index)

    def to_records(self) -> list[dict[str, Any]]:
        """Return a dict of plain values for each row; its `reasons` are a list of dicts."""
        columns = {name: values.tolist() for name, values in self.columns().items()}
        if self.ids is not None:
            columns = {self.id_column: list(self.ids), **columns}
        if self.reasons is not None:
            columns["reasons"] = self.reasons.records()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
