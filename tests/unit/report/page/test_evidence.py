"""What a page holds of all thresholds: exact, small, and with what somebody named."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore.cost.matrix import CostMatrix
from cutscore.records.weights import exact_weights
from cutscore.report.page.evidence import LARGEST, cut_evidence
from cutscore.report.page.points import cut_points
from cutscore.report.page.shell import page
from cutscore.threshold.cut_table import cut_table_of

FIXED = CostMatrix(0.0, 1.0, 10.0, 0.0)
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def sums(steps: str) -> np.ndarray:
    """Read steps as `figures.js` does."""
    found, step, place = [], 0, 1
    for digit in steps:
        value = DIGITS.index(digit)
        step += (value & 31) * place
        place *= 32
        if value < 32:
            found.append(step)
            step, place = 0, 1
    return np.cumsum(found)


def thresholds_of(packed) -> np.ndarray:
    short = (packed["first"] + sums(packed["short"])) / packed["scale"]
    return np.sort(np.append(short, packed["full"]))[::-1]


def scores_of(kind: str, rows: int, rng: np.random.Generator) -> np.ndarray:
    score = rng.beta(0.6, 9.0, rows)
    return {
        "rare": score,
        "ties": np.round(score, 2),
        "equal": np.full(rows, 0.25),
        "points": np.round(600 + 80 * rng.normal(size=rows)),
        "tiny": score * 1e-9 + 0.5,
        "huge": score * 1e12 - 1e11,
        "hair": 1.0 + score * 1e-14,
    }[kind]


@pytest.mark.parametrize("kind", ["rare", "ties", "equal", "points", "tiny", "huge", "hair"])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 5_000), weighed=st.booleans())
def test_every_threshold_flags_what_rows_say(kind, seed, rows, weighed):
    rng = np.random.default_rng(seed)
    target = (rng.random(rows) < 0.2).astype(np.int8)
    score = scores_of(kind, rows, rng)
    weights = exact_weights(rng.gamma(1.0, 1.0, rows)) if weighed else None
    costs = FIXED.weighed(weights)
    cuts = cut_table_of(target, score, costs)
    mark = float(np.quantile(score, 0.3))
    packed = cut_evidence(cuts, costs, [mark], 1)
    thresholds = thresholds_of(packed)
    each = np.ones(rows) if weights is None else weights
    flagged = score >= thresholds[:, None]
    assert mark in thresholds
    assert len(np.unique(thresholds)) == len(thresholds)
    tp, fp = (sums(packed[name]) * packed["unit"] for name in ("tp", "fp"))
    np.testing.assert_array_equal(tp, (flagged * (target * each)).sum(axis=1))
    np.testing.assert_array_equal(fp, (flagged * ((1 - target) * each)).sum(axis=1))
    assert (tp[0], fp[0]) == (0, 0)
    assert tp[-1] + fp[-1] == each.sum()


def test_a_table_of_some_cuts_keeps_marks_exact():
    rng = np.random.default_rng(8)
    target, score = (rng.random(3_000) < 0.2).astype(np.int8), rng.random(3_000)
    cuts = cut_table_of(target, score, FIXED, include=[0.3333], all_cuts=100, cuts=300)
    packed = cut_evidence(cuts, FIXED, [0.3333], 1)
    assert cuts.thinned
    assert not packed["complete"]
    thresholds = thresholds_of(packed)
    np.testing.assert_array_equal(
        sums(packed["tp"]) + sums(packed["fp"]), (score >= thresholds[:, None]).sum(axis=1)
    )


@pytest.mark.parametrize("power", [-300, 70])
def test_tiny_and_huge_weights_stay_exact(power):
    rng = np.random.default_rng(11)
    target, score = (rng.random(900) < 0.2).astype(np.int8), rng.random(900)
    weights = exact_weights(rng.gamma(1.0, 2.0**power, 900))
    costs = FIXED.weighed(weights)
    packed = cut_evidence(cut_table_of(target, score, costs), costs, [], 1)
    flagged = score >= thresholds_of(packed)[:, None]
    tp = sums(packed["tp"]) * packed["unit"]
    np.testing.assert_array_equal(tp, (flagged * (target * weights)).sum(axis=1))


def test_costs_per_row_come_along_to_the_last_bit():
    rng = np.random.default_rng(9)
    target, score = (rng.random(4_000) < 0.2).astype(np.int8), rng.random(4_000)
    costs = CostMatrix(0.0, 3.0, rng.gamma(2.0, 100.0, 4_000), 0.0)
    packed = cut_evidence(cut_table_of(target, score, costs), costs, [], 1)
    assert packed["costs"] is None
    for threshold, cost in list(zip(thresholds_of(packed), packed["cost"], strict=True))[::50]:
        assert cost == costs.total(target, score >= threshold)


def test_all_thresholds_of_three_decimals_are_held_at_any_size():
    rng = np.random.default_rng(10)
    rows = 300_000
    target, score = (rng.random(rows) < 0.08).astype(np.int8), rng.beta(0.6, 7.0, rows)
    packed = cut_evidence(cut_table_of(target, score, FIXED), FIXED, [0.0912345], 1)
    assert len(json.dumps(packed, separators=(",", ":"))) <= LARGEST
    thresholds = thresholds_of(packed)
    inside = np.arange(1_001) / 1_000
    assert np.isin(inside[(inside > score.min()) & (inside < score.max())], thresholds).all()
    flagged = (sums(packed["tp"]) + sums(packed["fp"])) / rows
    assert np.diff(flagged).max() < 0.005


def test_few_scores_are_all_there():
    cuts = cut_table_of(np.array([0, 1, 1], np.int8), np.array([0.1, 0.5, 0.9]), FIXED)
    points = cut_points(cuts, [0.2], 100)
    assert points.complete
    assert points.full.tolist() == [np.nextafter(0.9, 1), 0.9, 0.5, 0.2, 0.1]


def test_a_page_holds_no_number_that_json_does_not_know():
    with pytest.raises(ValueError, match="not JSON compliant"):
        page("page.html.jinja", "x", {"cost": float("nan")}, ())
