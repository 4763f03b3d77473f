"""What every data source and every data and feature option keeps to."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import TypeAdapter
from strategies import classes, options

from cutscore.data import Source
from cutscore.features.combined import Combined

CONF = Path(__file__).parents[2] / "conf"
TARGETS = {
    name: yaml.safe_load((CONF / "data" / f"{name}.yaml").read_text())["_target_"]
    for name in options("data")
}
PACKAGED = [name for name, target in TARGETS.items() if target.endswith(".PackagedSource")]


def _source(option: str, **overrides: Any) -> Source:
    settings = yaml.safe_load((CONF / "data" / f"{option}.yaml").read_text()) | overrides
    module, name = settings.pop("_target_").rsplit(".", 1)
    adapter = TypeAdapter(getattr(importlib.import_module(module), name))
    source: Source = adapter.validate_python(settings)
    return source


def _csv(folder: Path) -> str:
    path = folder / "t.csv"
    rows = [f"{i},{i % 5},{'xyz'[i % 3]},{i % 2}" for i in range(30)]
    path.write_text("id,a,c,bad\n" + "\n".join(rows) + "\n")
    return str(path)


MADE = [name for name, target in TARGETS.items() if target.endswith(".MadeLoans")]
WHOLE = [*PACKAGED, *MADE, "table"]
OF_SEVERAL_TABLES = ("home_credit", "home_credit_synthetic")
"""Loaded in `unit/data/test_made_tables.py`, which makes their tables."""


@pytest.mark.parametrize("option", WHOLE)
def test_a_data_set_is_whole_and_the_same_twice(option: str, tmp_path: Path) -> None:
    table = {"path": _csv(tmp_path), "target": "bad", "id": "id"}
    made = {"path": str(tmp_path), "rows": 200}
    own = table if option == "table" else made if option in MADE else {}
    source = _source(option, **own)
    dataset, again = source.load(), source.load()
    assert dataset.digest == again.digest
    assert len(dataset.digest) == 64
    rows = dataset.rows
    assert dataset.table.values.shape == (rows, len(dataset.table.columns))
    assert dataset.table.values.dtype == np.float32
    assert dataset.table.values.flags.c_contiguous
    assert not np.isinf(dataset.table.values).any()
    assert set(np.unique(dataset.target)) == {0, 1}
    assert dataset.target.dtype == np.int8
    assert len(dataset.ids) == len(np.unique(dataset.ids)) == rows
    assert dataset.target_name not in dataset.table.names
    assert (dataset.duplicate_of <= np.arange(rows)).all()
    assert (dataset.duplicate_of[dataset.duplicate_of] == dataset.duplicate_of).all()
    for at in dataset.table.categorical:
        levels = dataset.table.columns[at].levels
        codes = dataset.table.values[:, at]
        assert levels is not None
        assert list(levels) == sorted(set(levels))
        assert set(np.unique(codes[~np.isnan(codes)])) == set(range(len(levels)))
    assert all(values.dtype == np.float64 for values in dataset.amounts.values())


@pytest.mark.parametrize("option", PACKAGED)
def test_declared_expressions_and_products_can_be_made(option: str) -> None:
    settings = yaml.safe_load((CONF / "data" / f"{option}.yaml").read_text())
    dataset = _source(option).load()
    strategy = Combined(settings["domain"], tuple(settings["polynomial"]))
    table = strategy.build(dataset)
    products = len(settings["polynomial"]) * (len(settings["polynomial"]) + 1) // 2
    assert len(table.columns) == len(dataset.table.columns) + len(settings["domain"]) + products
    for at in range(len(dataset.table.columns), len(table.columns)):
        known = table.values[:, at][~np.isnan(table.values[:, at])]
        assert known.min() < known.max(), table.names[at]


def test_every_kind_of_source_is_loaded_here():
    kinds = {f"{cls.__module__}.{cls.__qualname__}" for cls in classes("data")}
    assert kinds == {TARGETS[option] for option in (*WHOLE, *OF_SEVERAL_TABLES)}
