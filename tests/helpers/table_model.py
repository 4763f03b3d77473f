"""A small model of several tables: people, their loans, and the months of loans."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from relational_tables import written

from cutscore.calibration.none import NoCalibration
from cutscore.cost.fixed import FixedCost
from cutscore.features.domain import Domain
from cutscore.model import TableToFit
from cutscore.model.lightgbm import LightGBM
from cutscore.preparation import fit_preparation
from cutscore.records import FixedThreshold, TrainingRows
from cutscore.scoring.decision import Decision, TrainedShares
from cutscore.scoring.inputs import inputs_of
from cutscore.scoring.kept_model import KeptModel
from cutscore.scoring.scorer import Scorer

PEOPLE = 120
LOANS = """
rows:
  weight: 1 / (amount > 20)::INTEGER
aggregates:
  N: count(*)
  AMOUNT: sum(amount)
  KIND: arg_max(kind, day)
  WORST: max(worst)
  WEIGHT: count(weight)
"""


@cache
def made_tables() -> dict[str, pd.DataFrame]:
    """Return people (with the target `y`), loans and months."""
    rng = np.random.default_rng(5)
    number = 4 * PEOPLE
    loans = pd.DataFrame({"loan": np.arange(number), "id": rng.integers(1, PEOPLE + 3, number)})
    loans["amount"] = rng.lognormal(5, 1, number) + 20
    loans["day"] = rng.integers(-500, 0, number)
    loans["kind"] = rng.choice(["car", "home"], number)
    months = pd.DataFrame({"loan": rng.integers(0, number, 900), "late": rng.integers(0, 5, 900)})
    people = pd.DataFrame({"id": rng.permutation(PEOPLE) + 1, "y": rng.integers(0, 2, PEOPLE)})
    people["income"] = rng.lognormal(8, 1, PEOPLE).round(3)
    people["zone"] = rng.integers(1, 4, PEOPLE)
    return {"people": people, "loans": loans, "months": months}


@cache
def table_scorer() -> Scorer:
    """Return a scorer of a model that was fitted on them."""
    with TemporaryDirectory() as folder:
        settings = {"categorical": ["zone"], "domain": {"SHARE": "AMOUNT / nullif(income, 0)"}}
        source = written(Path(folder), made_tables(), LOANS, **settings)
        data = source.load()
    strategy = Domain(source.domain)
    table, rows = strategy.build(data), np.arange(data.rows)
    preparation = fit_preparation(table, rows, impute=False, encode=False, scale=False)
    session = LightGBM({"n_estimators": 10, "num_leaves": 7}).session(
        TableToFit(table, data.target, threads=1, shared_bins=False)
    )
    decision = Decision(NoCalibration(), FixedThreshold(0.5))
    shares = TrainedShares(NoCalibration(), 0.0, 0.0)
    inputs, fitted = inputs_of(data, strategy, preparation), session.fit(TrainingRows(rows), table)
    model = KeptModel(inputs, preparation, fitted, shares, decision, FixedCost(10.0, 1.0))
    return Scorer(model, "people@champion", {"version": "people/1"})
