"""LightGBM: its bins, the scores boosting leaves behind, and its settings."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from cutscore.model import TableToFit, load_fitted
from cutscore.model.contributions import log_odds
from cutscore.model.lightgbm import LightGBM
from cutscore.model.lightgbm_parameters import VOCABULARY
from cutscore.records import Column, SyntheticRows, Table, TrainingRows

CONF = Path(__file__).parents[3] / "conf" / "model" / "lightgbm.yaml"


def _made(rows=3000, columns=4, levels=40):
    """Numbers with ties and gaps, and a category with many and some rare levels."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(rows, columns)).astype(np.float32)
    values[:, 1] = np.round(values[:, 1])
    values[rng.random(values.shape) < 0.1] = np.nan
    values[:, -1] = np.minimum(rng.geometric(0.15, rows) - 1, levels - 1)
    values[::40, -1] = np.nan
    signal = np.nan_to_num(values[:, 0]) + (values[:, -1] % 3 == 1) + rng.normal(size=rows)
    names = [Column(f"c{i}") for i in range(columns - 1)]
    category = Column("category", tuple(f"{i:02d}" for i in range(levels)))
    return Table((*names, category), values), (signal > 1.5).astype(np.int8)


def _dumped_bins(session, path: Path) -> str:
    session.whole._dump_text(str(path))
    return path.read_text()


def test_bins_know_no_labels(tmp_path):
    table, target = _made()
    bins = []
    for name, labels in (("one", target), ("other", np.random.default_rng(0).permutation(target))):
        session = LightGBM(binning="shared").session(
            TableToFit(table, labels, threads=1, shared_bins=True)
        )
        bins.append(_dumped_bins(session, tmp_path / name))
    assert bins[0] == bins[1]
    assert len(bins[0]) > 10_000


