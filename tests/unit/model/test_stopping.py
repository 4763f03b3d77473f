"""Early stopping: what is held back, when boosting ends, and what is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cutscore.errors import RequestError
from cutscore.model import TableToFit
from cutscore.model.lightgbm import LightGBM
from cutscore.model.stopping import Stopping, StoppingLoss
from cutscore.model.xgboost import XGBoost
from cutscore.records import Column, SyntheticRows, Table, TrainingRows

ROWS = 900
PARAMS = {"n_estimators": 80, "learning_rate": 0.3, "seed": 5, "subsample": 0.7}
MODELS = {
    "lightgbm": LightGBM({**PARAMS, "bagging_freq": 1}, early_stopping_rounds=5),
    "lightgbm, shared bins": LightGBM(PARAMS, binning="shared", early_stopping_rounds=5),
    "xgboost": XGBoost(PARAMS, early_stopping_rounds=5),
}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(ROWS, 4)).astype(np.float32)
    values[:, 3] = rng.integers(0, 3, ROWS)
    target = (values[:, 0] + values[:, 1] + rng.normal(size=ROWS) * 2 > 2).astype(np.int8)
    names = [Column(name) for name in "abc"]
    return Table((*names, Column("d", ("x", "y", "z"))), values), target


def fit(model, made, training):
    table, target = made
    return model.session(TableToFit(table, target, threads=1, shared_bins=True)).fit(
        training, table
    )


def weighted(made):
    """Training rows that weigh by class, and the parts that a model of seed 5 makes of them."""
    target = made[1]
    rows = np.flatnonzero(np.arange(ROWS) % 3)
    training = TrainingRows(rows, np.where(target[rows] == 1, 4.0, 0.5))
    return training, *Stopping(5, 0.1, 5).part(training, target)


def test_rows_held_back_are_a_stratified_draw(made):
    target = made[1]
    training, fitted, held = weighted(made)
    assert np.array_equal(np.sort(np.concatenate([fitted.rows, held.rows])), training.rows)
    assert len(held.rows) == 60
    assert target[held.rows].mean() == pytest.approx(target[training.rows].mean(), abs=0.01)
    for part in (fitted, held):
        assert (np.diff(part.rows) > 0).all()
        assert np.array_equal(part.weights, np.where(target[part.rows] == 1, 4.0, 0.5))
    again, other = (Stopping(5, 0.1, seed).part(training, target)[1].rows for seed in (5, 6))
    assert np.array_equal(again, held.rows)
    assert not np.array_equal(other, held.rows)


def test_a_row_drawn_several_times_stays_on_one_side(made):
    rng = np.random.default_rng(0)
    drawn = TrainingRows(np.sort(rng.integers(0, ROWS, 3 * ROWS)))
    fitted, held = Stopping(5, 0.2, -1).part(drawn, made[1])
    assert len(np.intersect1d(fitted.rows, held.rows)) == 0
    assert len(fitted.rows) + len(held.rows) == 3 * ROWS


def test_both_sides_need_both_classes():
    target = np.zeros(20, dtype=np.int8)
    target[:2] = 1
    training = TrainingRows(np.arange(20))
    for part in Stopping(5, 0.01, 0).part(training, target):
        assert set(target[part.rows]) == {0, 1}
    target[1] = 0
    with pytest.raises(RequestError, match=r"early_stopping_rounds: .*a positive row.* are 1"):
        Stopping(5, 0.1, 0).part(training, target)


def test_made_up_rows_cannot_be_held_back(made):
    made_up = SyntheticRows(np.zeros((3, 4), dtype=np.float32), np.ones(3, dtype=np.int8))
    with pytest.raises(ValueError, match="needs real rows"):
        Stopping(5, 0.1, 0).part(TrainingRows(np.arange(50), synthetic=made_up), made[1])


def test_the_loss_is_scikit_learns():
    from sklearn.metrics import log_loss

    rng = np.random.default_rng(2)
    target, scores, weights = rng.integers(0, 2, 50).astype(np.int8), rng.random(50), rng.random(50)
    loss = StoppingLoss(target, weights)
    assert loss.of(scores) == pytest.approx(log_loss(target, scores, sample_weight=weights))
    assert loss.of(scores.round()) < 40  # a score of 0 or 1 that is wrong costs much, not all


@every_model
def test_what_is_kept_is_a_plain_fit_of_the_best_length(model, made):
    training, fitted, held = weighted(made)
    stopped = fit(model, made, training)
    assert 1 < stopped.trees < 75
    plain = replace(model, early_stopping_rounds=None)
    losses = []
    for trees in range(1, stopped.trees + 6):
        grown = fit(replace(plain, params={**model.params, "n_estimators": trees}), made, fitted)
        scores = grown.scores(made[0])
        losses.append(StoppingLoss(made[1][held.rows], held.weights).of(scores[held.rows]))
        if trees == stopped.trees:
            assert scores.tobytes() == stopped.scores(made[0]).tobytes()
            assert grown.importance() == stopped.importance()
    assert int(np.argmin(losses)) + 1 == stopped.trees


@every_model
def test_rows_that_are_validated_do_not_say_when_to_stop(model, made):
    table, target = made
    training, _, _ = weighted(made)
    others = np.setdiff1d(np.arange(ROWS), training.rows)
    values, turned = table.values.copy(), target.copy()
    turned[others] = 1 - turned[others]
    if getattr(model, "binning", "fold") != "shared":  # shared bins see values, but no target
        values[others, :3] *= 100
    planted = fit(model, (Table(table.columns, values), turned), training)
    honest = fit(model, made, training)
    assert planted.trees == honest.trees
    seen = training.rows
    assert np.array_equal(planted.scores(table)[seen], honest.scores(table)[seen])


@every_model
def test_all_trees_are_grown_if_the_loss_falls_to_the_end(model, made):
    few = replace(model, params={**model.params, "n_estimators": 3, "learning_rate": 0.01})
    assert fit(few, made, TrainingRows(np.arange(ROWS))).trees == 3


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        (LightGBM, {"boosting": "dart"}, "boosting=dart: later trees change"),
        (LightGBM, {"boosting_type": "rf"}, "boosting=rf: more trees are never worse"),
        (XGBoost, {"booster": "gblinear"}, "booster=gblinear: only plain trees"),
        (LightGBM, {"early_stopping_round": 5}, "set model.early_stopping_rounds"),
        (XGBoost, {"early_stopping_rounds": 5}, "set model.early_stopping_rounds"),
    ],
)
def test_where_it_cannot_be_it_is_refused(kind, params, message):
    with pytest.raises(ValueError, match=message):
        kind(params, early_stopping_rounds=5)


def test_linear_trees_stop_too(made):
    table, target = made
    table = Table(table.columns[:3], table.values[:, :3].copy())
    model = LightGBM({**PARAMS, "linear_tree": True}, early_stopping_rounds=5)
    fitted = fit(model, (table, target), TrainingRows(np.arange(ROWS)))
    assert 1 <= fitted.trees < 80
    assert np.isfinite(fitted.scores(table)).all()
