"""The tables a validator reads, against brute force row by row."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore import metrics
from cutscore.cost.matrix import CostMatrix
from cutscore.records import Undefined, exact_weights
from cutscore.report.judged_rows import JudgedRows
from cutscore.report.part_figures import by_part
from cutscore.report.validator.bands import (
    ScoreBand,
    bands_of,
    beyond_chance,
    gains,
    grade_of,
    grades,
    reversals,
)
from cutscore.report.validator.swaps import aligned, swap_set


@st.composite
def judged(draw, least=8):
    """Rows of both classes with few distinct scores, fixed costs or their own, weighed or not."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(least, 60))
    target = rng.integers(0, 2, n).astype(np.int8)
    target[:2] = 0, 1
    score = rng.integers(0, draw(st.sampled_from([3, 20, 1000])), n) / 1000
    weights = exact_weights(rng.uniform(0.5, 3, n)) if draw(st.booleans()) else None
    miss = rng.integers(1, 9, n).astype(float) if draw(st.booleans()) else 7.0
    probability = np.where(rng.random(n) < 0.2, np.nan, score)
    return JudgedRows(
        ids=rng.permutation(n),
        target=target,
        score=score,
        probability=probability,
        flagged=rng.random(n) < 0.4,
        part=rng.integers(0, 3, n),
        costs=CostMatrix(0.0, 1.0, miss, 0.0).weighed(weights),
    )


def each(rows):
    return np.ones(len(rows)) if rows.weights is None else rows.weights


def row_cost(rows, i, flagged):
    tn, fp, fn, tp = (np.broadcast_to(e, len(rows))[i] for e in rows.costs.given)
    if rows.target[i]:
        return each(rows)[i] * (tp if flagged else fn)
    return each(rows)[i] * (fp if flagged else tn)


@given(judged())
@settings(max_examples=60, deadline=None)
def test_gains_count_every_row_from_the_top(rows):
    table = gains(rows.target, rows.score, rows.weights)
    weight, positives = each(rows).sum(), (each(rows) * rows.target).sum()
    for gain in table:
        above = rows.score >= gain.band.low
        hit = (each(rows) * rows.target)[above].sum() / positives
        missed = (each(rows) * (1 - rows.target))[above].sum() / (weight - positives)
        assert gain.depth == pytest.approx(each(rows)[above].sum() / weight)
        assert gain.captured == pytest.approx(hit)
        assert gain.separation == pytest.approx(hit - missed)
        assert gain.lift == pytest.approx(gain.band.rate * weight / positives)
    assert (table[-1].depth, table[-1].captured) == pytest.approx((1, 1))
    assert sum(gain.band.rows for gain in table) == len(rows)
    best, at = metrics.kolmogorov_smirnov(metrics.ranking(rows.target, rows.score, rows.weights))
    assert best >= max(gain.separation for gain in table) - 1e-12
    assert at in rows.score


@given(judged())
@settings(max_examples=60, deadline=None)
def test_the_separation_is_that_of_two_samples(rows):
    found, at = metrics.kolmogorov_smirnov(metrics.ranking(rows.target, rows.score))
    gaps = {
        cut: np.subtract(*((rows.score[rows.target == label] >= cut).mean() for label in (1, 0)))
        for cut in rows.score
    }
    assert found == pytest.approx(max(gaps.values()))
    assert gaps[at] == pytest.approx(found)


