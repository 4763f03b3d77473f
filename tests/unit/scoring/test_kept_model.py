"""A saved model on data frames."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from cutscore.cost.columns import ColumnCost
from cutscore.errors import RequestError, StoreError
from cutscore.model import TableToFit
from cutscore.model.lightgbm import LightGBM
from cutscore.model.sklearn_style import SklearnClassifier
from cutscore.preparation import fit_preparation
from cutscore.records import Column, Table, TrainingRows
from cutscore.scoring.pyfunc import _load_pyfunc

LEVELS = ("north", "south", "west")
TREES = LightGBM({"n_estimators": 10})


def _frame(table: Table) -> pd.DataFrame:
    """The table as a user has it: strings for categories, any order of columns."""
    codes = table.values[:, 2]
    region = [None if np.isnan(code) else LEVELS[int(code)] for code in codes]
    return pd.DataFrame(
        {"region": region, "age": table.values[:, 1], "income": table.values[:, 0]},
        index=np.arange(len(codes)) + 100,
    )


def _table() -> tuple[Table, np.ndarray]:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 3)).astype(np.float32)
    values[:, 2] = rng.integers(0, 3, 300)
    values[rng.random(values.shape) < 0.1] = np.nan
    table = Table((Column("income"), Column("age"), Column("region", LEVELS)), values)
    target = (np.nan_to_num(values[:, 0]) + (values[:, 2] == 1) > 0.8).astype(np.int8)
    return table, target


def _document(**decision):
    """The text of a threshold.json with some of the decision replaced."""
    plain = {
        "calibrator": {"kind": "none"},
        "rule": {"kind": "threshold", "threshold": 0.5},
        "correction": None,
        "costs": {"kind": "fixed", "false_negative": 10, "false_positive": 1},
    }
    return json.dumps({"schema_version": 2, "decision": plain | decision})


def _saved(model, folder):
    table, target = _table()
    rows, needs = np.arange(300), model.needs
    preparation = fit_preparation(
        table, rows, impute=needs.impute, encode=needs.encode, scale=needs.scale
    )
    prepared = preparation.transform(table)
    session = model.session(TableToFit(table, target, threads=1, shared_bins=False))
    fitted = session.fit(TrainingRows(rows), prepared)
    fitted.save(folder, preparation.to_json())
    return table, fitted.scores(prepared)


@pytest.fixture
def scorer(tmp_path):
    _saved(TREES, tmp_path)
    return _load_pyfunc(str(tmp_path))


@pytest.mark.parametrize("trees", [True, False], ids=["lightgbm", "logistic_regression"])
def test_scores_are_those_of_the_run_bit_for_bit(trees, tmp_path):
    linear = "sklearn.linear_model.LogisticRegression"
    model = TREES if trees else SklearnClassifier(linear, scale=True)
    table, expected = _saved(model, tmp_path)
    result = _load_pyfunc(str(tmp_path)).predict(_frame(table))
    assert list(result.columns) == ["score"]
    assert result["score"].to_numpy().tobytes() == expected.tobytes()
    assert result.index[0] == 100


def test_flagged_is_score_at_or_above_the_threshold(tmp_path):
    table, expected = _saved(TREES, tmp_path)
    threshold = float(np.sort(expected)[200])
    (tmp_path / "threshold.json").write_text(json.dumps({"threshold": threshold}))
    result = _load_pyfunc(str(tmp_path)).predict(_frame(table))
    assert result["flagged"].tolist() == (expected >= threshold).tolist()
    assert result["flagged"].sum() >= 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "tells no decision: 'threshold'"),
        ("{", "is damaged"),
        ("[]", "has schema None"),
        ('{"schema_version": 3}', "has schema 3, this version of Cutscore reads up to 2"),
        ('{"schema_version": 2}', "tells no decision: 'decision'"),
        (_document(rule={"kind": "oracle"}), "no decision rule: {'kind': 'oracle'}"),
        (_document(calibrator={"kind": "magic"}), "unknown kind of calibrator.*'magic'"),
        (_document(rule={"kind": "bayes_minimum_risk"}, costs=None), "unknown kind of cost: None"),
        (_document(correction={"base_rate": 0.1}), "correction is damaged: 'prior'"),
    ],
)
def test_a_decision_that_cannot_be_read_is_an_error(tmp_path, text, message):
    _saved(TREES, tmp_path)
    (tmp_path / "threshold.json").write_text(text)
    with pytest.raises(StoreError, match=message):
        _load_pyfunc(str(tmp_path))


def test_rows_decided_by_their_own_costs_need_their_columns(tmp_path):
    table, scores = _saved(TREES, tmp_path)
    costs = ColumnCost("loss", 2.0, 0.0, 0.0).to_json()
    document = _document(rule={"kind": "bayes_minimum_risk"}, costs=costs)
    (tmp_path / "threshold.json").write_text(document)
    model, frame = _load_pyfunc(str(tmp_path)), _frame(table)
    assert model.cost_columns == ("loss",)
    loss = np.random.default_rng(1).uniform(0, 20, len(frame)).round(2)
    answer = model.predict(frame.assign(loss=loss))
    assert list(answer.columns) == ["score", "probability", "flagged"]
    flagged = scores * loss >= (1 - scores) * 2.0
    assert answer["flagged"].tolist() == flagged.tolist()
    assert 0 < flagged.sum() < len(frame)
    with pytest.raises(RequestError, match=r'loss: the column is missing\. Did you mean "los"'):
        model.predict(frame.assign(los=loss))
    with pytest.raises(
        RequestError, match='loss: a number is needed, got "much" in row 0 and 299 more'
    ):
        model.predict(frame.assign(loss="much"))
    loss[3] = np.nan
    with pytest.raises(RequestError, match='"loss" is missing or infinite in 1 of 300 rows'):
        model.predict(frame.assign(loss=loss))


def test_an_unknown_category_counts_as_missing_and_other_columns_are_ignored(scorer):
    known = _frame(_table()[0]).head(3)
    unknown = known.assign(region="atlantis", note="ignored")
    missing = known.assign(region=None)
    pd.testing.assert_frame_equal(scorer.predict(unknown), scorer.predict(missing))


def test_pandas_categories_and_text_are_the_same(scorer):
    frame = _frame(_table()[0])
    as_category = frame.assign(region=frame["region"].astype("category"))
    pd.testing.assert_frame_equal(scorer.predict(frame), scorer.predict(as_category))


def test_all_missing_columns_are_named_with_the_nearest(scorer):
    frame = _frame(_table()[0]).rename(columns={"income": "incme", "region": "zone"})
    with pytest.raises(RequestError) as caught:
        scorer.predict(frame)
    assert [fault.setting for fault in caught.value.faults] == ["income", "region"]
    assert 'Did you mean "incme"?' in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("much", 'income: a number is needed, got "much" in row 4.'),
        (np.inf, "income: a finite number is needed, of at most 3.4e38, got inf in row 4."),
    ],
)
def test_values_that_are_no_numbers_are_named(scorer, value, message):
    frame = _frame(_table()[0]).astype({"income": object})
    frame.iloc[4, 2] = value
    with pytest.raises(RequestError, match=message):
        scorer.predict(frame)


def test_repeated_columns_are_refused(scorer):
    frame = _frame(_table()[0])
    with pytest.raises(RequestError, match="age: the column is there more than once"):
        scorer.predict(pd.concat([frame, frame[["age"]]], axis=1))


def test_parameters_are_refused(scorer):
    with pytest.raises(RequestError, match="none are known, got treshold"):
        scorer.predict(_frame(_table()[0]), params={"treshold": 0.4})


def test_loading_imports_no_mlflow(tmp_path):
    _saved(TREES, tmp_path)
    code = (
        "import sys; from cutscore.scoring.pyfunc import _load_pyfunc;"
        f"_load_pyfunc({str(tmp_path)!r}); print('mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_settings_import_no_heavy_library():
    code = (
        "import sys; import cutscore.model.lightgbm, cutscore.model.xgboost,"
        "cutscore.model.sklearn_style, cutscore.sampling.smote_undersample, cutscore.preparation;"
        "cutscore.model.lightgbm.LightGBM({'num_leaves': 9});"
        "print(sorted({'lightgbm', 'sklearn', 'imblearn', 'xgboost', 'pandas', 'skops', 'scipy'}"
        " & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
