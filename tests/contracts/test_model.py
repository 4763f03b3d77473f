"""What every model must do, whatever it is."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml
from strategies import classes

from cutscore.model import TableToFit, load_fitted
from cutscore.model.contributions import log_odds
from cutscore.model.lightgbm import LightGBM
from cutscore.model.xgboost import XGBoost
from cutscore.preparation import Preparation, fit_preparation
from cutscore.records import Column, SyntheticRows, Table, TrainingRows

CONF = Path(__file__).parents[2] / "conf" / "model"
LEVELS = tuple(f"level {i}" for i in range(6))
ROWS = 900


def _from_yaml(name: str):
    path = CONF / f"{name}.yaml"
    settings = yaml.safe_load(path.read_text().replace("${seed}", "42"))
    target = settings.pop("_target_").rpartition(".")[2]
    kind = next(cls for cls in classes("model") if cls.__name__ == target)
    if "n_estimators" in settings["params"]:
        settings["params"]["n_estimators"] = 15
    return kind(**settings)


# model=sklearn names no class of its own
OPTIONS = [path for path in sorted(CONF.glob("*.yaml")) if path.stem != "sklearn"]
MADE = {"lightgbm, shared bins": LightGBM({"n_estimators": 15}, binning="shared")}
STOPPING = {
    "lightgbm, stopping": LightGBM({"n_estimators": 60}, early_stopping_rounds=3),
    "lightgbm, stopping, shared bins": LightGBM(
        {"n_estimators": 60}, binning="shared", early_stopping_rounds=3
    ),
    "xgboost, stopping": XGBoost({"n_estimators": 60}, early_stopping_rounds=3),
}
NAMES = [*(path.stem for path in OPTIONS), *MADE, *STOPPING]
every_model = pytest.mark.parametrize("name", NAMES)
learning = pytest.mark.parametrize("name", [name for name in NAMES if name != "dummy"])


@pytest.fixture
def model(name):
    """The model of that name, built only now: a class of scikit-learn is imported to be checked."""
    return (MADE | STOPPING).get(name) or _from_yaml(name)


@pytest.fixture(scope="module")
def made():
    """Numbers, a constant, an all-missing-in-training column, and a category; some missing."""
    rng = np.random.default_rng(5)
    values = rng.normal(size=(ROWS, 5)).astype(np.float32)
    values[rng.random(values.shape) < 0.05] = np.nan
    values[:, 2] = 1
    values[:, 4] = rng.integers(0, len(LEVELS), ROWS)
    values[::50, 4] = np.nan
    signal = np.nan_to_num(values[:, 0]) + 2 * (values[:, 4] == 3) + rng.normal(size=ROWS) / 2
    target = (signal > 1.2).astype(np.int8)
    columns = tuple(Column(name) for name in ("income", 'a "b": [c]', "constant", "noise"))
    table = Table((*columns, Column("region", LEVELS)), values)
    train = np.flatnonzero(np.arange(ROWS) % 3 != 0).astype(np.int64)
    values[train, 3] = np.where(values[train, 4] == 5, np.nan, values[train, 3])
    return table, target, train


def _prepare(model, table, train) -> tuple[Preparation, Table]:
    needs = model.needs
    preparation = fit_preparation(
        table, train, impute=needs.impute, encode=needs.encode, scale=needs.scale
    )
    return preparation, preparation.transform(table)


def _fit(model, made, *, threads=1, training=None, shared=True):
    table, target, train = made
    _, prepared = _prepare(model, table, train)
    shared = shared and prepared is table and (training is None or training.synthetic is None)
    session = model.session(TableToFit(table, target, threads=threads, shared_bins=shared))
    return session.fit(training or TrainingRows(train), prepared), prepared


@every_model
def test_scores_are_probabilities_of_all_rows(model, made):
    fitted, prepared = _fit(model, made)
    scores = fitted.scores(prepared)
    assert scores.shape == (ROWS,)
    assert scores.dtype == np.float64
    assert ((scores >= 0) & (scores <= 1)).all()


@every_model
def test_scores_of_some_rows_are_theirs_bit_for_bit(model, made):
    fitted, prepared = _fit(model, made)
    rows = np.array([5, 0, 899, 17], dtype=np.int64)
    assert fitted.scores(prepared, rows).tobytes() == fitted.scores(prepared)[rows].tobytes()


@every_model
def test_scores_of_an_equal_table_are_the_same_bit_for_bit(model, made):
    fitted, prepared = _fit(model, made)
    copied = Table(prepared.columns, prepared.values.copy())
    assert fitted.scores(copied).tobytes() == fitted.scores(prepared).tobytes()


@every_model
def test_fits_are_the_same_bit_for_bit_over_runs_and_threads(model, made):
    one, again, two = (
        fitted.scores(prepared).tobytes()
        for fitted, prepared in (_fit(model, made, threads=threads) for threads in (1, 1, 2))
    )
    assert one == again
    assert one == two


@every_model
def test_one_session_fits_several_times_without_memory_of_before(model, made):
    table, target, train = made
    _, prepared = _prepare(model, table, train)
    session = model.session(TableToFit(table, target, threads=1, shared_bins=prepared is table))
    first = session.fit(TrainingRows(train), prepared).scores(prepared)
    session.fit(TrainingRows(train[:100], weights=np.full(100, 3.0)), prepared)
    again = session.fit(TrainingRows(train), prepared).scores(prepared)
    assert first.tobytes() == again.tobytes()


@learning
def test_it_learns(model, made):
    from sklearn.metrics import roc_auc_score

    _, target, train = made
    fitted, prepared = _fit(model, made)
    others = np.setdiff1d(np.arange(ROWS), train)
    assert roc_auc_score(target[others], fitted.scores(prepared, others)) > 0.8


@every_model
def test_labels_of_other_rows_are_not_seen(model, made):
    table, target, train = made
    planted = 1 - target
    planted[train] = target[train]
    first, prepared = _fit(model, made)
    second, _ = _fit(model, (table, planted, train))
    assert first.scores(prepared).tobytes() == second.scores(prepared).tobytes()


@every_model
def test_weights_change_the_fit(model, made):
    _, target, train = made
    heavy = np.where(target[train] == 1, 9.0, 1.0)
    plain, prepared = _fit(model, made)
    weighted, _ = _fit(model, made, training=TrainingRows(train, weights=heavy))
    assert weighted.scores(prepared).mean() > 1.2 * plain.scores(prepared).mean()


@every_model
def test_weights_of_one_change_nothing(name, model, made):
    if name == "random_forest":
        pytest.skip("scikit-learn draws a forest's bootstrap rows anew when there are weights")
    _, _, train = made
    plain, prepared = _fit(model, made)
    ones, _ = _fit(model, made, training=TrainingRows(train, weights=np.ones(len(train))))
    np.testing.assert_allclose(ones.scores(prepared), plain.scores(prepared), rtol=1e-6)


@every_model
def test_synthetic_rows_are_trained_on(name, model, made):
    table, _, train = made
    _, prepared = _prepare(model, table, train)
    values = np.zeros((600, len(prepared.columns)), dtype=np.float32)
    training = TrainingRows(train, synthetic=SyntheticRows(values, np.ones(600, dtype=np.int8)))
    if name in STOPPING:
        with pytest.raises(ValueError, match="real rows"):
            _fit(model, made, training=training)
        return
    plain, _ = _fit(model, made, shared=False)
    fuller, _ = _fit(model, made, training=training)
    assert fuller.scores(prepared).mean() > plain.scores(prepared).mean()


@every_model
def test_saved_and_loaded_scores_are_the_same_bit_for_bit(model, made, tmp_path):
    table, _, train = made
    preparation, _ = _prepare(model, table, train)
    fitted, prepared = _fit(model, made)
    fitted.save(tmp_path / "model", preparation.to_json())
    loaded = load_fitted(tmp_path / "model")
    assert loaded.columns == prepared.columns
    assert loaded.scores(prepared).tobytes() == fitted.scores(prepared).tobytes()
    assert loaded.importance() == fitted.importance()


@every_model
def test_no_pickle_is_written(model, made, tmp_path):
    fitted, _ = _fit(model, made)
    fitted.save(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names <= {"model.json", "model.txt", "model.ubj", "model.skops"}
    assert len(names) == 2


@every_model
def test_importance_names_the_prepared_columns(name, model, made):
    fitted, prepared = _fit(model, made)
    importance = fitted.importance()
    if importance is None:
        assert name == "dummy"
        return
    assert list(importance) == list(prepared.names)
    assert importance["income"] > importance["constant"]


@every_model
def test_a_category_and_a_gap_that_training_never_showed_still_get_scores(model, made):
    table, target, _ = made
    train = np.flatnonzero((table.values[:, 4] < 3) & ~np.isnan(table.values[:, 0]))
    fitted, prepared = _fit(model, (table, target, train.astype(np.int64)))
    scores = fitted.scores(prepared)
    assert np.isfinite(scores).all()


@every_model
def test_rounds_are_counted_where_there_are_any(name, model, made):
    fitted, _ = _fit(model, made)
    if not isinstance(model, (LightGBM, XGBoost)):
        assert fitted.trees is None
    elif name in STOPPING:
        assert 1 <= fitted.trees < 60
    else:
        assert fitted.trees == 15


@every_model
def test_contributions_say_what_the_columns_add(name, model, made):
    fitted, table = _fit(model, made)
    typical = np.nan_to_num(np.nanmedian(table.values, axis=0))
    some = Table(table.columns, table.values[:40])
    found = fitted.contributions(some, typical)
    assert found.values.shape == (40, len(table.columns))
    odds = log_odds(fitted.scores(some))
    if found.method == "replacement":
        usual = Table(table.columns, typical[None, :])
        assert not fitted.contributions(usual, typical).values.any()
        assert found.base == log_odds(fitted.scores(usual))[0]
        changed = some.values.copy()
        changed[:, 0] = typical[0]
        fall = odds - log_odds(fitted.scores(Table(table.columns, changed)))
        np.testing.assert_allclose(found.values[:, 0], fall, atol=1e-12)
    else:
        np.testing.assert_allclose(found.values.sum(axis=1) + found.base, odds, atol=1e-5)


@every_model
def test_one_row_can_be_scored(model, made):
    fitted, prepared = _fit(model, made)
    one = Table(prepared.columns, prepared.values[:1].copy())
    assert fitted.scores(one).shape == (1,)


@pytest.mark.parametrize("path", OPTIONS, ids=lambda p: p.stem)
def test_every_option_gives_its_class_all_settings(path):
    settings = yaml.safe_load(path.read_text())
    kind = type(_from_yaml(path.stem))
    assert settings.pop("_target_") == f"{kind.__module__}.{kind.__name__}"
    assert set(settings) == {field.name for field in fields(kind)}