@pytest.mark.parametrize("binning", ["shared", "fold"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shares", [4, 1, 5])
def test_scores_left_behind_are_what_predicting_gives(binning, threads, weighted, shares):
    table, target = _made()
    train = np.flatnonzero(np.arange(table.rows) % 5 < shares).astype(np.int64)
    weights = np.where(target[train] == 1, 7.5, 0.6) if weighted else None
    params = {"n_estimators": 40, "subsample": 0.7, "subsample_freq": 1, "deterministic": True}
    session = LightGBM(params, binning=binning).session(
        TableToFit(table, target, threads=threads, shared_bins=True)
    )
    fitted = session.fit(TrainingRows(train, weights=weights), table)
    assert fitted.seen is not None
    assert len(fitted.seen.rows) == (table.rows if binning == "shared" else len(train))
    expected = fitted.booster.predict(table.values, num_threads=threads)
    assert fitted.scores(table).tobytes() == expected.tobytes()


def test_made_up_rows_are_binned_where_they_lie_as_if_they_were_in_one_table():
    table, target = _made()
    whole = np.arange(table.rows)
    made_up = SyntheticRows(table.values[2000:] + np.float32(0.25), target[2000:])
    both = Table(table.columns, np.concatenate((table.values, made_up.values)))
    labels = np.concatenate((target, made_up.target))
    fitted = [
        LightGBM().session(TableToFit(one, known, threads=1)).fit(rows, one)
        for one, known, rows in (
            (table, target, TrainingRows(whole, synthetic=made_up)),
            (both, labels, TrainingRows(np.arange(both.rows))),
        )
    ]
    assert fitted[0].booster.model_to_string() == fitted[1].booster.model_to_string()


@pytest.mark.parametrize("params", [{"boosting": "dart"}, {"linear_tree": True}])
def test_where_boosting_rescales_trees_no_scores_are_kept(params):
    table, target = _made()
    table = Table(table.columns[:-1], np.nan_to_num(table.values[:, :-1]))
    session = LightGBM(params).session(TableToFit(table, target, threads=1, shared_bins=False))
    fitted = session.fit(TrainingRows(np.arange(table.rows)), table)
    assert fitted.seen is None
    assert np.isfinite(fitted.scores(table)).all()


def test_scores_kept_belong_to_that_table_only():
    table, target = _made()
    fitted = (
        LightGBM({"n_estimators": 5})
        .session(TableToFit(table, target, threads=1, shared_bins=True))
        .fit(TrainingRows(np.arange(table.rows)), table)
    )
    other = Table(table.columns, table.values[::-1].copy())
    assert fitted.scores(other).tobytes() == fitted.scores(table)[::-1].tobytes()


def test_shared_bins_and_bins_by_fold_are_nearly_as_good():
    from sklearn.metrics import roc_auc_score

    table, target = _made()
    train = np.flatnonzero(np.arange(table.rows) % 2).astype(np.int64)
    others = np.setdiff1d(np.arange(table.rows), train)
    aucs = []
    for binning in ("shared", "fold"):
        session = LightGBM({"learning_rate": 0.05}, binning=binning).session(
            TableToFit(table, target, threads=1, shared_bins=True)
        )
        assert (session.whole is not None) == (binning == "shared")
        scores = session.fit(TrainingRows(train), table).scores(table, others)
        aucs.append(roc_auc_score(target[others], scores))
    assert aucs[0] == pytest.approx(aucs[1], abs=0.01)


def test_shared_bins_refuse_made_up_rows_and_other_tables():
    table, target = _made()
    session = LightGBM(binning="shared").session(
        TableToFit(table, target, threads=1, shared_bins=True)
    )
    rows = np.arange(100, dtype=np.int64)
    synthetic = SyntheticRows(table.values[:5], np.ones(5, dtype=np.int8))
    with pytest.raises(ValueError, match="only real rows"):
        session.fit(TrainingRows(rows, synthetic=synthetic), table)
    with pytest.raises(ValueError, match="of the table that was binned"):
        session.fit(TrainingRows(rows), Table(table.columns, table.values.copy()))


def test_subsample_has_an_effect_in_the_shipped_settings():
    params = yaml.safe_load(CONF.read_text().replace("${seed}", "42"))["params"]
    table, target = _made()
    rows = TrainingRows(np.arange(table.rows))
    drawn, whole = (
        LightGBM(given)
        .session(TableToFit(table, target, threads=1, shared_bins=True))
        .fit(rows, table)
        for given in (params, {**params, "subsample": 1.0})
    )
    assert drawn.scores(table).tobytes() != whole.scores(table).tobytes()


def test_the_vocabulary_agrees_with_the_installed_library():
    from lightgbm.basic import _ConfigAliases

    theirs = _ConfigAliases._get_all_param_aliases()
    for name, main in VOCABULARY.canonical.items():
        assert name in theirs[main]
    assert set(VOCABULARY.ranges) <= set(VOCABULARY.canonical.values())
    assert set(VOCABULARY.refused) <= set(VOCABULARY.canonical.values())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"learning_rat": 0.1}, r'learning_rat is not a parameter.* Did you mean "learning_rate"'),
        ({"n_jobs": 4}, "threads are set once"),
        ({"metric": "auc"}, "computed by Cutscore"),
        ({"objective": "regression"}, "always binary"),
        ({"learning_rate": 0}, "learning_rate must be a number above 0, got 0"),
        ({"subsample": 1.5}, "subsample must be a number above 0 and at most 1, got 1.5"),
        ({"num_leaves": 1}, "num_leaves must be a whole number at least 2 and at most 131072"),
        ({"n_estimators": "many"}, "n_estimators must be a whole number at least 1, got 'many'"),
        ({"n_estimators": 10.5}, "got 10.5"),
        ({"reg_alpha": float("nan")}, "got nan"),
        ({"max_depth": True}, "got True"),
        ({"min_child_samples": 5, "min_data_in_leaf": 9}, "set the same parameter: keep one"),
    ],
)
def test_bad_parameters_are_named_with_what_is_allowed(params, message):
    with pytest.raises(ValueError, match=message):
        LightGBM(params)


def test_all_bad_parameters_come_in_one_message():
    with pytest.raises(ValueError, match=r"learning_rate must .*; params\.foo is not"):
        LightGBM({"learning_rate": -1, "foo": 1})


@pytest.mark.parametrize(
    ("columns", "params", "rows"),
    [
        (10, {}, 200_000),
        (50, {}, 200_000),
        (189, {}, 52_910),
        (5000, {}, 20_000),
        (189, {"subsample_for_bin": 7}, None),
    ],
)
def test_wide_tables_find_bins_on_fewer_rows_unless_told(columns, params, rows):
    names = tuple(Column(f"c{i}") for i in range(columns))
    table = Table(names, np.zeros((2, columns), dtype=np.float32))
    session = LightGBM(params).session(
        TableToFit(table, np.array([0, 1]), threads=1, shared_bins=False)
    )
    assert session.params.get("bin_construct_sample_cnt") == rows


def test_bins_are_shared_by_size_unless_told():
    small = Table((Column("x"),), np.zeros((10, 1), dtype=np.float32))
    large = Table((Column("x"),), np.zeros((10_000_000, 1), dtype=np.float32))
    assert not LightGBM().shares_bins(small)
    assert LightGBM().shares_bins(large)
    assert LightGBM(binning="shared").shares_bins(small)
    assert not LightGBM(binning="fold").shares_bins(large)


