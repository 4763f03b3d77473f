"""What classifiers' own parameters make of the classes, whatever the sampling method does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutscore.model.lightgbm_parameters import VOCABULARY
from cutscore.records import ClassFactors

DRAWN = "the classifier draws rows by class itself"


def booster_factors(params: Mapping[str, Any], negatives: float, positives: float) -> ClassFactors:
    """Return the factors of a booster with parameters by LightGBM's main names for them.

    As LightGBM (scale_pos_weight, is_unbalance; pos_ and neg_bagging_fraction, which count where
    there is bagging) and XGBoost (scale_pos_weight) define them.
    """
    negative, positive, doubt = 1.0, 1.0, ""
    if params.get("is_unbalance") and positives and negatives:
        positive = negatives / positives
    scale = params.get("scale_pos_weight")
    if isinstance(scale, int | float):
        positive *= scale
    sampled = "goss" in (params.get("data_sample_strategy"), params.get("boosting"))
    if params.get("bagging_freq", 0) and not sampled:
        parts = [float(params.get(f"{kind}_bagging_fraction", 1.0)) for kind in ("neg", "pos")]
        if min(parts) < 1.0:
            negative, positive, doubt = negative * parts[0], positive * parts[1], DRAWN
    return ClassFactors(negative, positive, doubt)


def estimator_factors(
    path: str, params: Mapping[str, Any], negatives: float, positives: float
) -> ClassFactors:
    """Return the factors of a scikit-learn-style classifier, by its import path.

    As scikit-learn (class_weight; priors, class_prior and fit_prior of models that take the shares
    of classes as given), imbalanced-learn (ensembles that draw as many rows of each class) and the
    wrappers of LightGBM and XGBoost define them.
    """
    if not (positives and negatives):
        return ClassFactors()
    factors = booster_factors(
        {VOCABULARY.canonical.get(name, name): value for name, value in params.items()},
        negatives,
        positives,
    )
    negative, positive, doubt = factors.negative, factors.positive, factors.doubt
    given = params.get("class_weight")
    if isinstance(given, str):  # "balanced", "balanced_subsample"
        positive *= negatives / positives
    elif isinstance(given, Mapping):
        negative *= float(given.get(0, given.get("0", 1.0)))
        positive *= float(given.get(1, given.get("1", 1.0)))
    shares = params.get("priors", params.get("class_prior"))
    if shares is None and params.get("fit_prior") is False:
        shares = (0.5, 0.5)
    if isinstance(shares, Sequence) and len(shares) == 2:
        negative, positive = float(shares[0]) / negatives, float(shares[1]) / positives
    if path.startswith("imblearn."):
        positive, doubt = positive * negatives / positives, DRAWN
    return ClassFactors(negative, positive, doubt)
