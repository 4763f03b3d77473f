"""XGBoost: its settings, and that they reach the library."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cutscore.model import TableToFit, load_fitted
from cutscore.model.xgboost import XGBoost
from cutscore.records import Column, Table, TrainingRows


def _fit(params):
    rng = np.random.default_rng(0)
    table = Table((Column("a"), Column("b")), rng.normal(size=(300, 2)).astype(np.float32))
    target = (table.values[:, 0] > 1).astype(np.int8)
    session = XGBoost(params).session(TableToFit(table, target, threads=1, shared_bins=False))
    return session.fit(TrainingRows(np.arange(300)), table)


def test_scikit_learn_names_and_native_names_are_the_same():
    one = _fit({"n_estimators": 7, "learning_rate": 0.2, "reg_lambda": 2.0, "random_state": 3})
    other = _fit({"num_boost_round": 7, "eta": 0.2, "lambda": 2.0, "seed": 3})
    assert one.booster.num_boosted_rounds() == 7
    assert one.booster.save_raw("json") == other.booster.save_raw("json")


def test_threads_may_share_a_booster(tmp_path):
    """It is configured when it is loaded: at the first prediction, threads would meet there."""
    fitted = _fit({"n_estimators": 7})
    fitted.save(tmp_path)
    values = np.random.default_rng(1).normal(size=(480, 2)).astype(np.float32)
    rows = [Table(fitted.columns, values[at : at + 400]) for at in range(80)]
    loaded, usual = load_fitted(tmp_path), np.zeros(2, dtype=np.float32)

    def both(row):
        added = loaded.contributions(row, usual).values.tobytes()
        return added, loaded.scores(row).tobytes()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(both, rows))
    assert found == [both(row) for row in rows]


def test_parameters_reach_the_library():
    config = json.loads(_fit({"learning_rate": 0.25, "max_depth": 3}).booster.save_config())
    trained = json.dumps(config)
    assert '"max_depth": "3"' in trained
    assert '"learning_rate": "0.25"' in trained


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_dept": 3}, 'Did you mean "max_depth"'),
        ({"n_jobs": 2}, "threads are set once"),
        ({"eta": -1}, "eta must be a number above 0, got -1"),
        ({"eta": 0.1, "learning_rate": 0.1}, "set the same parameter"),
    ],
)
def test_bad_parameters_are_named_with_what_is_allowed(params, message):
    with pytest.raises(ValueError, match=message):
        XGBoost(params)
