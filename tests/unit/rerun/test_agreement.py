"""Runs side by side: bits, tolerances, and what is there in one run only."""

from __future__ import annotations

import numpy as np
import pytest

from cutscore.rerun.agreement import (
    Agreement,
    RerunVerdict,
    ScoreComparison,
    compare_metrics,
    compare_tables,
)
from cutscore.runs.values import RunDetail, RunSummary


def detail(metrics, history=None, tags=None):
    summary = RunSummary(
        "a" * 32, "run", "cutscore", "FINISHED", True, "", 1.0, None, metrics, tags or {}
    )
    return RunDetail(summary, {}, history or {}, (), (), (), "")


def verdicts(first, second):
    return {(f.name, f.fold): f.verdict for f in compare_metrics(first, second)}


def test_figures_are_equal_close_or_different():
    first = detail({"a": 0.1 + 0.2, "b": 1.0, "c": 0.0, "d": 5.0})
    second = detail({"a": 0.3, "b": 1.0, "c": 1e-13, "d": 5.1})
    found = verdicts(first, second)
    assert found == {
        ("a", None): RerunVerdict.CLOSE,
        ("b", None): RerunVerdict.EQUAL,
        ("c", None): RerunVerdict.CLOSE,
        ("d", None): RerunVerdict.DIFFERENT,
    }


def test_time_memory_and_what_a_search_told_are_left_out():
    first = detail({"seconds_fit": 1.0, "peak_memory_mb": 9.0, "prune_value": 3.0, "auc": 0.5})
    second = detail({"seconds_fit": 2.0, "peak_memory_mb": 8.0, "auc": 0.5})
    assert verdicts(first, second) == {("auc", None): RerunVerdict.EQUAL}


def test_folds_are_compared_one_by_one():
    first = detail({"fold_roc_auc": 0.7}, {"fold_roc_auc": {0: 0.6, 1: 0.7}})
    second = detail({"fold_roc_auc": 0.7}, {"fold_roc_auc": {0: 0.61, 1: 0.7}})
    assert verdicts(first, second) == {
        ("fold_roc_auc", 0): RerunVerdict.DIFFERENT,
        ("fold_roc_auc", 1): RerunVerdict.EQUAL,
    }


def test_a_lost_figure_is_a_difference_a_new_one_is_not():
    first = detail({"lost": 1.0}, tags={"undefined.savings": "no costs"})
    second = detail({"new": 1.0, "savings": 0.1})
    assert verdicts(first, second) == {
        ("lost", None): RerunVerdict.DIFFERENT,
        ("new", None): RerunVerdict.ONLY_NEW,
        ("savings", None): RerunVerdict.DIFFERENT,
    }


def scores(score, **others):
    score = np.asarray(score, dtype=float)
    row = np.arange(len(score))
    return {"row": row, "fold": row % 2, "target": row % 2, "score": score, **others}


@pytest.mark.parametrize(
    ("second", "verdict", "differing"),
    [
        ([0.1, 0.2, np.nan], RerunVerdict.EQUAL, 0),
        ([0.1, np.nextafter(0.2, 1), np.nan], RerunVerdict.CLOSE, 1),
        ([0.1, 0.25, np.nan], RerunVerdict.DIFFERENT, 1),
    ],
)
def test_scores_are_compared_bit_by_bit(second, verdict, differing):
    found = compare_tables(scores([0.1, 0.2, np.nan]), scores(second))
    assert (found.verdict, found.rows, found.differing) == (verdict, 3, differing)


def test_zero_and_minus_zero_are_not_the_same_bits():
    assert compare_tables(scores([0.0]), scores([-0.0])).verdict == RerunVerdict.CLOSE


def test_scores_of_other_rows_or_columns_differ():
    first = scores([0.1, 0.2])
    moved = {**first, "row": first["row"] + 1}
    assert compare_tables(first, moved).verdict == RerunVerdict.DIFFERENT
    assert compare_tables(first, scores([0.1])).verdict == RerunVerdict.DIFFERENT
    assert compare_tables(first, scores([0.1, 0.2], calibrated=first["score"])).differing == 2


def test_the_worst_verdict_counts_and_nothing_compared_is_not_equal():
    unknown = ScoreComparison(RerunVerdict.UNKNOWN)
    assert Agreement(unknown, ()).verdict == RerunVerdict.UNKNOWN
    figures = tuple(compare_metrics(detail({"a": 1.0}), detail({"a": 1.0, "b": 2.0})))
    assert Agreement(unknown, figures).verdict == RerunVerdict.EQUAL
    assert (
        Agreement(ScoreComparison(RerunVerdict.DIFFERENT), figures).verdict
        == RerunVerdict.DIFFERENT
    )


def test_the_median_of_older_records_is_no_difference():
    why = {"undefined.threshold": "each row is decided by its own costs"}
    first = detail({"threshold": 0.05}, tags={"undefined.threshold_bayes": "one for each row"})
    second = detail({"threshold_median": 0.05}, tags=why)
    assert verdicts(first, second) == {
        ("threshold", None): RerunVerdict.UNKNOWN,
        ("threshold_median", None): RerunVerdict.ONLY_NEW,
    }
    newer = detail({"threshold": 0.05})
    assert verdicts(newer, second)["threshold", None] == RerunVerdict.DIFFERENT


def test_costs_may_be_rounded_but_not_differ():
    plain = {name: np.arange(3.0) for name in ("row", "target", "fold", "score", "C_FN")}
    rounded = {**plain, "C_FN": plain["C_FN"] + 1e-13}
    assert compare_tables(plain, rounded).verdict == RerunVerdict.EQUAL
    other = {**plain, "C_FN": plain["C_FN"] + 1e-6}
    assert compare_tables(plain, other).verdict == RerunVerdict.DIFFERENT