@pytest.mark.parametrize("binning", ["shared", "fold"])
@pytest.mark.parametrize("weighted", [False, True])
def test_bins_of_an_earlier_session_serve_again_and_change_nothing(binning, weighted):
    table, target = _made()
    train = np.flatnonzero(np.arange(table.rows) % 5).astype(np.int64)
    weights = np.where(target[train] == 1, 7.5, 0.6) if weighted else None
    rows = TrainingRows(train, weights=weights)
    first = LightGBM({"n_estimators": 5, "min_child_samples": 50}, binning=binning)
    other = LightGBM({"n_estimators": 9, "num_leaves": 7, "min_child_samples": 3}, binning=binning)
    earlier = first.session(TableToFit(table, target, threads=1, shared_bins=True))
    earlier.fit(rows, table)
    again = other.session(TableToFit(table, target, threads=1, shared_bins=True, bins=earlier.bins))
    alone = other.session(TableToFit(table, target, threads=1, shared_bins=True))
    assert again.bins is earlier.bins
    for training in (rows, TrainingRows(train[::2])):  # rows that are new to it as well
        scores = again.fit(training, table).scores(table)
        assert scores.tobytes() == alone.fit(training, table).scores(table).tobytes()


@pytest.mark.parametrize(
    "params",
    [{}, {"max_bin": 31, "min_data_in_bin": 9}, {"linear_tree": True}, {"max_cat_to_onehot": 64}],
    ids=["plain", "coarse", "linear", "categories"],
)
def test_bins_of_another_process_and_other_threads_change_nothing(params):
    table, target = _made()
    model = LightGBM({"n_estimators": 9, **params}, binning="shared")
    data = TableToFit(table, target, threads=1, shared_bins=True)
    alone = model.session(data)
    lent = pickle.loads(pickle.dumps(model.bins(data), protocol=5))
    borrower = model.session(replace(data, bins=lent, threads=2))
    assert borrower.bins is lent
    assert lent.recipe == model.bin_recipe
    train = np.flatnonzero(np.arange(table.rows) % 5).astype(np.int64)
    for rows in (TrainingRows(train), TrainingRows(train, weights=1.5 + target[train])):
        fitted = [session.fit(rows, table) for session in (alone, borrower)]
        first, second = (one.scores(table).tobytes() for one in fitted)
        assert first == second


@pytest.mark.parametrize(
    "params",
    [{"linear_tree": True}, {"data_sample_strategy": "goss"}, {"boosting": "goss"},
     {"boosting": "dart"}, {"bagging_fraction": 0.6, "bagging_freq": 1}, {"extra_trees": True}],
    ids=["linear", "goss", "old goss", "dart", "bagging", "extra"],
)  # fmt: skip
def test_scores_do_not_depend_on_threads(params):
    table, target = _made(rows=12_000)
    model = LightGBM({"n_estimators": 15, **params})
    rows = TrainingRows(np.flatnonzero(np.arange(table.rows) % 5).astype(np.int64))
    sessions = [model.session(TableToFit(table, target, threads=n)) for n in (1, 2, 4)]
    first, *others = (session.fit(rows, table).scores(table).tobytes() for session in sessions)
    assert others == [first] * 2


def test_other_bins_are_not_taken_over():
    table, target = _made()
    earlier = LightGBM({"max_bin": 63}).session(
        TableToFit(table, target, threads=1, shared_bins=False)
    )
    for params in ({"max_bin": 31}, {"max_bin": 63, "seed": 7}, {"max_bins": 31}):
        session = LightGBM(params).session(
            TableToFit(table, target, threads=1, shared_bins=False, bins=earlier.bins)
        )
        assert session.bins is not earlier.bins
    same = LightGBM({"max_bins": 63}).session(
        TableToFit(table, target, threads=1, shared_bins=False, bins=earlier.bins)
    )
    assert same.bins is earlier.bins


@pytest.mark.parametrize(
    ("params", "method"),
    [
        ({}, "trees"),
        ({"boosting": "dart"}, "trees"),
        ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, "trees"),
        ({"sigmoid": 2.5}, "trees"),
        ({"linear_tree": True}, "replacement"),
    ],
    ids=["plain", "dart", "averaged", "steep", "linear"],
)
def test_contributions_are_those_of_every_kind_of_boosting(tmp_path, params, method):
    """LightGBM's own leave out average and slope, and there are none of linear trees."""
    table, target = _made(rows=1000)
    session = LightGBM({"n_estimators": 7, **params}).session(TableToFit(table, target, threads=1))
    fitted = session.fit(TrainingRows(np.arange(1000)), table)
    fitted.save(tmp_path)
    some, usual = Table(table.columns, table.values[:50]), table.values[3]
    found = fitted.contributions(some, usual)
    assert found.method == method
    again = load_fitted(tmp_path).contributions(some, usual)
    assert again.values.tobytes() == found.values.tobytes()
    if method == "trees":
        odds = log_odds(fitted.scores(some))
        np.testing.assert_allclose(found.values.sum(axis=1) + found.base, odds, atol=1e-9)
        assert np.ptp(odds) > 0.5
