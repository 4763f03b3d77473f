"""Credits at other lenders, and their state month by month."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cutscore.data.synthetic.applications import People
from cutscore.data.synthetic.counting import counts, within
from cutscore.data.synthetic.marginals import Columns, Integers, Marginal, fill, rank, without

WITHOUT = 0.142
MEAN = 5.61
WITH_MONTHS = 0.44
MONTHS = 33.4
ORPHANS = 0.055
"""Share of monthly histories whose credit is in no other table."""


def bureau(
    rng: np.random.Generator, people: People, first_id: int, columns: Mapping[str, Marginal]
) -> tuple[Columns, Integers]:
    """Draw credits; return them with each one's applicant (position in `people`)."""
    number = counts(rng, len(people), WITHOUT, MEAN)
    owner = np.repeat(np.arange(len(people)), number)
    rows = len(owner)
    age = rng.random(rows)
    days = columns["DAYS_CREDIT"].of(age)
    active = rng.random(rows) < np.clip(0.05 + 0.68 * age, 0, 1)
    state = np.where(active, "Active", np.where(rng.random(rows) < 0.993, "Closed", "Sold"))
    # Debt is what is left of active made: its highest 36 % of ranks.
    share = rank(0.75 * people.debt[owner] + np.sqrt(1 - 0.75**2) * rng.standard_normal(rows))
    amount = rng.random(rows)
    debt = np.where(active, 0.64 + 0.36 * share * amount**0.3, 0.02 + 0.6 * rng.random(rows))
    credit = columns["AMT_CREDIT_SUM"].of(amount)
    owed = np.minimum(columns["AMT_CREDIT_SUM_DEBT"].of(debt), credit * (0.05 + 0.95 * share))
    late = rank(people.lateness[owner]) * rng.random(rows) > 0.93
    given: Columns = {
        "CREDIT_ACTIVE": state.astype(object),
        "DAYS_CREDIT": days,
        "CREDIT_DAY_OVERDUE": np.where(active & late, rng.integers(1, 200, rows), 0),
        "AMT_CREDIT_SUM": np.round(credit, 2),
        "AMT_CREDIT_SUM_DEBT": without(
            np.round(owed, 2), rng.random(rows) < columns["AMT_CREDIT_SUM_DEBT"].missing
        ),
        "DAYS_ENDDATE_FACT": without(
            np.minimum(0, np.rint(days * rng.random(rows))).astype(float), active
        ),
    }
    keys: Columns = {
        "SK_ID_CURR": people.ids[owner],
        "SK_ID_BUREAU": first_id + np.arange(rows, dtype=np.int64),
    }
    return {**keys, **fill(rng, rows, columns, given)}, owner


def bureau_balance(
    rng: np.random.Generator, people: People, made: Columns, owner: Integers, orphan_id: int
) -> Columns:
    """Draw monthly states of some made, and of some that are not in `credits`."""
    chosen = np.flatnonzero(rng.random(len(owner)) < WITH_MONTHS)
    orphans = int(len(chosen) * ORPHANS)
    traits = np.concatenate([people.lateness[owner[chosen]], rng.standard_normal(orphans)])
    ids = np.concatenate(
        [made["SK_ID_BUREAU"][chosen], orphan_id + np.arange(orphans, dtype=np.int64)]
    )
    length = np.clip(np.rint(rng.gamma(1.6, MONTHS / 1.5, len(ids))), 1, 97).astype(np.int64)
    closed = np.where(rng.random(len(ids)) < 0.62, (length * rng.random(len(ids)) * 1.15), 0)
    credit = np.repeat(np.arange(len(ids)), length)
    month = within(length)
    dice = rng.random(len(credit))
    overdue = 0.018 * np.exp(0.9 * traits[credit] - 0.4)
    worst = np.array(["1", "1", "1", "1", "1", "1", "2", "3", "4", "5", "5"], dtype=object)
    state = np.where(dice < 0.42, "X", "0").astype(object)
    bad = rng.random(len(credit)) < overdue
    state[bad] = worst[rng.integers(0, len(worst), int(bad.sum()))]
    state[month < closed[credit]] = "C"
    return {"SK_ID_BUREAU": ids[credit], "MONTHS_BALANCE": -month, "STATUS": state}
