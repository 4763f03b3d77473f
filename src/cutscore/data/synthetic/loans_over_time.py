"""Loans by month, of which something changes half-way: to see what monitoring makes of it.

Each month is made from the seed and its own number alone. Four columns tell positives from others,
normally distributed in either class before they are written as money or shares, so that the true
probability of each row is known; the rest tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, ndtr

from cutscore.data.synthetic.marginals import Columns

Drift = Literal["none", "covariate", "prior", "concept", "pipeline"]
OVER_TIME = "loans_over_time"
FIRST_MONTH, MOST_MONTHS = "2020-01", 72
BASE_RATE = 0.08
_MEANS = np.array([-0.7, 0.9, 0.6, -0.5])
"""How much positives differ in the four columns, in standard deviations: an AUC of 0.84."""
_PURPOSES = ("car", "education", "house", "other")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LoansOverTime:
    """Makes `rows` loans over `months`; `drift` says what changes from the middle on.

    covariate : applicants do (0.8 standard deviations in three columns by the end), not what their
        columns mean
    prior : the share of positives doubles, not what positives and others look like
    concept : two columns lose their meaning by and by, and one reverses it
    pipeline : a new purpose, one column in another unit, another often missing
    """

    rows: int
    seed: int = 42
    months: int = 24
    drift: Drift = "none"
    tables: ClassVar[tuple[str, ...]] = ("loans",)

    @property
    def blocks(self) -> int:
        """The number of blocks: one for each month."""
        return self.months

    def make(self) -> Iterator[Mapping[str, Columns]]:
        """Yield month by month the columns of the table."""
        for month in range(self.months):
            yield {"loans": self._month(month)}

    def _month(self, month: int) -> Columns:
        rng = np.random.default_rng([self.seed, month])
        before, after = (self.rows * at // self.months for at in (month, month + 1))
        size = after - before
        late = max(0.0, (month + 1 - self.months / 2) / (self.months / 2))  # 0 to 1
        rate = BASE_RATE * (2 if self.drift == "prior" and late else 1)
        bad = rng.random(size) < rate
        z = rng.normal(size=(size, 4)) + bad[:, None] * _MEANS
        age, means = rng.normal(size=size), _MEANS.copy()
        draw = rng.random(size)
        if self.drift == "covariate":
            z[:, :2] += 0.8 * late * np.array([1.0, 1.0])
            age -= 0.8 * late
        if self.drift == "concept":
            means *= np.array([1 - 1.6 * late, 1 - late, 1 - late, 1])
        if self.drift in ("covariate", "concept") and late:
            bad = draw < probability(z, means)
        return self._columns(rng, month, before, z, age, bad, broken=late > 0)

    def _columns(
        self,
        rng: np.random.Generator,
        month: int,
        first: int,
        z: Floats,
        age: Floats,
        bad: npt.NDArray[np.bool_],
        *,
        broken: bool,
    ) -> Columns:
        size = len(bad)
        start = np.datetime64(FIRST_MONTH, "M") + month
        first_day = start.astype("datetime64[D]")
        days = int(((start + 1).astype("datetime64[D]") - first_day).astype(np.int64))
        income = np.round(np.exp(8 + 0.5 * z[:, 0]), 2)
        purpose = np.array(_PURPOSES, dtype=object)[rng.choice(4, size, p=[0.4, 0.1, 0.2, 0.3])]
        history = np.round(60 * np.exp(0.6 * z[:, 3]), 1)
        if self.drift == "pipeline" and broken:
            income = np.where(rng.random(size) < 0.5, np.round(income * 12, 2), income)
            purpose[rng.random(size) < 0.15] = "vehicle"
            history[rng.random(size) < 0.3] = np.nan
        return {
            "loan": first + 1 + np.arange(size, dtype=np.int64),
            "day": first_day + np.sort(rng.integers(0, days, size)),
            "income": income,
            "utilisation": np.round(ndtr(z[:, 1]), 4),
            "days_late": np.round(30 * ndtr(z[:, 2]), 2),
            "months_known": history,
            "age": np.round(40 + 12 * np.clip(age, -1.8, 3)),
            "amount": np.round(np.exp(rng.normal(9, 0.4, size)), 2),
            "purpose": purpose,
            "bad": bad.astype(np.int8),
        }


def probability(z: Floats, means: Floats) -> Floats:
    """Return the true share of positives of rows, shape (rows,)."""
    found: Floats = expit(logit(BASE_RATE) + z @ means - (means**2).sum() / 2)
    return found
