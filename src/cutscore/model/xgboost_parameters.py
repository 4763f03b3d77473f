"""The parameters of XGBoost 3 that make sense for a binary classifier on a table in memory."""

from __future__ import annotations

from collections.abc import Mapping

from cutscore.model.parameters import Range, Vocabulary

# Main name: the other names, of the native interface and of scikit-learn's, for it.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "n_estimators": ("num_boost_round",),
    "learning_rate": ("eta",),
    "max_depth": (),
    "max_leaves": (),
    "max_bin": (),
    "grow_policy": (),
    "min_split_loss": ("gamma",),
    "min_child_weight": (),
    "max_delta_step": (),
    "subsample": (),
    "sampling_method": (),
    "colsample_bytree": (),
    "colsample_bylevel": (),
    "colsample_bynode": (),
    "reg_alpha": ("alpha",),
    "reg_lambda": ("lambda",),
    "scale_pos_weight": (),
    "base_score": (),
    "seed": ("random_state",),
    "booster": (),
    "tree_method": (),
    "num_parallel_tree": (),
    "monotone_constraints": (),
    "interaction_constraints": (),
    "max_cat_to_onehot": (),
    "max_cat_threshold": (),
    "rate_drop": (),
    "skip_drop": (),
    "one_drop": (),
    "sample_type": (),
    "normalize_type": (),
    "objective": (),
    "eval_metric": (),
    "nthread": ("n_jobs",),
    "verbosity": (),
    "device": (),
    "early_stopping_rounds": (),
    "enable_categorical": (),
    "missing": (),
}

_REFUSED: Mapping[str, str] = {
    "objective": "the objective is always binary:logistic",
    "eval_metric": "metrics are computed by Cutscore, on out-of-fold scores",
    "nthread": "threads are set once for the whole run, scores do not depend on them",
    "verbosity": "XGBoost is always silent here",
    "device": "scores are only the same bit for bit on the CPU",
    "early_stopping_rounds": "set model.early_stopping_rounds: it holds training rows back",
    "enable_categorical": "name categorical columns with data.categorical",
    "missing": "missing values are always NaN here",
}

_SHARE = Range(0, 1, open_low=True)
_RANGES: Mapping[str, Range] = {
    "n_estimators": Range(1, whole=True),
    "learning_rate": Range(0, open_low=True),
    "max_depth": Range(0, whole=True),
    "max_leaves": Range(0, whole=True),
    "max_bin": Range(2, whole=True),
    "min_split_loss": Range(0),
    "min_child_weight": Range(0),
    "subsample": _SHARE,
    "colsample_bytree": _SHARE,
    "colsample_bylevel": _SHARE,
    "colsample_bynode": _SHARE,
    "reg_alpha": Range(0),
    "reg_lambda": Range(0),
    "scale_pos_weight": Range(0, open_low=True),
    "seed": Range(whole=True),
}

VOCABULARY = Vocabulary("XGBoost", _NAMES, _REFUSED, _RANGES)
