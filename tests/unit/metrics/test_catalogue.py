"""The catalogue: what it says of a metric holds wherever a metric is named."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from cutscore import metrics
from cutscore.config.build import build_part
from cutscore.metrics.catalogue import (
    CATALOGUE,
    DECISION_METRICS,
    SCORE_METRICS,
    canonical,
    describe,
    in_order,
    searchable,
    shown,
)
from cutscore.metrics.metric_spec import MetricView
from cutscore.records import Confusion

ALIASES = [(alias, spec.name) for spec in CATALOGUE.values() for alias in spec.aliases]


def search_for(metric, **more):
    target = "cutscore.config.search_settings.SearchSettings"
    return build_part("search", {"_target_": target, "metric": metric, **more})


def test_each_formula_has_its_entry():
    target = np.array([0, 1, 0, 1], dtype=np.int8)
    scores = metrics.score_metrics(target, np.array([0.1, 0.4, 0.5, 0.8]))
    assert tuple(scores) == SCORE_METRICS
    assert tuple(metrics.decision_metrics(Confusion(1, 1, 1, 1))) == DECISION_METRICS


@pytest.mark.parametrize("name", [name for name, better in searchable().items() if better])
def test_each_searchable_metric_is_taken_with_its_direction(name):
    settings = search_for(name)
    assert settings.metrics == (name,)
    assert settings.directions == (CATALOGUE[name].better,)


@pytest.mark.parametrize("name", [name for name, better in searchable().items() if not better])
def test_a_metric_that_is_neither_is_taken_with_a_direction(name):
    assert search_for(name, direction="minimize").directions == ("minimize",)


def test_other_words_are_of_one_metric_and_are_no_names():
    words = Counter(alias for alias, _ in ALIASES)
    assert max(words.values()) == 1
    assert not set(words) & set(CATALOGUE)


@pytest.mark.parametrize(("alias", "name"), ALIASES)
def test_an_alias_stands_for_its_metric(alias, name):
    assert canonical(alias) == name
    if name in searchable():
        assert search_for(alias).metrics == (name,)


@pytest.mark.parametrize("word", ["auc", "AUC", "ROC-AUC", "roc auc", "auroc", "roc_auc"])
def test_the_words_of_tables_are_understood(word):
    assert canonical(word) == "roc_auc"
    assert search_for(word).directions == ("maximize",)


def test_which_way_a_metric_is_better():
    assert describe("crossfit_cost").better == "minimize"
    assert describe("outer_roc_auc").better == "maximize"
    assert describe("threshold").better is None
    assert describe("fold_roc_auc").better is None  # a store shows the last fold's
    assert describe("nonsense").better is None


def test_metrics_that_other_tools_record_are_shown_by_their_names():
    assert canonical("My-Metric") == "My-Metric"
    assert describe("my_metric").label == "my metric"
    assert describe("fold_mine").scope == "fold"
    assert describe("seconds_mine").varies
    assert describe("best_roc_auc").text(0.51239) == "0.5124"
    assert in_order(["zeta", "alpha", "roc_auc", "seconds_fit"]) == [
        "roc_auc",
        "seconds_fit",
        "alpha",
        "zeta",
    ]


def test_what_belongs_to_a_metric_is_in_the_catalogue():
    for spec in CATALOGUE.values():
        assert spec.spread is None or spec.spread in CATALOGUE
        assert spec.outer is None or CATALOGUE[spec.outer].scope == "outer"
        assert spec.text(0.5)
        if spec.scope == "run":
            assert spec.stand_in in ("savings", "cost_per_row") or spec.stand_in in CATALOGUE


@pytest.mark.parametrize("view", list(MetricView))
def test_each_view_shows_something_once(view):
    headings = [spec.column for spec in shown(view)]
    assert headings
    if view != MetricView.SINGLE:
        assert len(set(headings)) == len(headings)
