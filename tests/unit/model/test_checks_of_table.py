"""Settings of boosters that do not suit a table are refused before anything is fitted."""

from __future__ import annotations

import numpy as np
import pytest

from cutscore.errors import RequestError
from cutscore.model import ChecksTable, TableToFit
from cutscore.model.lightgbm import LightGBM
from cutscore.model.xgboost import XGBoost
from cutscore.records import Column, Table, TrainingRows

RNG = np.random.default_rng(5)
ROWS = 300
VALUES = RNG.normal(size=(ROWS, 4)).astype(np.float32)
VALUES[:, 3] = RNG.integers(0, 3, ROWS)
TABLE = Table((Column("a"), Column("b"), Column("c"), Column("d", ("k", "l", "m"))), VALUES)
TARGET = (VALUES[:, 0] + RNG.normal(size=ROWS) > 1).astype(np.int8)
BOTH = pytest.mark.parametrize("kind", [LightGBM, XGBoost])


def refused(model):
    with pytest.raises(RequestError) as raised:
        model.check(TABLE, TARGET)
    (fault,) = raised.value.faults
    return fault


@BOTH
@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("monotone_constraints", [1], "each of the 4 columns"),
        ("monotone_constraints", [1, 0, 0, 0, 0], "each of the 4 columns"),
        ("monotone_constraints", 1, "each of the 4 columns"),
        ("monotone_constraints", [2, 0, 0, 0], "at least -1 and at most 1"),
        ("monotone_constraints", ["x", 0, 0, 0], "at least -1 and at most 1"),
        ("monotone_constraints", "(1,0)", "each of the 4 columns"),
        ("monotone_constraints", [0, 0, 0, 1], "must be 0 for d"),
        ("interaction_constraints", [[0, 4]], "numbers of columns"),
        ("interaction_constraints", [[0, 100_000_000]], "numbers of columns"),
        ("interaction_constraints", [[-1]], "numbers of columns"),
        ("interaction_constraints", [0, 1], "numbers of columns"),
        ("interaction_constraints", [["a"]], "numbers of columns"),
        ("interaction_constraints", "[0,1", "numbers of columns"),
    ],
)
def test_lists_that_do_not_suit_the_columns(kind, name, value, hint):
    fault = refused(kind({name: value}))
    assert fault.setting == f"model.params.{name}"
    assert hint in fault.problem
    assert repr(value) in fault.problem
    assert "0 a, 1 b, 2 c, 3 d" in fault.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mc", [1]),
        ("feature_contri", [1, 1]),
        ("feature_contri", [1, 1, 1, "x"]),
        ("cegb_penalty_feature_lazy", [1, 1]),
        ("cegb_penalty_feature_coupled", [-1, 0, 0, 0]),
        ("max_bin_by_feature", [9, 9]),
        ("max_bin_by_feature", [1, 9, 9, 9]),
    ],
)
def test_lists_of_lightgbm_alone(name, value):
    assert refused(LightGBM({name: value})).setting == f"model.params.{name}"


def test_all_lists_that_are_wrong_are_told_together():
    model = LightGBM({"feature_contri": [1], "interaction_constraints": [[9]]})
    with pytest.raises(RequestError) as raised:
        model.check(TABLE, TARGET)
    assert len(raised.value.faults) == 2


@BOTH
@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("monotone_constraints", [1, 0, -1, 0], "(1,0,-1,0)"),
        ("interaction_constraints", [[0, 1], [2, 3]], "[[0, 1], [2, 3]]"),
    ],
)
def test_lists_that_suit_do_what_their_texts_do(kind, name, value, text):
    scores = []
    for given in (value, text, None):
        model = kind({"n_estimators": 20, **({} if given is None else {name: given})})
        model.check(TABLE, TARGET)
        session = model.session(TableToFit(TABLE, TARGET, threads=1))
        scores.append(session.fit(TrainingRows(np.arange(ROWS)), TABLE).scores(TABLE).tobytes())
    assert scores[0] == scores[1]
    assert scores[0] != scores[2]


@pytest.mark.parametrize(
    ("model", "setting", "hint"),
    [
        (
            LightGBM({"boosting": "goss", "bagging_fraction": 0.5, "bagging_freq": 1}),
            "boosting",
            "Cannot use bagging in GOSS",
        ),
        (LightGBM({"boost": "gost"}), "boost", "Unknown boosting type gost"),
        (LightGBM({"drop_rate": 4}), "drop_rate", "(drop_rate) <= (1.0)"),
        (LightGBM({"drop_seed": "x"}), "drop_seed", "int"),
        (LightGBM({"linear_tree": True, "zero_as_missing": True}), "zero_as_missing", "linear"),
        (XGBoost({"tree_method": "exact"}), "tree_method", "categorical"),
        (XGBoost({"grow_policy": "x"}), "grow_policy", "depthwise"),
        (XGBoost({"num_parallel_tree": 0}), "num_parallel_tree", "greater equal to 1"),
        (XGBoost({"base_score": 3}), "base_score", "(0,1)"),
    ],
)
def test_what_the_library_refuses(model, setting, hint):
    fault = refused(model)
    assert fault.setting == f"model.params.{setting}"
    assert hint in fault.problem
    for noise in ("Stack trace", "config_auto.cpp", "/workspace"):
        assert noise not in str(fault)


@BOTH
def test_numbers_without_end_are_out_of_range(kind):
    for name in ("n_estimators", "learning_rate"):
        with pytest.raises(ValueError, match=name):
            kind({name: float("inf")})


@BOTH
def test_stopping_and_many_rounds_are_no_hindrance(kind):
    model = kind({"n_estimators": 2_000_000_000}, early_stopping_rounds=3)
    assert isinstance(model, ChecksTable)
    model.check(TABLE, TARGET)
