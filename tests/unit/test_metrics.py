import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore import metrics
from cutscore.cost.matrix import CostMatrix
from cutscore.records import Confusion, Undefined
from cutscore.threshold.cut_table import cut_table_of


def made(seed, n=500, decimals=None):
    rng = np.random.default_rng(seed)
    target = (rng.random(n) < 0.2).astype(np.int8)
    target[:2] = 0, 1
    scores = 1 / (1 + np.exp(-(rng.normal(size=n) + target - 1.5)))
    return target, scores if decimals is None else np.round(scores, decimals)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 300), st.sampled_from([None, 0, 1, 2]))
def test_figures_equal_those_of_scikit_learn(seed, n, decimals):
    from sklearn import metrics as sk

    target, scores = made(seed, n, decimals)
    figures = metrics.score_metrics(target, scores)
    assert figures["roc_auc"] == pytest.approx(sk.roc_auc_score(target, scores), abs=1e-12)
    assert figures["pr_auc"] == pytest.approx(sk.average_precision_score(target, scores), abs=1e-12)
    assert figures["brier"] == pytest.approx(sk.brier_score_loss(target, scores), abs=1e-12)
    assert figures["log_loss"] == pytest.approx(sk.log_loss(target, scores), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 300), st.sampled_from([None, 0, 1, 2]))
def test_the_area_of_sorted_rows_is_the_same_in_pieces(seed, n, decimals):
    target, scores = made(seed, n, decimals)
    order = np.argsort(scores)
    whole = metrics.roc_auc(metrics.ranking(target, scores))
    for piece in (1, 7, n, 10 * n):
        assert metrics.roc_auc_of_sorted(scores[order], target[order], piece) == whole


def test_the_area_of_one_class_does_not_exist():
    for target in (np.zeros(3, dtype=np.int8), np.ones(3, dtype=np.int8)):
        assert isinstance(metrics.roc_auc_of_sorted(np.arange(3.0), target), Undefined)


def test_ranking_is_the_same_by_either_sort():
    target, scores = made(1, decimals=2)
    scores[:2] = 0.0, -0.0
    fast = metrics.ranking(target, scores)
    slow = metrics.ranking(target, scores * 8 - 4)  # outside [0, 2): sorted as floats
    assert fast.tp.tolist() == slow.tp.tolist()
    assert fast.fp.tolist() == slow.fp.tolist()
    assert fast.score.tolist() == np.unique(scores)[::-1].tolist()


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_no_ranking_figures(label):
    figures = metrics.score_metrics(np.full(3, label, dtype=np.int8), np.array([0.1, 0.2, 0.9]))
    assert isinstance(figures["roc_auc"], Undefined)
    assert "all rows are" in figures["pr_auc"].reason
    assert isinstance(figures["brier"], float)


def test_scores_that_are_no_probabilities():
    figures = metrics.score_metrics(np.array([0, 1], dtype=np.int8), np.array([-3.0, 4.0]))
    assert figures["roc_auc"] == 1.0
    assert isinstance(figures["brier"], Undefined)
    assert "outside [0, 1]" in figures["log_loss"].reason


def test_no_rows():
    figures = metrics.score_metrics(np.empty(0, dtype=np.int8), np.empty(0))
    assert all(isinstance(figure, Undefined) for figure in figures.values())


def test_decision_metrics_by_hand():
    figures = metrics.decision_metrics(Confusion(tp=6, fp=2, tn=10, fn=4), beta=2.0)
    assert figures == {
        "tp": 6,
        "fp": 2,
        "tn": 10,
        "fn": 4,
        "precision": 0.75,
        "recall": 0.6,
        "specificity": 10 / 12,
        "f1": pytest.approx(12 / 18),
        "fbeta": pytest.approx(5 * 6 / (5 * 6 + 4 * 4 + 2)),
        "accuracy": 16 / 22,
        "fpr": 2 / 12,
        "fnr": 0.4,
    }


