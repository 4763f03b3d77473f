"""A look-alike of the Home Credit Default Risk tables: all nine files, made by a seed.

Nothing of the real data is in it but the marginals of its columns. Applicants are made in blocks,
each from the seed and its own number alone, so any size fits into the same memory and one block
is the same whatever the other blocks are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cutscore.data.synthetic.applications import People, applications
from cutscore.data.synthetic.bureau import bureau, bureau_balance
from cutscore.data.synthetic.marginals import Columns, marginals
from cutscore.data.synthetic.previous import (
    credit_card_balance,
    installments_payments,
    pos_cash_balance,
    previous_application,
)

TRAIN, TEST = "application_train", "application_test"
TABLES = (
    TRAIN,
    TEST,
    "bureau",
    "bureau_balance",
    "previous_application",
    "POS_CASH_balance",
    "credit_card_balance",
    "installments_payments",
    "sample_submission",
)
TEST_SHARE = 48_744 / (307_511 + 48_744)
BLOCK = 4_096
"""Applicants, with and without a known target, in one block."""
_FIRST_APPLICANT = 100_001
_IDS_PER_BLOCK = BLOCK * 64
"""Room for the ids of a block's credits and loans; far more than it can have."""


@dataclass(frozen=True)
class HomeCredit:
    """Makes the tables of `rows` applicants with a known target, and of others without.

    The expected AUC of a boosted model is about 0.75 on the application alone and 0.78 with the
    child tables.
    """

    rows: int
    seed: int = 42
    tables: ClassVar[tuple[str, ...]] = TABLES

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return -(-self._people // BLOCK)

    @property
    def _people(self) -> int:
        return round(self.rows / (1 - TEST_SHARE))

    def make(self) -> Iterator[Mapping[str, Columns]]:
        """Yield block by block the columns of each table."""
        for block in range(self.blocks):
            yield self._block(block)

    def _block(self, block: int) -> dict[str, Columns]:
        profile = marginals("home_credit")
        rng = np.random.default_rng([self.seed, block])
        first = block * BLOCK
        size = min(BLOCK, self._people - first)
        ids = _FIRST_APPLICANT + first + np.arange(size, dtype=np.int64)
        people, applicants = applications(rng, ids, profile[TRAIN])
        first_id = 5_000_000 + block * _IDS_PER_BLOCK
        bureau_table, owner = bureau(rng, people, first_id, profile["bureau"])
        orphan_id = 2_000_000_000 + block * _IDS_PER_BLOCK
        first_loan = 1_000_000 + block * _IDS_PER_BLOCK
        previous, loans = previous_application(
            rng, people, first_loan, profile["previous_application"]
        )
        made = {
            **self._split(rng, first, people, applicants),
            "bureau": bureau_table,
            "bureau_balance": bureau_balance(rng, people, bureau_table, owner, orphan_id),
            "previous_application": previous,
            "POS_CASH_balance": pos_cash_balance(rng, people, loans),
            "credit_card_balance": credit_card_balance(
                rng, people, loans, profile["credit_card_balance"]
            ),
            "installments_payments": installments_payments(rng, people, loans),
        }
        return {name: _shuffled(rng, made[name]) for name in TABLES}

    def _split(
        self, rng: np.random.Generator, first: int, people: People, applicants: Columns
    ) -> dict[str, Columns]:
        """Divide the applicants of a block; over all blocks exactly `rows` have a target."""
        size, total = len(people), self._people
        known = self.rows * (first + size) // total - self.rows * first // total
        order = rng.permutation(size)
        train, test = np.sort(order[:known]), np.sort(order[known:])
        unlabelled = {name: values for name, values in applicants.items() if name != "TARGET"}
        ids = people.ids[test]
        # The target stands second in the real file, behind the key.
        ahead = {name: applicants[name] for name in ("SK_ID_CURR", "TARGET")}
        return {
            TRAIN: _take({**ahead, **applicants}, train),
            TEST: _take(unlabelled, test),
            "sample_submission": {"SK_ID_CURR": ids, "TARGET": np.full(len(ids), 0.5)},
        }


def _take(columns: Columns, rows: np.ndarray) -> Columns:
    return {
        name: values[rows] if isinstance(values, np.ndarray) else values.take(rows)
        for name, values in columns.items()
    }


def _shuffled(rng: np.random.Generator, columns: Columns) -> Columns:
    return _take(columns, rng.permutation(len(next(iter(columns.values())))))


MAKERS: Mapping[str, Callable[[int, int], HomeCredit]] = {"home_credit": HomeCredit}
"""By name: from a number of rows and a seed to what makes the tables."""