@given(judged(), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_bands_are_sums_over_their_rows(rows, bands):
    which = np.arange(len(rows)) % bands
    found = bands_of(which, rows.target, rows.score, rows.weights)
    for label, band in enumerate(found):
        here, weight = which == label, each(rows)[which == label]
        assert (band.low, band.high) == (rows.score[here].min(), rows.score[here].max())
        assert band.rows == here.sum()
        assert band.rate == pytest.approx((weight * rows.target[here]).sum() / weight.sum())
        assert band.mean == pytest.approx((weight * rows.score[here]).sum() / weight.sum())
        assert 1 - 1e-9 <= band.effective <= band.rows + 1e-9


@pytest.mark.parametrize(("hit", "n"), [(0, 12), (12, 12), (3, 40), (700, 9_000)])
def test_a_grade_has_the_interval_and_test_of_jeffreys(hit, n):
    made = grade_of(ScoreBand(0.1, 0.2, n, float(n), float(hit), 0.15, float(n)))
    rate = np.linspace(0, 1, 400_001)[1:-1]  # the density by hand, summed up
    logs = (hit - 0.5) * np.log(rate) + (n - hit - 0.5) * np.log1p(-rate)
    density = np.exp(logs - logs.max())
    below = (np.cumsum(density) - density / 2) / density.sum()
    places = np.searchsorted(rate, [made.low, made.high, 0.15]).clip(0, len(rate) - 1)
    expected = [0.025 if hit else 0, 0.975 if hit < n else 1, made.p_value]
    assert below[places] == pytest.approx(expected, abs=5e-3)
    inside = made.low <= 0.15 <= made.high
    assert (made.verdict == "holds") == inside
    assert made.low <= made.band.rate <= made.high


def test_grades_of_true_probabilities_hold_and_those_of_halved_ones_do_not():
    rng = np.random.default_rng(3)
    score = rng.beta(1, 12, 60_000)
    target = (rng.random(len(score)) < score).astype(np.int8)
    good = grades(target, score)
    assert [grade.verdict for grade in good].count("holds") >= len(good) - 1
    assert sum(grade.band.rows for grade in good) == len(score)
    assert min(grade.band.rows for grade in good) >= len(score) / 100
    assert all(below.band.high < above.band.low for below, above in pairwise(good))
    assert {grade.verdict for grade in grades(target, score / 2)[3:]} == {"too low"}
    assert not reversals(good)
    some = [grade for grade in good if grade.band.positives]
    assert reversals(some[::-1]) == list(pairwise(some[::-1]))
    assert beyond_chance((some[-1], some[0]))
    assert not beyond_chance((some[0], some[0]))
    assert len(grades(target[:30], score[:30])) == 1  # too few rows to tell any apart
    assert len(grades(target, score * 30 - 4)) == 10  # no probabilities: deciles


@given(judged())
@settings(max_examples=60, deadline=None)
def test_a_swap_set_is_the_sum_of_its_rows(rows):
    other = rows.score >= np.median(rows.score)
    found = swap_set(rows, other, resamples=20)
    cells = {"both": (1, 1), "neither": (0, 0), "only_this": (1, 0), "only_other": (0, 1)}
    for name, (this, that) in cells.items():
        here = (rows.flagged == this) & (other == that)
        cell = getattr(found, name)
        assert cell.size == pytest.approx(each(rows)[here].sum())
        assert cell.positives == pytest.approx((each(rows) * rows.target)[here].sum())
    for flags, cost in ((rows.flagged, found.cost_this), (other, found.cost_other)):
        assert cost == pytest.approx(sum(row_cost(rows, i, flags[i]) for i in range(len(rows))))
    assert swap_set(rows, rows.flagged).verdict == "every row is decided alike"


def test_the_paired_interval_is_that_of_drawing_whole_rows():
    rng = np.random.default_rng(5)
    n = 3_000
    target = (rng.random(n) < 0.1).astype(np.int8)
    score = np.clip(0.2 * target + rng.random(n) * 0.6, 0, 1)
    costs = CostMatrix(0.0, 1.0, rng.integers(4, 12, n).astype(float), 0.0)
    rows = JudgedRows(np.arange(n), target, score, score, score >= 0.5, np.zeros(n, int), costs)
    other = score >= 0.45
    found = swap_set(rows, other, resamples=4_000)
    moved = np.array([row_cost(rows, i, rows.flagged[i]) - row_cost(rows, i, other[i])
                      for i in range(n)])  # fmt: skip
    drawn = [moved[rng.integers(0, n, n)].sum() for _ in range(4_000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    width = high - low
    assert found.difference == pytest.approx(moved.sum())
    assert found.low == pytest.approx(low, abs=0.08 * width)
    assert found.high == pytest.approx(high, abs=0.08 * width)


@given(st.lists(st.sampled_from("abcdefghijklmnopqrst"), unique=True), st.randoms())
def test_rows_are_matched_by_their_ids_alone(names, random):
    ids = np.array(names, dtype=object)
    others = list(names)
    random.shuffle(others)
    found = aligned(ids, np.array(others, dtype=object))
    assert [others[at] for at in found] == names
    if names:
        doubled = np.array([*names, names[0]], dtype=object)
        assert aligned(doubled, doubled) is None
        assert aligned(ids, np.array([*others[1:], "other"], dtype=object)) is None
        assert aligned(ids, np.array(others[1:], dtype=object)) is None


@given(judged(least=20))
@settings(max_examples=60, deadline=None)
def test_parts_are_judged_by_their_own_rows(rows):
    parts = by_part(rows)
    numbers = sorted({*rows.part.tolist()})
    for number, part in zip(numbers, parts, strict=True):
        here = np.flatnonzero(rows.part == number)
        weight = each(rows)[here]
        assert part.rows == len(here)
        cost = sum(row_cost(rows, i, rows.flagged[i]) for i in here)
        assert part.cost_per_row == pytest.approx(cost / weight.sum())
        assert part.flagged == pytest.approx((weight * rows.flagged[here]).sum() / weight.sum())
        known = here[np.isfinite(rows.probability[here])]
        promised = (each(rows)[known] * rows.probability[known]).sum()
        if promised > 0:
            hit = (each(rows)[known] * rows.target[known]).sum()
            assert part.observed_to_expected == pytest.approx(hit / promised)
        else:
            assert isinstance(part.observed_to_expected, Undefined)
    assert parts[0].stability == 0


@pytest.mark.parametrize("shift", [0.3, 1.2])
def test_the_error_of_the_area_is_the_spread_over_samples(shift):
    rng = np.random.default_rng(11)
    target = np.repeat([0, 1], [400, 80]).astype(np.int8)
    made = [metrics.ranking(target, rng.normal(size=480) + shift * target) for _ in range(300)]
    spread = np.std([metrics.roc_auc(ranked) for ranked in made])
    assert metrics.roc_auc_error(made[0]) == pytest.approx(spread, rel=0.25)
    doubled = metrics.ranking(target, made[0].score[::-1], np.full(480, 2.0))
    single = metrics.ranking(target, made[0].score[::-1])
    assert metrics.roc_auc_error(doubled, 0.5) == metrics.roc_auc_error(single)
