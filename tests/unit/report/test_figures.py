"""What the pictures say; how they look is for people to judge."""

import subprocess
import sys

import numpy as np
import pytest
from drawn import texts
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.records import Confusion
from cutscore.report.figures.calibration import calibration, reliability
from cutscore.report.figures.confusion import confusion_matrix
from cutscore.report.figures.cost import Band, Mark, cost_curve
from cutscore.report.figures.curves import FoldCurves, pr_curve, roc_curve
from cutscore.report.figures.importance import feature_importance
from cutscore.report.figures.leaderboard import leaderboard_heatmap
from cutscore.report.figures.ratio import RatioCurve, threshold_by_ratio
from cutscore.report.figures.style import number, shorten
from cutscore.report.figures.thresholds import Rates, rates_by_threshold, score_distributions

RUN = "exp05_cv_domain_balanced"
RATIOS = RatioCurve(np.geomspace(1, 100, 9), np.linspace(0.5, 0.01, 9), np.linspace(1e3, 1e5, 9))
LINE = (np.linspace(0, 1, 50), np.linspace(0, 1, 50) ** 0.3)


def heat(rows, columns):
    cost = np.arange(rows * columns, dtype=float).reshape(rows, columns) + 50_000
    return cost, cost / 1e5


def all_figures():
    scores = np.linspace(0.001, 0.999, 400)
    target = (np.arange(400) % 10 == 0).astype(np.int8)
    counts = Confusion(tp=7012, fp=19230, tn=120744, fn=3014)
    mark = Mark("chosen", "exact optimum", 0.08, 49_901.0)
    thresholds = np.linspace(0, 1, 50)
    yield confusion_matrix(RUN, counts, Confusion(tp=0, fp=19230, tn=0, fn=30140), 0.0769)
    yield roc_curve(RUN, FoldCurves(LINE, [LINE, LINE], 0.8647, (0.864, 0.003), (0.2, 0.8)))
    yield pr_curve(RUN, FoldCurves(LINE, [], 0.4), 0.0668)
    own = Mark("chosen", "each row by its own costs", None, 50_081.0)
    yield cost_curve(RUN, thresholds, 60_000 + thresholds, [own], (100_260.0, 139_974.0), 50_081.0)
    yield cost_curve(RUN, thresholds, 60_000 + thresholds, [mark], (100_260.0, 139_974.0))
    yield calibration(RUN, reliability(target, scores, 10), 0.05)
    yield threshold_by_ratio(RUN, RATIOS, 10.0, {"chosen": 0.2})
    yield feature_importance(RUN, {"age": 3.0, "debt": 1.0}, "gain", {"age": 0.1})
    yield leaderboard_heatmap(RUN, ["domain"], ["none", "smote"], *heat(1, 2))


def test_every_picture_names_the_run_and_its_axes():
    axes = ["true class", "recall", "precision", "total cost", "total cost"]
    axes += ["share of positives", "best threshold", "gain", "domain"]
    for figure, name in zip(all_figures(), axes, strict=True):
        said = texts(figure)
        assert RUN in said
        assert any(name in text for text in said)


