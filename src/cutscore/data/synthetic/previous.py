"""Earlier applications, the loans that came of them, and how these were paid back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.data.synthetic.applications import People
from cutscore.data.synthetic.counting import counts, within
from cutscore.data.synthetic.marginals import (
    SENTINEL,
    Columns,
    Floats,
    Integers,
    Marginal,
    fill,
    rank,
    without,
)

WITHOUT = 0.049
MEAN = 4.93
ORPHANS = 0.035
"""Share of loans that have payments but no earlier application."""
DUES = (
    "DAYS_FIRST_DRAWING",
    "DAYS_FIRST_DUE",
    "DAYS_LAST_DUE_1ST_VERSION",
    "DAYS_LAST_DUE",
    "DAYS_TERMINATION",
)


@dataclass(frozen=True, eq=False)
class Loans:
    """Approved earlier applications, shape (loans,) each.

    Attributes
    ----------
    ids, owner : array of int64
        SK_ID_PREV, and the applicant (position among the people).
    since : array of int64
        Days since the decision, positive.
    term : array of int64
        Number of instalments that were agreed.
    annuity : array of float64
        The amount of one instalment.
    card : array of bool
        Credit cards; the others are loans with a plan.
    """

    ids: Integers
    owner: Integers
    since: Integers
    term: Integers
    annuity: Floats
    card: npt.NDArray[np.bool_]

    def only(self, which: npt.NDArray[np.bool_]) -> Loans:
        """Return some of the loans."""
        return Loans(
            ids=self.ids[which],
            owner=self.owner[which],
            since=self.since[which],
            term=self.term[which],
            annuity=self.annuity[which],
            card=self.card[which],
        )


def previous_application(
    rng: np.random.Generator, people: People, first_id: int, columns: Mapping[str, Marginal]
) -> tuple[Columns, Loans]:
    """Draw earlier applications; return them with the loans, orphans among these."""
    number = counts(rng, len(people), WITHOUT, MEAN)
    owner = np.repeat(np.arange(len(people)), number)
    rows = len(owner)
    ids = first_id + np.arange(rows, dtype=np.int64)
    status, reason = _decisions(rng, people.refusals[owner])
    approved = (status == "Approved") | (status == "Unused offer")
    card = rng.random(rows) < 0.125
    days = columns["DAYS_DECISION"].of(rng.random(rows))
    size = rng.random(rows)
    place = np.clip(size + rng.normal(0, 0.05, rows), 0, 0.999)
    asked = np.rint(columns["AMT_GOODS_PRICE"].of(place) * 2) / 2
    unstated = (status == "Canceled") & (rng.random(rows) < 0.95)
    annuity = columns["AMT_ANNUITY"].of(np.clip(size + rng.normal(0, 0.08, rows), 0, 0.999))
    # Zero is "no plan": cards and what was cancelled.
    term = np.clip(np.rint(asked / annuity * rng.uniform(1.0, 1.35, rows)), 4, 60)
    term = np.where(card, 0, term)
    unknown = unstated | ((status == "Refused") & (rng.random(rows) < 0.3))
    given: Columns = {
        "NAME_CONTRACT_TYPE": _contracts(rng, card, unstated),
        "AMT_ANNUITY": without(np.round(annuity, 2), unknown),
        "AMT_APPLICATION": np.where(unstated, 0.0, asked),
        "AMT_CREDIT": np.where(unstated, 0.0, np.rint(asked * rng.uniform(0.85, 1.25, rows))),
        "AMT_GOODS_PRICE": without(asked, unknown | (rng.random(rows) < 0.05)),
        "CNT_PAYMENT": without(term, unknown),
        "NAME_CONTRACT_STATUS": status,
        "CODE_REJECT_REASON": reason,
        "DAYS_DECISION": days,
        **_dues(rng, days, np.where(card, 24, term), ~approved),
    }
    keys: Columns = {"SK_ID_PREV": ids, "SK_ID_CURR": people.ids[owner]}
    kept = rng.random(rows) >= ORPHANS
    table = {**keys, **fill(rng, rows, columns, given)}
    loans = Loans(ids, owner, -days, term.astype(np.int64), annuity, card)
    taken = approved & (status != "Unused offer") & (loans.since > 20)
    seen = kept | ~taken
    return {name: _some(values, seen) for name, values in table.items()}, loans.only(taken)


def _some(values: npt.NDArray[np.float64], which: npt.NDArray[np.bool_]) -> object:
    return values[which] if isinstance(values, np.ndarray) else values.filter(which)


def _decisions(
    rng: np.random.Generator, refusals: Floats
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return each application's status and the reason of a refusal."""
    dice, rows = rng.random(len(refusals)), len(refusals)
    refused = 0.17 * np.exp(0.75 * refusals - 0.28)
    status = np.select(
        [dice < np.minimum(refused, 0.8), dice > 0.81, dice > 0.794],
        ["Refused", "Canceled", "Unused offer"],
        "Approved",
    ).astype(object)
    reasons = np.array(["HC", "HC", "HC", "HC", "LIMIT", "SCO", "SCOFR", "CLIENT"], dtype=object)
    reason = np.where(status == "Refused", reasons[rng.integers(0, 8, rows)], "XAP")
    return status, reason


