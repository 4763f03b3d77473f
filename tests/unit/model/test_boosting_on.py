"""A boosting holds all smaller ones: its first trees are those of a fit of so many, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from cutscore.model import BoostsOn, TableToFit
from cutscore.model.lightgbm import LightGBM
from cutscore.model.xgboost import XGBoost
from cutscore.records import Column, Table, TrainingRows

ROWS, COUNTS = 700, (1, 4, 9, 30)
DRAWS = {"subsample": 0.6, "colsample_bytree": 0.5, "random_state": 3}
MODELS = {
    "lightgbm": LightGBM({**DRAWS, "subsample_freq": 1}),
    "lightgbm, a bag for three trees": LightGBM({**DRAWS, "subsample_freq": 3}),
    "lightgbm, shared bins": LightGBM({**DRAWS, "subsample_freq": 1}, binning="shared"),
    "lightgbm, rounds without a tree": LightGBM(
        {**DRAWS, "subsample_freq": 1, "min_gain_to_split": 9.0, "min_child_samples": 60}
    ),
    "lightgbm, linear trees": LightGBM({**DRAWS, "subsample_freq": 1, "linear_tree": True}),
    "lightgbm, goss": LightGBM({"data_sample_strategy": "goss", "learning_rate": 0.3}),
    "lightgbm, steep": LightGBM({**DRAWS, "sigmoid": 2.0, "extra_trees": True}),
    "xgboost": XGBoost(DRAWS),
    "xgboost, parallel trees": XGBoost({**DRAWS, "num_parallel_tree": 3}),
}


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(ROWS, 4)).astype(np.float32)
    values[rng.random(values.shape) < 0.05] = np.nan
    values[:, 3] = rng.integers(0, 5, ROWS)
    target = (np.nan_to_num(values[:, 0]) + rng.normal(size=ROWS) > 0.8).astype(np.int8)
    columns = (*(Column(f"x{i}") for i in range(3)), Column("c", tuple("abcde")))
    return Table(columns, values), target


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_first_trees_are_those_of_a_smaller_fit(name, weighted, made):
    table, target = made
    rows = np.arange(0, ROWS, dtype=np.int64)
    train, watched = rows[rows % 3 != 0], rows[rows % 3 == 0]
    weights = np.where(target[train] == 1, 2.5, 1.0) if weighted else None
    training = TrainingRows(train, weights)

    def session(rounds):
        model = MODELS[name]
        given = {**model.params, "n_estimators": rounds}
        more = {"binning": model.binning} if isinstance(model, LightGBM) else {}
        data = TableToFit(table, target, 1, shared_bins="shared" in name)
        return type(model)(given, **more).session(data)

    opened = session(COUNTS[-1])
    assert isinstance(opened, BoostsOn)
    boosting = opened.boost(training, table, watched)
    seen = {rounds: boosting.grow(rounds) for rounds in COUNTS}
    for rounds in COUNTS:
        first, fitted = boosting.first(rounds), session(rounds).fit(training, table)
        assert first.trees == fitted.trees
        assert first.scores(table).tobytes() == fitted.scores(table).tobytes()
        assert first.importance() == fitted.importance()
        assert seen[rounds].tobytes() == fitted.scores(table, watched).tobytes()


def test_models_whose_first_trees_are_not_say_why():
    assert LightGBM({}).no_prefix is None
    assert "later trees change" in str(LightGBM({"boosting": "dart"}).no_prefix)
    assert "early_stopping_rounds" in str(LightGBM({}, early_stopping_rounds=3).no_prefix)
    assert "dart" in str(XGBoost({"booster": "dart"}).no_prefix)
