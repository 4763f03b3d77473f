"""Costs per row of granting credit lines.

From Bahnsen, Aouada and Ottersten, "Example-dependent cost-sensitive logistic regression for
credit scoring" (ICMLA 2014) and "Example-dependent cost-sensitive decision trees" (Expert Systems
with Applications 42, 2015).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le

from cutscore.cost.amounts import Amounts, amount, missing_amounts
from cutscore.cost.matrix import CostMatrix
from cutscore.errors import Fault, RequestError
from cutscore.records import Dataset, Rows, positive_share, weights_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CreditLineCost:
    """Price refusing a good borrower and granting a line to a bad one, by the borrower's line.

    With line Cl: C_FN = Cl · loss_given_default, C_TP = C_TN = 0, and C_FP is the profit lost on
    the line less what the money brings with the next applicant, who is bad with the share of
    positives pi_1: max(0, r(Cl) − (1 − pi_1) r(mean Cl) + pi_1 · mean Cl · loss_given_default).

    pi_1 and the mean line are those of the training rows, by weight; with `published` those of all
    rows, as in the papers. `income` (a month, times `currency`) and `debt` (a share of the income;
    null: nobody has debts) are columns listed in `data.amounts`.
    """

    income: str | None = None
    debt: str | None = None
    where: str | None = None
    currency: Annotated[float, Gt(0)] = 1.0
    lending_rate: Annotated[float, Gt(0), Le(10)] = 0.0479
    funding_rate: Annotated[float, Gt(0), Le(10)] = 0.0294
    income_multiple: Annotated[float, Gt(0)] = 3.0
    largest_line: Annotated[float, Gt(0)] = 25_000.0
    loss_given_default: Annotated[float, Gt(0), Le(1)] = 0.75
    months: Annotated[int, Ge(1)] = 24
    published: bool = False

    def __post_init__(self) -> None:
        """Refuse to guess the income."""
        if self.income is None:
            raise ValueError(
                "income must name the column of monthly incomes, and this data set declares none "
                "(data.credit_line). Give cost.income=COLUMN (for cutscore run, one that "
                "data.amounts lists)."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of incomes and debts."""
        return tuple(name for name in (self.income, self.debt) if name is not None)

    def fit(self, dataset: Dataset, training: Rows | None = None) -> CreditLinePrices:
        """Estimate the mean line and the share of positives."""
        named = {"cost.income": self.income, "cost.debt": self.debt}
        wanted = {setting: column for setting, column in named.items() if column is not None}
        if missing := missing_amounts(dataset, wanted):
            raise RequestError(missing)
        estimated_on = None if self.published else training
        target = dataset.target if estimated_on is None else dataset.target[estimated_on]
        weights = weights_of(dataset.weights, slice(None) if estimated_on is None else estimated_on)
        mean_line = float(np.average(self.lines(dataset.amounts, estimated_on), weights=weights))
        return CreditLinePrices(self, mean_line, positive_share(target, weights))

    def lines(self, amounts: Amounts, rows: Rows | None = None) -> Floats:
        """Return the credit line of rows (None: all), shape (rows,).

        The least of `income_multiple` incomes, `largest_line`, and what could be paid back from
        the income that debts leave.

        Raises
        ------
        RequestError
            If an income is not above 0, a debt not from 0 to below 1, or either is missing.
        """
        chosen = slice(None) if rows is None else rows
        income = amount(amounts, "cost.income", str(self.income))[chosen] * self.currency
        debt = np.zeros(len(income))
        if self.debt is not None:
            debt = amount(amounts, "cost.debt", self.debt)[chosen]
        faults = [
            *_outside("cost.income", income, income > 0, "above 0"),
            *_outside("cost.debt", debt, (debt >= 0) & (debt < 1), "from 0 to below 1"),
        ]
        if faults:
            raise RequestError(faults)
        wished = self.income_multiple * income
        payment = income * np.minimum(
            instalment(wished, self.lending_rate, self.months) / income, 1 - debt
        )
        bearable = present_value(payment, self.lending_rate, self.months)
        return np.minimum(np.minimum(wished, self.largest_line), bearable)

    def profit(self, lines: Floats) -> Floats:
        """Return the present value of what a line pays back, at the cost of funds, less it."""
        paid = instalment(lines, self.lending_rate, self.months)
        return present_value(paid, self.funding_rate, self.months) - lines


@dataclass(frozen=True)
class CreditLinePrices:
    """Credit-line costs, with the mean line and the share of positives that were estimated."""

    settings: CreditLineCost
    mean_line: float
    base_rate: float

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of incomes and debts."""
        return self.settings.columns

    def matrix(self, amounts: Amounts, rows: Rows | None = None) -> CostMatrix:
        """Return C_FN and C_FP per row, the others 0."""
        settings = self.settings
        lines = settings.lines(amounts, rows)
        next_applicant = (1 - self.base_rate) * settings.profit(np.array([self.mean_line]))
        next_applicant -= self.base_rate * self.mean_line * settings.loss_given_default
        return CostMatrix(
            true_negative=0.0,
            false_positive=np.maximum(0.0, settings.profit(lines) - next_applicant),
            false_negative=lines * settings.loss_given_default,
            true_positive=0.0,
        )

    def to_json(self) -> dict[str, Any]:
        """Return settings and estimates as plain values."""
        estimates = {"mean_line": self.mean_line, "base_rate": self.base_rate}
        return {"kind": "credit_line", **asdict(self.settings), **estimates}


def instalment(line: Floats, annual_rate: float, months: int) -> Floats:
    """Return the monthly payment that pays a line back: C i(1 + i)^n / ((1 + i)^n − 1)."""
    i = annual_rate / 12
    growth = (1 + i) ** months
    return line * (i * growth / (growth - 1))


def present_value(payment: Floats, annual_rate: float, months: int) -> Floats:
    """Return what monthly payments are worth today: (a / i)(1 − (1 + i)^−n)."""
    i = annual_rate / 12
    return payment / i * (1 - (1 + i) ** -months)


def _outside(
    setting: str, values: Floats, allowed: npt.NDArray[np.bool_], what: str
) -> list[Fault]:
    """Return a fault if any value is not allowed; a missing one never is."""
    bad = int(np.count_nonzero(~allowed))
    if not bad:
        return []
    missing = int(np.count_nonzero(np.isnan(values)))
    return [
        Fault(
            setting,
            f"values must be {what}; of {len(values):,} rows {bad - missing:,} are not and "
            f"{missing:,} are missing.",
            "Leave such rows out with cost.where.",
        )
    ]
