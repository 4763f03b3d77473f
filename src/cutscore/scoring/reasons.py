"""Why rows score as they do, in words: the columns that speak most against each row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

ReasonsFor = Literal["flagged", "all"]


@dataclass(frozen=True)
class ScoreReason:
    """One column's part in a row's score.

    Attributes
    ----------
    column, label : its name, and what people call it
    value : what the row has there, as text
    points : what it adds, against the reference group; positive ones raise the score
    log_odds : the same in log-odds of class 1
    """

    column: str
    label: str
    value: str
    points: float
    log_odds: float

    @property
    def text(self) -> str:
        """The reason in words, such as "late payments: 3 (+41 points)"."""
        number = f"{self.points:+,.0f}"
        return f"{self.label}: {self.value} ({number} point{'' if number[1:] == '1' else 's'})"


@dataclass(frozen=True, eq=False)
class Reasons:
    """The reasons of rows, the strongest first.

    Attributes
    ----------
    rows : the reasons of each row; None for rows that were not asked about
    most : how many a row has at most
    """

    rows: Sequence[tuple[ScoreReason, ...] | None]
    most: int

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def records(self) -> list[list[dict[str, Any]] | None]:
        """Return each row's reasons as dicts of plain values, their text among them."""
        return [
            None if row is None else [{**asdict(each), "text": each.text} for each in row]
            for row in self.rows
        ]

    def texts(self) -> dict[str, list[str | None]]:
        """Return columns of texts, `reason_1` and so on; None where there is no such reason."""
        return {
            f"reason_{at + 1}": [
                row[at].text if row is not None and at < len(row) else None for row in self.rows
            ]
            for at in range(self.most)
        }

    def arrow(self) -> pa.Array:
        """Return a list of structs for each row, null for rows that were not asked about."""
        import pyarrow as pa

        return pa.array(self.records(), reason_type())


def reason_type() -> pa.DataType:
    """Return the type of a row's reasons in an Arrow table."""
    import pyarrow as pa

    texts = [(name, pa.string()) for name in ("column", "label", "value")]
    numbers = [(name, pa.float64()) for name in ("points", "log_odds")]
    return pa.list_(pa.struct([*texts, *numbers, ("text", pa.string())]))