def test_decision_metrics_that_do_not_exist():
    nobody = metrics.decision_metrics(Confusion(0, 0, 5, 5))
    assert nobody["precision"] == Undefined("nobody is flagged")
    assert nobody["f1"] == 0.0
    negatives = metrics.decision_metrics(Confusion(0, 1, 4, 0))
    assert negatives["recall"] == negatives["f1"] == Undefined("no row is positive")
    assert metrics.specificity(Confusion(3, 0, 0, 1)) == Undefined("no row is negative")


def test_confusion_counts():
    target = np.array([1, 1, 0, 0, 0], dtype=np.int8)
    flagged = np.array([True, False, True, True, False])
    assert metrics.confusion_at(target, flagged) == Confusion(tp=1, fp=2, tn=1, fn=1)


@pytest.mark.parametrize("n", [50, 20_000])
def test_curves_are_thin_monotone_and_keep_their_ends(n):
    target, scores = made(3, n)
    ranked = metrics.ranking(target, scores)
    roc, pr = metrics.roc_curve(ranked), metrics.pr_curve(ranked)
    assert len(roc.x) <= 2_000
    assert len(pr.x) <= 2_000
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert (np.diff(roc.x) >= 0).all()
    assert (np.diff(roc.y) >= 0).all()
    assert (np.diff(pr.x) >= 0).all()
    assert pr.y[-1] == target.mean()
    assert (np.diff(pr.threshold) < 0).all()
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(metrics.roc_auc(ranked), abs=1e-3)


def test_curves_of_one_class_are_empty():
    ranked = metrics.ranking(np.zeros(3, dtype=np.int8), np.array([0.1, 0.2, 0.3]))
    assert len(metrics.roc_curve(ranked).x) == len(metrics.pr_curve(ranked).x) == 0


def test_thinned_cuts_keep_both_policies_the_minimum_and_the_marks():
    target, scores = made(4, 20_000)
    costs = CostMatrix(0.0, 1.0, 10.0, 0.0)
    cuts = cut_table_of(target, scores, costs)
    marks = scores[[3, 77, 1234]]
    kept = metrics.thinned_cuts(cuts, 2_000, marks)
    assert len(kept) <= 2_003
    assert (np.diff(kept) > 0).all()
    assert (kept[0], kept[-1]) == (0, len(cuts.threshold) - 1)
    assert cuts.cost[kept].min() == cuts.cost.min()
    assert set(marks) <= set(cuts.threshold[kept])
    widest = np.diff(-cuts.threshold).max()
    assert np.diff(-cuts.threshold[kept]).max() < widest + 0.002
    for place in (kept[0], kept[700], kept[-1]):
        flagged = scores >= cuts.threshold[place]
        assert cuts.cost[place] == costs.total(target, flagged)
        assert cuts.tp[place] + cuts.fp[place] == flagged.sum()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=1, max_size=60))
def test_calibration_error_against_counting(entries):
    target = np.array([label for label, _ in entries], dtype=np.int8)
    scores = np.array([score / 10 for _, score in entries])
    which = metrics.equal_count_bins(scores, 4)
    by_hand = sum(
        (which == b).mean() * abs(scores[which == b].mean() - target[which == b].mean())
        for b in range(which.max() + 1)
    )
    assert np.isclose(metrics.calibration_error(target, scores, bins=4), by_hand)
    for score in np.unique(scores):
        assert len(np.unique(which[scores == score])) == 1  # equal scores share a bin


def test_calibration_error_of_known_scores():
    target = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=np.int8)
    honest = np.array([0.25] * 4 + [0.75] * 4)
    assert metrics.calibration_error(target, honest, bins=2) == 0.0
    assert np.isclose(metrics.calibration_error(target, honest + 0.2, bins=2), 0.2)
    assert isinstance(metrics.calibration_error(target, honest * 2, 2), Undefined)
    assert isinstance(metrics.calibration_error(target[:0], honest[:0], 2), Undefined)


def test_figures_are_the_same_with_any_number_of_threads():
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(1)
    target = (rng.random(100_000) < 0.1).astype(np.int8)
    scores = rng.random(100_000)
    free = metrics.score_metrics(target, scores)
    with threadpool_limits(1):
        assert metrics.score_metrics(target, scores) == free
