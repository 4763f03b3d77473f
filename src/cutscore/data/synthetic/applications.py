"""Applications: who applies, what for, and how likely they are not to pay it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutscore.data.synthetic.marginals import (
    SENTINEL,
    Columns,
    Floats,
    Integers,
    Marginal,
    blend,
    fill,
    rank,
    without,
)

Mask = npt.NDArray[np.bool_]
EMPLOYED = (-17_000.0, -10_649.0, -6_852.0, -2_751.0, -1_199.0, -281.0, -12.0)
_EMPLOYED_LEVELS = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.8174)
"""Days employed among all applicants; above the last rank they are pensioners without."""
INTERCEPT = -3.25


@dataclass(frozen=True, eq=False)
class People:
    """What child tables are drawn from: ids and latent traits, standard normal, shape (people,).

    Attributes
    ----------
    ids : array of int64
        SK_ID_CURR.
    lateness : array
        High for those who pay late.
    debt : array
        High for those who owe much of what they borrowed elsewhere.
    refusals : array
        High for those whose earlier applications were refused.
    annuity : array
        The annuity applied for.
    """

    ids: Integers
    lateness: Floats
    debt: Floats
    refusals: Floats
    annuity: Floats

    def __len__(self) -> int:
        return len(self.ids)


def applications(
    rng: np.random.Generator, ids: Integers, columns: Mapping[str, Marginal]
) -> tuple[People, Columns]:
    """Draw applicants with their TARGET.

    The risk is planted on the external scores, on ratios of amounts and of days, on products of
    scores, and on three traits that only the child tables show.
    """
    rows = len(ids)
    shared, lateness, debt, refusals = rng.standard_normal((4, rows))
    scores = [blend(rng, (0.45, shared), (-0.25, lateness), (-0.2, debt)) for _ in range(3)]
    seen = [rng.random(rows) >= columns[f"EXT_SOURCE_{n}"].missing for n in (1, 2, 3)]
    size = rng.standard_normal(rows)
    credit = blend(rng, (0.9, size))
    annuity = blend(rng, (0.84, credit))
    goods = blend(rng, (0.985, credit))
    income = blend(rng, (0.4, size))
    age = rng.standard_normal(rows)
    given: Columns = {
        "AMT_CREDIT": np.rint(columns["AMT_CREDIT"].of(rank(credit)) * 2) / 2,
        "AMT_ANNUITY": np.rint(columns["AMT_ANNUITY"].of(rank(annuity)) * 2) / 2,
        "AMT_INCOME_TOTAL": np.rint(columns["AMT_INCOME_TOTAL"].of(rank(income)) / 450) * 450,
        "DAYS_BIRTH": columns["DAYS_BIRTH"].of(rank(age)),
    }
    price = np.rint(columns["AMT_GOODS_PRICE"].of(rank(goods)) / 450) * 450
    given["AMT_GOODS_PRICE"] = without(price, rng.random(rows) < columns["AMT_GOODS_PRICE"].missing)
    for number, (score, there) in enumerate(zip(scores, seen, strict=True), start=1):
        values = columns[f"EXT_SOURCE_{number}"].of(rank(score))
        given[f"EXT_SOURCE_{number}"] = without(values, ~there)
    working = _employment(rng, given, age)
    _dwelling(rng, rows, columns, given)
    logit = (
        INTERCEPT
        + _scores_risk(given, scores, seen)
        + _ratio_risk(given, price, working)
        + 0.65 * lateness
        + 0.4 * debt
        + 0.5 * refusals
    )
    given["TARGET"] = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    people = People(ids, lateness, debt, refusals, given["AMT_ANNUITY"])
    return people, {"SK_ID_CURR": ids, **fill(rng, rows, columns, given)}


def _scores_risk(given: Columns, scores: list[Floats], seen: list[Mask]) -> Floats:
    """Return the log-odds of the external scores: each alone, and sharply in products."""
    first, second, third = (
        np.where(there, score, 0.0) for score, there in zip(scores, seen, strict=True)
    )
    risk: Floats = -(0.08 * first + 0.14 * second + 0.14 * third)
    for left, right, middle in ((1, 3, 0.25), (2, 3, 0.26), (1, 2, 0.26)):
        product = np.multiply(
            *(np.asarray(given[f"EXT_SOURCE_{number}"].fill_null(0.5)) for number in (left, right))
        )
        both = seen[left - 1] & seen[right - 1]
        risk -= np.where(both, 0.46 * np.tanh((product - middle) / 0.05), 0.0)
    return risk


def _ratio_risk(given: Columns, price: Floats, working: Mask) -> Floats:
    """Return the log-odds of what only ratios show: term, burden, insurance, years of work."""
    term = np.log(given["AMT_CREDIT"] / given["AMT_ANNUITY"]) - np.log(20.6)
    burden = np.log(given["AMT_ANNUITY"] / given["AMT_INCOME_TOTAL"]) - np.log(0.163)
    insured = np.log(given["AMT_CREDIT"] / np.maximum(price, 1)) - np.log(1.13)
    employed = np.where(working, given["DAYS_EMPLOYED"] / given["DAYS_BIRTH"], 0.12)
    risk: Floats = 0.55 * np.tanh(term / 0.4) + 0.25 * np.tanh(burden / 0.6)
    risk += 0.5 * np.tanh(insured / 0.25) - 3.0 * (np.minimum(employed, 0.4) - 0.12)
    return risk


def _employment(rng: np.random.Generator, given: Columns, age: Floats) -> Mask:
    """Draw days of employment and what goes with them; return who works.

    Old applicants are pensioners more often: no employer, the sentinel, no phone at work.
    """
    place = rank(blend(rng, (-0.5, age)))
    working = place < _EMPLOYED_LEVELS[-1]
    days = np.rint(np.interp(place, _EMPLOYED_LEVELS, EMPLOYED))
    days = np.maximum(days, given["DAYS_BIRTH"] + 16 * 365)  # nobody works as a child
    given["DAYS_EMPLOYED"] = np.where(working, np.minimum(days, -1), SENTINEL).astype(np.int64)
    given["FLAG_EMP_PHONE"] = working.astype(np.int64)
    return working


def _dwelling(
    rng: np.random.Generator, rows: int, columns: Mapping[str, Marginal], given: Columns
) -> None:
    """Draw the columns of the dwelling, which are known together or not at all."""
    known, quality = rng.random(rows), rng.standard_normal(rows)
    names = [
        name
        for name, marginal in columns.items()
        if name.endswith(("_AVG", "_MODE", "_MEDI")) and marginal.missing > 0.4
    ]
    for name in names:
        place = rank(blend(rng, (0.6, quality)))
        given[name] = without(columns[name].of(place), known < columns[name].missing)
