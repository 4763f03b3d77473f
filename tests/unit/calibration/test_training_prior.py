"""The prior that a model sees, against counting."""

import numpy as np
import pytest

from cutscore.calibration.training_prior import training_prior
from cutscore.model.lightgbm import LightGBM
from cutscore.model.sklearn_style import SklearnClassifier
from cutscore.model.xgboost import XGBoost
from cutscore.records import SyntheticRows, TrainingRows

TARGET = np.array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0], dtype=np.int8)
ALL = np.arange(10)
LOGISTIC = "sklearn.linear_model.LogisticRegression"
NAIVE = "sklearn.naive_bayes.GaussianNB"


def prior_of(training, model=None, target=TARGET):
    factors = None if model is None else model.class_factors
    return training_prior(training, ALL, target, factors)


def test_plain_rows_have_their_share():
    prior = prior_of(TrainingRows(ALL))
    assert (prior.share, prior.natural, prior.doubt) == (0.2, True, "")


def test_weights_by_class_are_exact():
    prior = prior_of(TrainingRows(ALL, weights=np.where(TARGET == 1, 2.5, 0.625)))
    assert prior.share == pytest.approx(0.5)
    assert (prior.natural, prior.doubt) == (False, "")


def test_weights_by_row_leave_a_doubt():
    weights = np.ones(10)
    weights[1] = 3.0
    prior = prior_of(TrainingRows(ALL, weights=weights))
    assert prior.share == pytest.approx(2 / 12)
    assert "within a class" in prior.doubt


def test_rows_made_up_count_and_leave_a_doubt():
    made_up = SyntheticRows(np.zeros((6, 1), dtype=np.float32), np.ones(6, dtype=np.int8))
    prior = prior_of(TrainingRows(ALL, synthetic=made_up))
    assert (prior.share, prior.natural) == (0.5, False)
    assert "made up" in prior.doubt


def test_dropped_rows_do_not_count():
    prior = prior_of(TrainingRows(np.array([0, 1, 5, 7])))
    assert (prior.share, prior.natural) == (0.5, False)


def test_as_many_rows_as_before_need_not_be_the_same():
    made_up = SyntheticRows(np.zeros((2, 1), dtype=np.float32), np.ones(2, dtype=np.int8))
    assert not prior_of(TrainingRows(ALL[:8], synthetic=made_up)).natural
    assert not prior_of(TrainingRows(ALL[::-1] // 2)).natural


@pytest.mark.parametrize(
    ("kind", "given", "share"),
    [
        (LightGBM, [{"scale_pos_weight": 4}], 0.5),
        (LightGBM, [{"scale_pos_weight": 1}], 0.2),
        (LightGBM, [{"is_unbalance": True}], 0.5),
        (LightGBM, [{"unbalance": True}], 0.5),
        (LightGBM, [{"unbalanced_sets": True}], 0.5),
        (LightGBM, [{"is_unbalance": False}], 0.2),
        (LightGBM, [{"neg_bagging_fraction": 0.25, "bagging_freq": 1}], 0.5),
        (LightGBM, [{"neg_subsample": 0.25, "subsample_freq": 1}], 0.5),
        (LightGBM, [{"pos_sub_row": 0.5, "bagging_freq": 2}], 1 / 9),
        (LightGBM, [{"pos_bagging": 0.5, "neg_bagging": 0.5, "bagging_freq": 1}], 0.2),
        (LightGBM, [{"neg_bagging_fraction": 0.25}], 0.2),  # nothing is bagged
        (LightGBM, [{"neg_bagging": 0.25, "bagging_freq": 1, "data_sample_strategy": "goss"}], 0.2),
        (LightGBM, [{"bagging_fraction": 0.5, "bagging_freq": 1}], 0.2),
        (XGBoost, [{"scale_pos_weight": 4}], 0.5),
        (XGBoost, [{"subsample": 0.5}], 0.2),
        (SklearnClassifier, [LOGISTIC, {"class_weight": "balanced"}], 0.5),
        (SklearnClassifier, [LOGISTIC, {"class_weight": None}], 0.2),
        (SklearnClassifier, [LOGISTIC, {"class_weight": {0: 0.5, 1: 2}}], 0.5),
        (SklearnClassifier, [LOGISTIC, {"class_weight": {"1": 4}}], 0.5),
        (SklearnClassifier, [NAIVE, {"priors": [0.6, 0.4]}], 0.4),
        (SklearnClassifier, ["sklearn.naive_bayes.BernoulliNB", {"fit_prior": False}], 0.5),
        (SklearnClassifier, ["imblearn.ensemble.EasyEnsembleClassifier"], 0.5),
        (SklearnClassifier, ["lightgbm.LGBMClassifier", {"unbalance": True}], 0.5),
        (SklearnClassifier, ["xgboost.XGBClassifier", {"scale_pos_weight": 4}], 0.5),
    ],
    ids=lambda value: getattr(value, "__name__", str(value))[:70],
)
def test_what_the_classifier_does_itself_counts(kind, given, share):
    model = kind(*given)
    prior = prior_of(TrainingRows(ALL), model)
    assert prior.share == pytest.approx(share)
    drawn = "draws rows" in prior.doubt
    assert prior.natural == (share == 0.2 and not drawn)
    params = getattr(model, "params", {})
    bagged = any("bagging" in name or "sub" in name for name in params) and share != 0.2
    if bagged or "imblearn" in getattr(model, "estimator", ""):
        assert drawn


@pytest.mark.parametrize("label", [0, 1])
def test_one_class(label):
    target = np.full(10, label, dtype=np.int8)
    for model in (
        None,
        LightGBM({"is_unbalance": True}),
        SklearnClassifier(LOGISTIC, {"class_weight": "balanced"}),
    ):
        assert prior_of(TrainingRows(ALL), model, target).share == label
