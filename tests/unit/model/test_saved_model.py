"""Saved models: what is refused when saving and when loading."""

from __future__ import annotations

import json
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from cutscore.errors import RequestError, StoreError
from cutscore.model import TableToFit, load_fitted
from cutscore.model.lightgbm import LightGBM
from cutscore.model.safe_skops import load_checked, save_checked
from cutscore.model.sklearn_style import SklearnClassifier
from cutscore.records import Column, Table, TrainingRows


def _fit(model):
    rng = np.random.default_rng(0)
    table = Table((Column("a"), Column("b")), rng.normal(size=(200, 2)).astype(np.float32))
    target = (table.values[:, 0] > 0.5).astype(np.int8)
    session = model.session(TableToFit(table, target, threads=1, shared_bins=False))
    return session.fit(TrainingRows(np.arange(200)), table)


def _forest():
    return _fit(SklearnClassifier("sklearn.ensemble.RandomForestClassifier", {"n_estimators": 3}))


def test_a_classifier_with_types_not_allowed_is_refused_and_leaves_no_file(tmp_path):
    fitted = _fit(
        SklearnClassifier("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 3})
    )
    with pytest.raises(RequestError) as caught:
        fitted.save(tmp_path)
    (fault,) = caught.value.faults
    assert fault.setting == "model.refit"
    assert "TreePredictor" in fault.problem
    assert "model.refit=false" in fault.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "planted",
    [partial(print, "ran"), print, Path.unlink, [1, {"inner": Path("x")}], np.random.default_rng],
    ids=["partial", "builtin", "method", "nested", "function"],
)
def test_a_file_with_other_types_is_not_loaded(planted, tmp_path, capsys):
    import skops.io
    from sklearn.dummy import DummyClassifier

    estimator = DummyClassifier().fit([[0.0], [1.0]], [0, 1])
    estimator.planted_ = planted
    skops.io.dump(estimator, tmp_path / "model.skops")
    with pytest.raises(StoreError, match="types not allowed"):
        load_checked(tmp_path / "model.skops")
    assert "ran" not in capsys.readouterr().out


def test_a_renamed_type_is_not_loaded(tmp_path):
    file = tmp_path / "model.skops"
    save_checked(_fit(SklearnClassifier("sklearn.dummy.DummyClassifier")).estimator, file, "dummy")
    _rewrite(file, lambda name, data: data.replace(b"sklearn.dummy", b"subprocess"))
    with pytest.raises(StoreError, match=r"subprocess\.DummyClassifier"):
        load_checked(file)


@pytest.mark.parametrize(
    ("field", "value"), [("left_child", 10_000), ("feature", 77), ("right_child", 0)]
)
def test_a_tree_that_points_outside_is_not_loaded(field, value, tmp_path):
    file = tmp_path / "model.skops"
    save_checked(_forest().estimator, file, "forest")
    _tamper_with_nodes(file, field, value)
    with pytest.raises(StoreError, match="a tree points outside"):
        load_checked(file)


def _tamper_with_nodes(file: Path, field: str, value: int) -> None:
    import io

    def change(name: str, data: bytes) -> bytes:
        if not name.endswith(".npy"):
            return data
        array = np.load(io.BytesIO(data))
        if array.dtype.names is None or field not in array.dtype.names:
            return data
        array = array.copy()
        array[field][0] = value
        out = io.BytesIO()
        np.save(out, array)
        return out.getvalue()

    _rewrite(file, change)


def _rewrite(file: Path, change) -> None:
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, change(name, data))


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(StoreError, match=r"holds no saved model: model\.json is missing"):
        load_fitted(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged"),
        ('{"format": 99}', "has format 99"),
        ("[]", "has format None"),
        ('{"format": 1, "kind": "x", "file": "f", "columns": []}', "f is missing"),
    ],
)
def test_a_damaged_description_is_named(text, message, tmp_path):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(StoreError, match=message):
        load_fitted(tmp_path)


def test_an_unknown_kind_is_named(tmp_path):
    _fit(LightGBM({"n_estimators": 2})).save(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "kind": "oracle"}))
    with pytest.raises(StoreError, match="unknown kind of model: 'oracle'"):
        load_fitted(tmp_path)


@pytest.mark.parametrize("kind", ["lightgbm", "xgboost", "sklearn"])
def test_junk_in_place_of_a_model_is_an_error_of_the_store(kind, tmp_path):
    _fit(LightGBM({"n_estimators": 2})).save(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "kind": kind}))
    (tmp_path / "model.txt").write_text("junk")
    with pytest.raises(StoreError, match=r"model\.txt is not a"):
        load_fitted(tmp_path)


def test_the_description_has_columns_preparation_and_versions(tmp_path):
    _fit(LightGBM({"n_estimators": 2})).save(tmp_path, {"notes": [], "parts": []})
    description = json.loads((tmp_path / "model.json").read_text())
    assert [column["name"] for column in description["columns"]] == ["a", "b"]
    assert description["preparation"] == {"notes": [], "parts": []}
    assert set(description["versions"]) == {"cutscore", "numpy", "lightgbm"}
    assert str(tmp_path) not in (tmp_path / "model.txt").read_text()