def _contracts(
    rng: np.random.Generator, card: npt.NDArray[np.bool_], unstated: npt.NDArray[np.bool_]
) -> npt.NDArray[np.object_]:
    cash = unstated | (rng.random(len(card)) < 0.29)
    names = np.select([card, cash], ["Revolving loans", "Cash loans"], "Consumer loans")
    return names.astype(object)


def _dues(
    rng: np.random.Generator, days: Integers, term: Floats, missing: npt.NDArray[np.bool_]
) -> Columns:
    """Return the days of first and last instalments; the sentinel for what is still to come."""
    first = days + 30.0
    last = first + 30 * np.maximum(term - 1, 0)
    actual = last - np.rint(rng.exponential(120, len(days)) * (rng.random(len(days)) < 0.4))
    end = actual + rng.integers(1, 30, len(days))
    open_ = actual > -1
    values = {
        "DAYS_FIRST_DRAWING": np.where(rng.random(len(days)) < 0.965, SENTINEL, first),
        "DAYS_FIRST_DUE": np.where(first > -1, SENTINEL, first),
        "DAYS_LAST_DUE_1ST_VERSION": np.where(last > 1_000, SENTINEL, last),
        "DAYS_LAST_DUE": np.where(open_, SENTINEL, actual),
        "DAYS_TERMINATION": np.where(open_ | (end > -1), SENTINEL, end),
    }
    return {name: without(values[name], missing) for name in DUES}


