"""Figures of the Ginis of periods, against plain formulas; and that spoiling never pays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cutscore.metrics.stability import (
    StabilitySettings,
    gini_line,
    gini_stability,
    mean_gini,
    mean_minus_deviation,
    no_ranking_error,
    worst_period,
)
from cutscore.records import Undefined

GINIS = st.lists(st.floats(-1, 1), min_size=3, max_size=14)
SETTINGS = st.builds(
    StabilitySettings,
    slope_weight=st.sampled_from([0.0, 1.0, 88.0, 1e6]),
    residual_weight=st.sampled_from([0.0, 0.2, 0.5, 100.0]),
    deviation_weight=st.floats(0, 1),
)
NOISE = st.sampled_from([0.0, 0.01, 0.3])


def home_credit(number, gini, slope_weight=88.0, residual_weight=0.5):
    """The contest's own code, with polyfit."""
    a, b = np.polyfit(number, gini, 1)
    residuals = gini - (a * np.asarray(number) + b)
    return np.mean(gini) + slope_weight * min(0, a) - residual_weight * np.std(residuals)


@given(GINIS, st.floats(0, 100), st.floats(0, 2))
def test_not_guarded_it_is_the_formula_of_the_contest(gini, slope_weight, residual_weight):
    number = np.cumsum(1 + np.arange(len(gini)) % 2).astype(float)  # some months have no rows
    plain = StabilitySettings(slope_weight, residual_weight, guarded=False)
    found = gini_stability(number, np.array(gini), np.zeros(len(gini)), plain)
    assert found == pytest.approx(home_credit(number, gini, slope_weight, residual_weight))


def test_the_formula_of_the_contest_rewards_spoiling_and_the_guarded_one_does_not():
    gini = np.linspace(0.7, 0.6, 10)
    spoilt, number, noise = gini - [0.2, *[0] * 9], np.arange(10.0), np.zeros(10)
    plain, guarded = StabilitySettings(guarded=False), StabilitySettings()
    assert gini_stability(number, spoilt, noise, plain) > gini_stability(number, gini, noise, plain)
    assert gini_stability(number, spoilt, noise, guarded) < gini_stability(
        number, gini, noise, guarded
    )


@given(GINIS, st.data(), SETTINGS, NOISE)
def test_no_figure_becomes_better_when_periods_become_worse(gini, data, settings, noise):
    number = np.cumsum(1 + np.arange(len(gini)) % 3).astype(float)
    harm = data.draw(st.lists(st.floats(0, 2), min_size=len(gini), max_size=len(gini)))
    before, after = np.array(gini), np.array(gini) - harm
    error = np.full(len(gini), noise)
    for figure in (
        lambda each: gini_stability(number, each, error, settings),
        lambda each: mean_minus_deviation(each, settings.deviation_weight),
        worst_period,
        mean_gini,
    ):
        assert figure(after) <= figure(before) + 1e-12


@given(st.integers(3, 12), st.integers(0, 11), st.floats(0, 1), SETTINGS)
@example(10, 0, 0.5, StabilitySettings())
def test_spoiling_one_period_alone_never_pays(periods, at, harm, settings):
    gini = np.linspace(0.8, 0.2, periods)
    spoilt = gini - harm * (np.arange(periods) == at % periods)
    number, noise = np.arange(float(periods)), np.zeros(periods)
    before = gini_stability(number, gini, noise, settings)
    assert gini_stability(number, spoilt, noise, settings) <= before + 1e-12


def test_a_fall_within_noise_costs_nothing_and_a_clear_one_does():
    number, gini = np.arange(12.0), np.linspace(0.61, 0.59, 12)
    assert gini_stability(number, gini, np.full(12, 0.05), StabilitySettings()) == pytest.approx(
        gini.mean()
    )
    assert gini_stability(number, gini, np.full(12, 0.001), StabilitySettings()) < gini.mean()


def test_the_error_of_the_slope_is_that_of_repeated_draws():
    rng, number = np.random.default_rng(3), np.array([0.0, 1, 2, 5, 6])
    error = np.array([0.01, 0.02, 0.03, 0.02, 0.01])
    drawn = [gini_line(number, rng.normal(0.5, error), error).slope for _ in range(4_000)]
    assert gini_line(number, np.zeros(5), error).error == pytest.approx(np.std(drawn), rel=0.05)


def test_the_error_without_ranking_is_that_of_random_scores():
    ranks = np.random.default_rng(5).random((20_000, 42)).argsort(axis=1).argsort(axis=1)
    area = (ranks[:, :12].sum(axis=1) - 12 * 11 / 2) / (12 * 30)
    made = no_ranking_error(np.array([12.0]), np.array([30.0]))[0]
    assert made == pytest.approx(np.std(2 * area - 1), rel=0.02)


@pytest.mark.parametrize(("periods", "said"), [(0, "no periods have"), (1, "only one period has")])
def test_with_fewer_than_two_periods_nothing_is_said(periods, said):
    gini = np.full(periods, 0.5)
    found = [mean_gini(gini), worst_period(gini), mean_minus_deviation(gini, 1.0)]
    found.append(gini_stability(gini, gini, gini, StabilitySettings()))
    assert all(isinstance(each, Undefined) and each.reason.startswith(said) for each in found)
