"""Classifiers by import path: what is checked before a run, and how they are fitted."""

from __future__ import annotations

import numpy as np
import pytest

from cutscore.errors import RequestError
from cutscore.model import TableToFit
from cutscore.model.sklearn_style import SklearnClassifier
from cutscore.records import Column, Table, TrainingRows


def _table(rows=200):
    rng = np.random.default_rng(0)
    table = Table((Column("a"), Column("b")), rng.normal(size=(rows, 2)).astype(np.float32))
    return table, (table.values[:, 0] > 0.5).astype(np.int8)


def _fit(model, training=None, threads=1):
    table, target = _table()
    session = model.session(TableToFit(table, target, threads=threads, shared_bins=False))
    return session.fit(training or TrainingRows(np.arange(200)), table), table


@pytest.mark.parametrize(
    ("estimator", "params", "message"),
    [
        ("RandomForestClassifier", {}, "must be the import path of a class"),
        ("sklearn.ensembel.X", {}, "cannot be imported"),
        (
            "sklearn.ensemble.RandomForestClasifier",
            {},
            'has no class "RandomForestClasifier". Did you mean "RandomForestClassifier"',
        ),
        ("sklearn.metrics.roc_auc_score", {}, "is not"),
        ("sklearn.svm.LinearSVC", {}, "has no predict_proba"),
        ("sklearn.linear_model.LinearRegression", {}, "has no predict_proba"),
        (
            "sklearn.linear_model.LogisticRegression",
            {"max_itr": 5},
            'params.max_itr is not a parameter of .* Did you mean "max_iter"',
        ),
        ("sklearn.linear_model.LogisticRegression", {"C": -1}, "Got -1 instead"),
        ("sklearn.ensemble.RandomForestClassifier", {"n_jobs": 2}, "threads are set once"),
    ],
)
def test_bad_settings_are_found_before_any_data(estimator, params, message):
    with pytest.raises(ValueError, match=message):
        SklearnClassifier(estimator, params)


def test_seed_is_the_random_state_unless_one_is_given():
    path = "sklearn.ensemble.RandomForestClassifier"
    assert _fit(SklearnClassifier(path, {"n_estimators": 2}, seed=7))[0].estimator.random_state == 7
    given = SklearnClassifier(path, {"n_estimators": 2, "random_state": 1}, seed=7)
    assert _fit(given)[0].estimator.random_state == 1


def test_a_class_without_random_state_is_not_seeded():
    fitted, table = _fit(SklearnClassifier("sklearn.naive_bayes.GaussianNB"))
    assert fitted.scores(table).shape == (200,)


def test_weights_for_a_classifier_that_takes_none_are_a_fault():
    model = SklearnClassifier("sklearn.discriminant_analysis.LinearDiscriminantAnalysis")
    with pytest.raises(RequestError) as caught:
        _fit(model, TrainingRows(np.arange(200), weights=np.full(200, 2.0)))
    (fault,) = caught.value.faults
    assert fault.setting == "sampling"
    assert "takes no row weights" in fault.problem
    assert "sampling=none" in fault.remedy


def test_a_forest_predicts_with_one_job():
    model = SklearnClassifier("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 3})
    assert _fit(model, threads=2)[0].estimator.n_jobs == 1


def test_training_rows_of_one_class_still_give_scores():
    _, target = _table()
    model = SklearnClassifier("sklearn.dummy.DummyClassifier")
    fitted, table = _fit(model, TrainingRows(np.flatnonzero(target == 0)))
    assert fitted.scores(table).max() == 0


def test_hist_gradient_boosting_is_the_same_over_threads():
    model = SklearnClassifier("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 5})
    scores = [fitted.scores(table) for fitted, table in (_fit(model, threads=t) for t in (1, 2))]
    assert scores[0].tobytes() == scores[1].tobytes()