def installments_payments(rng: np.random.Generator, people: People, loans: Loans) -> Columns:
    """Draw payments: late or early by who pays, some in parts, some short, a few not at all."""
    due = np.minimum((loans.since - 1) // 30, np.where(loans.card, 40, loans.term))
    length = np.maximum(np.where(rng.random(len(due)) < 0.97, due, due // 2), 0)
    loan = np.repeat(np.arange(len(length)), length)
    place = within(length)
    trait = people.lateness[loans.owner[loan]]
    late = rng.random(len(loan)) < np.minimum(0.075 * np.exp(0.8 * trait - 0.32), 0.9)
    delay = np.where(
        late,
        1 + np.rint(rng.exponential(9, len(loan)) * np.exp(0.35 * trait)),
        -np.rint(rng.exponential(11, len(loan))),
    )
    day = -loans.since[loan] + 30.0 * (place + 1)
    short = rng.random(len(loan)) < np.where(late, 0.12, 0.004)
    paid = loans.annuity[loan] * np.where(short, rng.random(len(loan)), 1.0)
    parts = 1 + (rng.random(len(loan)) < 0.1).astype(np.int64)
    row = np.repeat(np.arange(len(loan)), parts)
    share = np.where(parts[row] == 2, np.where(within(parts) == 0, 0.35, 0.65), 1.0)
    unpaid = rng.random(len(row)) < 0.0002
    entry = np.minimum(day + delay, -1.0)[row] - np.where(share == 0.35, 3, 0)
    return {
        "SK_ID_PREV": loans.ids[loan][row],
        "SK_ID_CURR": people.ids[loans.owner[loan]][row],
        "NUM_INSTALMENT_VERSION": np.where(loans.card[loan], 0.0, 1.0)[row],
        "NUM_INSTALMENT_NUMBER": (place + 1)[row],
        "DAYS_INSTALMENT": day[row],
        "DAYS_ENTRY_PAYMENT": without(entry, unpaid),
        "AMT_INSTALMENT": np.round(loans.annuity[loan], 3)[row],
        "AMT_PAYMENT": without(np.round(paid[row] * share, 3), unpaid),
    }


def pos_cash_balance(rng: np.random.Generator, people: People, loans: Loans) -> Columns:
    """Draw the monthly states of loans with a plan."""
    loans = loans.only(~loans.card)
    age = loans.since // 30
    length = np.minimum(np.minimum(age, loans.term + 1), 96)
    length = np.where(rng.random(len(length)) < 0.92, length, length // 2)
    loan = np.repeat(np.arange(len(length)), length)
    place = within(length)
    left = np.maximum(loans.term[loan] - place, 0)
    over = left == 0
    trait = people.lateness[loans.owner[loan]]
    late = ~over & (rng.random(len(loan)) < np.minimum(0.02 * np.exp(0.9 * trait - 0.4), 0.9))
    days = np.where(late, 1 + rng.geometric(0.04, len(loan)), 0)
    missing = rng.random(len(loan)) < 0.0027
    return {
        "SK_ID_PREV": loans.ids[loan],
        "SK_ID_CURR": people.ids[loans.owner[loan]],
        "MONTHS_BALANCE": np.maximum(place - age[loan], -96),
        "CNT_INSTALMENT": without(loans.term[loan].astype(np.float64), missing),
        "CNT_INSTALMENT_FUTURE": without(left.astype(np.float64), missing),
        "NAME_CONTRACT_STATUS": np.where(over, "Completed", "Active").astype(object),
        "SK_DPD": days,
        "SK_DPD_DEF": np.where(days < 30, days, 0),
    }


def credit_card_balance(
    rng: np.random.Generator, people: People, loans: Loans, columns: Mapping[str, Marginal]
) -> Columns:
    """Draw the monthly states of credit cards."""
    loans = loans.only(loans.card)
    length = np.minimum(loans.since // 30, 96)
    loan = np.repeat(np.arange(len(length)), length)
    rows = len(loan)
    owner = loans.owner[loan]
    limit = columns["AMT_CREDIT_LIMIT_ACTUAL"].of(rng.random(len(length)))[loan]
    used = rank(0.6 * people.debt[owner] + 0.8 * rng.standard_normal(len(length))[loan])
    balance = np.where(used > 0.5, np.round(limit * (used - 0.5) * 2.05, 2), 0.0)
    drawn = rng.random(rows) < 0.35
    cash = np.where(drawn & (used > 0.4), np.rint(limit * 0.02 * rng.exponential(2, rows)), 0.0)
    shop = np.where(drawn, np.round(limit * 0.01 * rng.exponential(2, rows), 2), 0.0)
    least = np.round(balance * 0.05, 2)
    late = rng.random(rows) < np.minimum(0.03 * np.exp(0.8 * people.lateness[owner] - 0.3), 0.9)
    days = np.where(late & (balance > 0), 1 + rng.geometric(0.05, rows), 0)
    quiet = rng.random(rows) < columns["AMT_DRAWINGS_ATM_CURRENT"].missing
    given: Columns = {
        "MONTHS_BALANCE": within(length) - np.minimum(loans.since // 30, 96)[loan],
        "AMT_BALANCE": balance,
        "AMT_CREDIT_LIMIT_ACTUAL": limit,
        "AMT_DRAWINGS_ATM_CURRENT": without(cash, quiet),
        "AMT_DRAWINGS_CURRENT": cash + shop,
        "AMT_DRAWINGS_OTHER_CURRENT": without(np.zeros(rows), quiet),
        "AMT_DRAWINGS_POS_CURRENT": without(shop, quiet),
        "AMT_INST_MIN_REGULARITY": without(least, rng.random(rows) < 0.0746),
        "AMT_RECEIVABLE_PRINCIPAL": np.round(balance * 0.96, 2),
        "AMT_RECIVABLE": balance,
        "AMT_TOTAL_RECEIVABLE": balance,
        "CNT_DRAWINGS_CURRENT": drawn.astype(np.int64),
        "SK_DPD": days,
        "SK_DPD_DEF": np.where(days < 30, days, 0),
    }
    keys: Columns = {"SK_ID_PREV": loans.ids[loan], "SK_ID_CURR": people.ids[owner]}
    return {**keys, **fill(rng, rows, columns, given)}
