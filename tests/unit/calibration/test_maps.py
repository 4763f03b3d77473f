"""Calibrators against scikit-learn and against worlds where the answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from cutscore.calibration.isotonic import Isotonic
from cutscore.calibration.prior import PriorCorrection
from cutscore.calibration.sigmoid import Sigmoid, logit


def world(rows=4000, seed=0):
    """Probabilities and targets drawn from them."""
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 6, rows)
    return p, (rng.random(rows) < p).astype(np.int8)


def test_sigmoid_is_the_unpenalised_logistic_regression_of_the_log_odds():
    from sklearn.linear_model import LogisticRegression

    p, target = world()
    scores = p**1.5
    found = Sigmoid().fit(scores, target)
    # soft targets are rows of both classes, each weighing its share
    ones, zeros = int(target.sum()), int((1 - target).sum())
    wanted = np.where(target == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    x = np.tile(logit(scores), 2)[:, None]
    expected = LogisticRegression(C=np.inf, tol=1e-10).fit(
        x, np.repeat([1, 0], len(target)), sample_weight=np.concatenate([wanted, 1 - wanted])
    )
    assert found.slope == pytest.approx(float(expected.coef_[0, 0]), rel=1e-5)
    assert found.offset == pytest.approx(float(expected.intercept_[0]), rel=1e-5)


def test_sigmoid_leaves_probabilities_alone_and_undoes_a_shift():
    p, target = world(40_000)
    asis = Sigmoid().fit(p, target)
    assert (asis.slope, asis.offset) == pytest.approx((1, 0), abs=0.06)
    shifted = 1 / (1 + np.exp(-(logit(p) + 2.0)))
    undone = Sigmoid().fit(shifted, target)
    assert undone.apply(shifted) == pytest.approx(asis.apply(p), abs=1e-6)


def test_platts_targets_keep_a_perfect_separation_finite():
    found = Sigmoid().fit(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1], dtype=np.int8))
    calibrated = found.apply(np.array([0.0, 0.1, 0.9, 1.0]))
    assert 0 < calibrated[0] < 0.25 < 0.75 < calibrated[3] < 1


def test_a_very_steep_map_does_not_overflow():
    found = Sigmoid().fit(np.array([0.5, 0.50001] * 40), np.array([0, 1] * 40, dtype=np.int8))
    assert found.slope > 1_000
    assert found.apply(np.array([0.0, 1.0])).tolist() == pytest.approx([0.0, 1.0])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 200), st.integers(2, 30))
def test_isotonic_is_scikit_learns_with_ties(seed, rows, levels):
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, rows) / levels
    target = (rng.random(rows) < scores).astype(np.int8)
    unseen = np.sort(rng.random(300))
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, target.astype(float))
    ours = Isotonic().fit(scores, target)
    assert ours.apply(unseen) == pytest.approx(theirs.predict(unseen), abs=1e-12)
    assert (np.diff(ours.apply(unseen)) >= 0).all()
    # each stretch promises the share of positives that it holds
    fitted = ours.apply(scores)
    for level in np.unique(fitted):
        assert target[fitted == level].mean() == pytest.approx(level, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.lists(st.floats(0, 1), min_size=1))
def test_prior_correction_moves_log_odds_by_the_shift(base_rate, prior, scores):
    scores = np.array(scores)
    n = len(scores)
    corrected = PriorCorrection().correct(scores, np.full(n, base_rate), np.full(n, prior))
    inside = (scores > 1e-5) & (scores < 1 - 1e-5)
    shift = np.log(base_rate / (1 - base_rate)) - np.log(prior / (1 - prior))
    expected = 1 / (1 + np.exp(-(logit(scores) + shift)))
    assert corrected[inside] == pytest.approx(expected[inside], rel=1e-9)
    back = PriorCorrection().correct(corrected, np.full(n, prior), np.full(n, base_rate))
    assert back == pytest.approx(scores, abs=1e-9)


def test_prior_correction_recovers_probabilities_after_undersampling():
    """A world with known posteriors: undersampling at rate beta multiplies the odds by 1/beta."""
    p, _ = world()
    base_rate = float(p.mean())
    beta = base_rate / (1 - base_rate)  # to even classes
    undersampled = p / (p + beta * (1 - p))
    n = len(p)
    corrected = PriorCorrection().correct(undersampled, np.full(n, base_rate), np.full(n, 0.5))
    assert corrected == pytest.approx(p, abs=1e-12)


def test_prior_correction_is_per_entry_and_leaves_natural_and_one_class_folds_alone():
    scores = np.full(4, 0.5)
    base_rate, prior = np.array([0.1, 0.1, 0.0, 0.1]), np.array([0.5, 0.1, 0.0, 0.2])
    corrected = PriorCorrection().correct(scores, base_rate, prior)
    assert corrected[1:3].tolist() == [0.5, 0.5]
    assert corrected[0] == pytest.approx(0.1)
    assert corrected[3] == pytest.approx((1 / 9) / (1 / 4) / (1 + (1 / 9) / (1 / 4)))


def test_the_sigmoid_is_the_same_with_any_number_of_threads():
    scores, target = world(rows=100_000)
    free = Sigmoid().fit(scores, target).apply(scores)
    with threadpool_limits(1):
        assert Sigmoid().fit(scores, target).apply(scores).tobytes() == free.tobytes()
