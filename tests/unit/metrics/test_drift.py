"""Drift formulas against definitions, brute force and simulated chance."""

import numpy as np
import pytest

from cutscore.metrics.drift import (
    binomial_tails,
    chance,
    discoveries,
    jeffreys,
    prior_shift,
    psi,
    psi_noise,
)


def test_psi_is_its_definition_and_its_noise_what_chance_makes_of_it():
    before, after = np.array([4000.0, 3000, 3000, 0]), np.array([3000.0, 3000, 4000, 0])
    p, q = before[:3] / 10_000, after[:3] / 10_000
    assert psi(before, after) == pytest.approx(((q - p) * np.log(q / p)).sum(), rel=1e-3)
    rng = np.random.default_rng(0)
    sides = [rng.multinomial(rows, np.full(10, 0.1), 400) * 1.0 for rows in (5000, 1000)]
    drawn = [psi(*both) for both in zip(*sides, strict=True)]
    even = np.full(10, 100.0)
    assert np.mean(drawn) == pytest.approx(psi_noise(5 * even, even), rel=0.1)
    assert psi_noise(even, np.zeros(10)) == np.inf


@pytest.mark.parametrize("rows", [20, 200])
def test_chance_alone_is_rarely_called_drift_even_in_few_rows(rows):
    rng, share = np.random.default_rng(1), np.array([0.9, 0.05, 0.03, 0.01, 0.01])
    reference = rng.multinomial(5000, share) * 1.0
    found = [chance(reference, rng.multinomial(rows, share) * 1.0) for _ in range(2000)]
    for level in (0.05, 0.005):
        assert np.mean(np.array(found) <= level) <= level + 0.003
    assert chance(reference, rng.multinomial(rows, share[::-1]) * 1.0) < 1e-6
    assert chance(reference, np.zeros(5)) == 1.0


def test_tails_are_those_of_the_binomial_distribution():
    from scipy import stats

    hits, trials = np.arange(8.0), np.full(8, 7.0)
    lower, upper = stats.binom.cdf(hits, 7, 0.3), stats.binom.sf(hits - 1, 7, 0.3)
    assert binomial_tails(hits, trials, 0.3) == pytest.approx(np.minimum(lower, upper))


def test_discoveries_are_scipys():
    from scipy import stats

    rng = np.random.default_rng(2)
    for _ in range(20):
        values = np.append(rng.random(30), rng.random(5) / 1000)
        assert (discoveries(values, 0.05) == (stats.false_discovery_control(values) <= 0.05)).all()
    assert len(discoveries(np.empty(0), 0.05)) == 0


def test_jeffreys_interval_covers_and_has_whole_ends():
    from scipy import stats

    low, high = jeffreys(np.array([0.0, 5, 20]), np.array([20.0, 20, 20]))
    assert (low[0], high[2]) == (0.0, 1.0)
    assert (low[1], high[1]) == pytest.approx(stats.beta(5.5, 15.5).ppf([0.025, 0.975]))


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4])
def test_a_shifted_share_of_positives_is_found_within_its_error(share):
    rng = np.random.default_rng(3)
    positive = rng.random(20_000) < share
    x = rng.normal(positive * 1.5, 1)
    odds = 0.1 / 0.9 * np.exp(1.5 * x - 1.5**2 / 2)  # right for a base rate of 10 %
    found, error = prior_shift(odds / (1 + odds), np.ones(len(x)), 0.1)
    assert 0 < error < 0.02
    assert found == pytest.approx(positive.mean(), abs=3 * error)