def test_no_pyplot_and_no_memory_of_figures():
    code = (
        "import sys; from cutscore.report.figures.importance import feature_importance;"
        "feature_importance('r', {'a': 1.0}, 'gain').png();"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_confusion_matrix_says_counts_costs_and_total():
    said = " ".join(texts(next(all_figures())))
    for part in (
        "120,744",
        "19,230",
        "3,014",
        "7,012",
        "cost 30,140",
        "Total cost 49,370",
        "0.0769",
    ):
        assert part in said


def test_confusion_matrix_of_one_class_and_without_costs():
    own = " ".join(texts(confusion_matrix(RUN, Confusion(tp=0, fp=1, tn=2, fn=0), None, None)))
    assert "each row by its own costs" in own
    assert "threshold" not in own
    said = texts(confusion_matrix(RUN, Confusion(tp=0, fp=1.5, tn=2, fn=0), None, 0.5))
    assert "1.5" in said
    assert not any("cost" in text for text in said)


def test_the_cost_axis_is_stretched_only_near_zero():
    thresholds, cost = np.linspace(0, 1, 20), np.linspace(5, 9, 20)
    for at, stretched in ((0.08, True), (0.5, False), (0.0, False)):
        marks = [Mark("chosen", "exact", at, 5.0), Mark("bayes", "Bayes", 1 / 11, 6.0)]
        figure = cost_curve(RUN, thresholds, cost, marks, (8.0, 9.0))
        said = texts(figure)
        assert ("threshold (score), stretched towards 0" in said) == stretched
        assert ("0.01" in said) == stretched
        assert any("Bayes at 0.09091: 6" in text for text in said)


def test_cost_curves_of_any_scores_and_constant_cost():
    marks = [Mark("chosen", "exact", -3.0, 1.0)]
    figure = cost_curve(RUN, np.array([-3.0, 12.0]), np.array([1.0, 1.0]), marks, (1.0, 1.0))
    assert any("chosen" in text or "exact" in text for text in texts(figure))


@pytest.mark.parametrize("threshold", [0.08, None])
def test_a_cost_curve_tells_how_sure_it_is(threshold):
    thresholds, cost = np.linspace(0, 1, 20), np.linspace(5, 9, 20)
    chosen = Mark("chosen", "chosen", threshold, 5.5)
    asked = Mark("asked", "", 0.5, 7.0, "#0072B2")
    band = Band((0.07, 0.25), (5.0, 6.0), (0.06, 0.11), 0.95)
    said = texts(cost_curve(RUN, thresholds, cost, [chosen, asked], (8.0, 9.0), band=band))
    assert "plateau 0.06 to 0.11" in said
    assert "95% of resampled optima 0.07 to 0.25" in said
    assert "at 0.5: 7" in said
    assert ("chosen: 5.5" if threshold is None else "chosen at 0.08: 5.5") in said
    unknown = Band((None, None), (5.0, 6.0), (0.06, 0.11), 0.95)
    said = texts(cost_curve(RUN, thresholds, cost, [chosen], (8.0, 9.0), band=unknown))
    assert not any("resampled" in text for text in said)


def test_pictures_of_thresholds_name_the_chosen_one_and_those_beside():
    line = np.linspace(0, 1, 30)
    rates = Rates(line, line, 1 - line, line / 2, 2.0)
    counts = (np.full(20, 40), np.arange(20))
    edges = np.linspace(0, 1, 21)
    for chosen in (0.125, None):
        for figure, words in (
            (rates_by_threshold(RUN, rates, chosen, {"0.5": 0.5}), "F-beta, beta 2"),
            (score_distributions(RUN, edges, counts, chosen, {"0.5": 0.5}), "positive: 190 rows"),
        ):
            said = texts(figure)
            assert {words, "0.5"} <= set(said)
            assert ("chosen, 0.125" in said) == (chosen is not None)
    assert "10%" in said


def test_importance_shows_the_top_and_tells_the_rest():
    importance = {f"f{i:02d}": float(i % 7) for i in range(30)}
    said = texts(feature_importance(RUN, importance, "gain", top=5))
    assert [text for text in said if text.startswith("f")] == ["f06", "f13", "f20", "f27", "f05"]
    assert "Feature importance, 25 more not shown" in said


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (4, 4)])
def test_leaderboard_of_any_size_with_missing_cells(shape):
    cost, auc = heat(*shape)
    cost[0, 0] = auc[0, 0] = np.nan
    rows, columns = (
        [f"{kind}{i}" for i in range(size)] for kind, size in zip("rc", shape, strict=True)
    )
    said = texts(leaderboard_heatmap(RUN, rows, columns, cost, auc))
    assert said.count("no run") == 2
    if cost.size > 1:
        assert number(float(np.nanmax(cost))) in said


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=80),
    st.integers(2, 20),
)
def test_reliability_against_counting(entries, bins):
    target = np.array([label for label, _ in entries], dtype=np.int8)
    scores = np.array([score / 20 for _, score in entries])
    shown = reliability(target, scores, bins)
    assert shown.count.sum() == len(entries)
    assert shown.histogram.sum() == len(entries)
    assert len(shown.count) <= bins
    assert (np.diff(shown.score) > 0).all()
    assert np.isclose((shown.share * shown.count).sum(), target.sum())
    assert np.isclose((shown.score * shown.count).sum(), scores.sum())


def test_reliability_bins_are_about_equal_when_scores_differ():
    scores = np.random.default_rng(0).random(1000) ** 3
    shown = reliability((scores > 0.5).astype(np.int8), scores, 20)
    assert len(shown.count) == 20
    assert shown.count.min() >= 49
    assert shown.count.max() <= 51


def test_reliability_before_and_after_tells_both_errors():
    scores = np.linspace(0.001, 0.999, 400)
    target = (np.arange(400) % 10 == 0).astype(np.int8)
    before, after = reliability(target, scores, 10), reliability(target, scores / 5, 10)
    said = " ".join(texts(calibration(RUN, before, 0.05, after, (0.4, 0.0125))))
    assert "before (calibration error 0.4)" in said
    assert "after, cross-fitted (calibration error 0.0125)" in said
    alone = " ".join(texts(calibration(RUN, before, 0.05)))
    assert "before" not in alone


def test_constant_scores_can_be_drawn():
    target = np.array([0, 1, 0, 0], dtype=np.int8)
    for score in (0.0, 0.25, 1.0):
        calibration(RUN, reliability(target, np.full(4, score), 10)).png()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (49901.4, "49,901"), (0.085961, "0.08596"), (500, "500"), (-1234567, "-1,234,567")],
)
def test_numbers(value, text):
    assert number(value) == text


def test_long_texts_lose_their_middle():
    assert shorten("short", 10) == "short"
    assert shorten("a" * 20 + "b" * 20, 10) == "a" * 6 + "…" + "b" * 3
