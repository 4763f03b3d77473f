"""What a batch came to, in figures that add up over its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from cutscore.scoring.answer import Answer


@dataclass
class Tally:
    """Figures of rows that were scored.

    Attributes
    ----------
    rows, flagged : how many there are; `flagged` is None for a model without a decision
    expected_cost : the sum over all rows; None where it was not asked for
    outside, unseen : rows with a value outside the range of training, or of a category that
        training did not meet, by column
    """

    rows: int = 0
    flagged: int | None = None
    expected_cost: float | None = None
    outside: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)

    def add(self, answer: Answer) -> None:
        """Count the rows of an answer."""
        flagged = None if answer.flagged is None else int(answer.flagged.sum())
        cost = None if answer.expected_cost is None else float(answer.expected_cost.sum())
        outside, unseen = Counter(answer.outside), Counter(answer.unseen)
        self.join(Tally(len(answer), flagged, cost, outside, unseen))

    def join(self, other: Tally) -> None:
        """Add another part's figures."""
        self.rows += other.rows
        if other.flagged is not None:
            self.flagged = (self.flagged or 0) + other.flagged
        if other.expected_cost is not None:
            self.expected_cost = (self.expected_cost or 0.0) + other.expected_cost
        self.outside.update(other.outside)
        self.unseen.update(other.unseen)

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain values; `from_json` restores them."""
        return {
            "rows": self.rows,
            "flagged": self.flagged,
            "expected_cost": self.expected_cost,
            "outside": dict(self.outside.most_common()),
            "unseen": dict(self.unseen.most_common()),
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """Return what `to_json` described."""
        counts = {key: Counter(state[key]) for key in ("outside", "unseen")}
        return cls(state["rows"], state["flagged"], state["expected_cost"], **counts)
