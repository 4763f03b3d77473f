"""Rows held out from everything: the outer split, made before the folds.

No fold trains on outer rows or validates them, so whoever was chosen by out-of-fold figures can be
judged on them (Cawley and Talbot 2010 show how far the figures that choose may be off).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le, Lt

from cutscore.errors import Fault, RequestError
from cutscore.records import Rows, Target
from cutscore.validation.checks import enough_of_both
from cutscore.validation.stratified_groups import stratified_group_labels

OuterKind = Literal["none", "holdout", "nested"]
_STREAM = 1  # tells the outer split's random numbers from all others of the same seed


@dataclass(frozen=True, eq=False)
class OuterSplitRows:
    """`outer` rows judge; `inner` rows are split into folds. Both are sorted and disjoint."""

    inner: Rows
    outer: Rows


@dataclass(frozen=True, kw_only=True)
class OuterSplit(ABC):
    """The settings of the outer split, which every validation scheme has.

    `holdout` holds out one share of the rows, `nested` one of several parts that together are all
    rows. Without `outer_part`, `nested` holds out nothing: a search sets one part after another.
    """

    outer: OuterKind = "none"
    outer_fraction: Annotated[float, Gt(0), Lt(1)] = 0.2
    outer_folds: Annotated[int, Ge(2), Le(1000)] = 5
    outer_part: Annotated[int, Ge(0)] | None = None

    def __post_init__(self) -> None:
        """Refuse a part that the outer split does not have."""
        if self.outer_part is None:
            return
        if self.outer != "nested":
            raise ValueError(
                f"outer_part={self.outer_part} names a part of outer=nested, but outer is "
                f"{self.outer}; set outer=nested or outer_part=null"
            )
        if self.outer_part >= self.outer_folds:
            raise ValueError(
                f"outer_part must be from 0 to {self.outer_folds - 1}, as there are "
                f"{self.outer_folds} outer_folds, got {self.outer_part}"
            )

    @property
    def holds_out(self) -> bool:
        """Whether there are outer rows."""
        return self.outer == "holdout" or self.outer_part is not None

    @property
    def outer_size(self) -> str:
        """The setting that says how large the outer side is."""
        return "validation.outer_fraction" if self.outer == "holdout" else "validation.outer_folds"

    @abstractmethod
    def hold_out(
        self, target: Target, groups: Rows | None, order: npt.NDArray[np.float64] | None
    ) -> OuterSplitRows:
        """Return the outer rows and the others; the arguments are those of `Splitter.split`.

        Raises `RequestError` if the rows do not suffice.
        """


class _Seeded(Protocol):
    """The settings that dealing rows reads."""

    @property
    def seed(self) -> int: ...
    @property
    def outer(self) -> OuterKind: ...
    @property
    def outer_fraction(self) -> float: ...
    @property
    def outer_folds(self) -> int: ...
    @property
    def outer_part(self) -> int | None: ...


@dataclass(frozen=True, kw_only=True)
class DealtOuter(OuterSplit):
    """An outer split of shuffled rows: stratified, groups and kept duplicates whole."""

    def hold_out(
        self: _Seeded,
        target: Target,
        groups: Rows | None,
        order: npt.NDArray[np.float64] | None,  # noqa: ARG002  rows have no order here
    ) -> OuterSplitRows:
        """Return the outer rows and the others.

        The order of rows is drawn from (`seed`, 1), so that it is not that of the folds.
        """
        seed = outer_seed(self.seed)
        if self.outer == "holdout":
            share = self.outer_fraction
            side = stratified_group_labels(target, groups, [1.0 - share, share], seed)
            return OuterSplitRows(np.flatnonzero(side == 0), np.flatnonzero(side == 1))
        enough_of_both(target, self.outer_folds, "validation.outer_folds")
        label = stratified_group_labels(
            target, groups, [1.0 / self.outer_folds] * self.outer_folds, seed
        )
        return OuterSplitRows(
            np.flatnonzero(label != self.outer_part), np.flatnonzero(label == self.outer_part)
        )


def outer_seed(seed: int) -> int:
    """Return the seed of the outer split: numpy's SeedSequence of (seed, 1)."""
    return int(np.random.SeedSequence((seed, _STREAM)).generate_state(1)[0])


def check_held(held: OuterSplitRows, target: Target, setting: str) -> None:
    """Check that both sides have rows of both classes."""
    faults = []
    for side, rows in (("outer", held.outer), ("other", held.inner)):
        positives = int(np.count_nonzero(target[rows]))
        if 0 < positives < len(rows):
            continue
        lacking = "positive" if positives == 0 else "negative"
        faults.append(
            Fault(
                setting,
                f"the {len(rows)} {side} rows of the outer split have no {lacking} row; both "
                "classes are needed.",
                f"Change {setting}, or set validation.outer=none.",
            )
        )
    if faults:
        raise RequestError(faults)
