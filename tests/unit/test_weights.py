"""Row weights: a row of weight w counts as w rows, in all that is counted, priced and learnt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutscore import metrics
from cutscore.calibration.isotonic import Isotonic
from cutscore.calibration.sigmoid import Sigmoid
from cutscore.cost.matrix import CostMatrix, join_costs
from cutscore.cost.risk import bayes_risk, no_model_risk
from cutscore.metrics.calibration import calibration_error
from cutscore.records import OutOfFold, Undefined, exact_weights
from cutscore.sampling import RowsToSample
from cutscore.sampling.balanced import Balanced
from cutscore.sampling.cost_weighted import CostWeighted
from cutscore.threshold import kernels
from cutscore.threshold.bayes import Bayes
from cutscore.threshold.certainty import certainty_of, evidence_cuts
from cutscore.threshold.constraints import Limits, limited
from cutscore.threshold.evidence import cross_fit, reference
from cutscore.threshold.exact import Exact
from cutscore.threshold.grid import Grid
from cutscore.threshold.implied import frontier_of, implied_beta, implied_ratio
from cutscore.threshold.losses import OBJECTIVES, loss_of


def rows(seed, n=200, decimals=2):
    """Targets, scores and costs per row, as plain arrays."""
    rng = np.random.default_rng(seed)
    target = (rng.random(n) < 0.3).astype(np.int8)
    scores = np.round(1 / (1 + np.exp(-(rng.normal(size=n) + 1.5 * target - 1))), decimals)
    entries = rng.integers(0, 20, (4, n)).astype(float)
    entries[1:3] += 20
    return target, scores, entries, rng


def out_of_fold(target, scores, weights, times):
    """Entries of five parts, each row `times` times."""
    number = np.repeat(np.arange(len(target)), times)
    part = (number % 5).astype(np.int16)
    return OutOfFold(
        row=number,
        repeat=np.zeros(len(number), dtype=np.int16),
        fold=part,
        part=part,
        target=target[number],
        score=scores[number],
        base_rate=np.full(len(number), 0.3),
        prior=np.full(len(number), 0.3),
        weights=weights,
    )


def close(one, other, rel=1e-11):
    """Whether two figures are the same but for rounding."""
    if isinstance(one, Undefined) or one is None:
        return one == other
    return one == pytest.approx(other, rel=rel, abs=1e-11)


def test_metrics_are_those_of_scikit_learn():
    from sklearn import metrics as sk

    for seed in range(6):
        target, scores, _, rng = rows(seed)
        w = exact_weights(rng.lognormal(0, 2, len(target)))
        found = metrics.score_metrics(target, scores, w)
        assert close(found["roc_auc"], sk.roc_auc_score(target, scores, sample_weight=w))
        assert close(found["pr_auc"], sk.average_precision_score(target, scores, sample_weight=w))
        assert close(found["brier"], sk.brier_score_loss(target, scores, sample_weight=w))
        assert close(found["log_loss"], sk.log_loss(target, scores, sample_weight=w))
        flagged = scores >= 0.4
        counts = metrics.confusion_at(target, flagged, w)
        (tn, fp), (fn, tp) = sk.confusion_matrix(target, flagged, sample_weight=w)
        assert (counts.tp, counts.fp, counts.tn, counts.fn) == pytest.approx((tp, fp, tn, fn))
        for ours, theirs in (
            (metrics.precision(counts), sk.precision_score),
            (metrics.recall(counts), sk.recall_score),
            (metrics.accuracy(counts), sk.accuracy_score),
        ):
            assert close(ours, theirs(target, flagged, sample_weight=w))
        beta = sk.fbeta_score(target, flagged, beta=2.5, sample_weight=w)
        assert close(metrics.fbeta(counts, 2.5), beta)


def by_hand(target, flagged, costs, w, objective, beta):
    """The loss of flagging some rows, and the shares that limits speak of, by definition."""
    p, n = w[target == 1].sum(), w[target == 0].sum()
    tp, fp = w[flagged & (target == 1)].sum(), w[flagged & (target == 0)].sum()
    k = tp + fp
    shares = tp / (p or 1), tp / k if k else -1.0, k / (p + n)
    if objective == "cost":
        tn, alarm, miss, hit = (np.broadcast_to(e, w.shape) for e in costs.given)
        each = np.where(target == 1, np.where(flagged, hit, miss), np.where(flagged, alarm, tn))
        return (w * each).sum(), shares
    if objective in ("fbeta", "f1"):
        b = 1.0 if objective == "f1" else beta * beta
        return -(1 + b) * tp / (b * p + k) if p else 0.0, shares
    recall, specificity = tp / (p or 1), (n - fp) / (n or 1)
    if objective == "youden":
        return fp / (n or 1) - recall, shares
    if objective == "balanced_accuracy":
        return -(recall + specificity) / 2, shares
    margins = k * (p + n - k) * p * n
    return (-(tp * (n - fp) - fp * (p - tp)) / margins**0.5 if margins > 0 else 0.0), shares


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(OBJECTIVES),
    st.booleans(),
    st.sampled_from([None, 0.3, 0.8]),
    st.sampled_from([None, 0.4]),
    st.sampled_from([1e-9, 1.0, 1e6]),
)
def test_searches_equal_brute_force(seed, objective, per_row, recall, precision, scale):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    target = (rng.random(n) < 0.4).astype(np.int8)
    scores = rng.integers(0, 12, n) / 11
    w = exact_weights(rng.lognormal(0, 2, n) * scale)
    plain = CostMatrix(*rng.normal(size=(4, n))) if per_row else CostMatrix(0.0, 1.0, 7.0, 0.5)
    costs, limits = plain.weighed(w), Limits(recall, precision)
    points = kernels.grid_points(0.05)[::-1]
    distinct = np.unique(scores)[::-1]
    distinct = np.append(np.nextafter(distinct[0], np.inf), distinct)
    loss = loss_of(objective, 2.0, target, costs)
    loss = limited(loss, limits, float(w[target == 1].sum()), float(w.sum()))
    for found, thresholds in (
        (kernels.exact_cut(scores, target, loss, w), distinct),
        (kernels.grid_cut(scores, target, loss, 0.05, w), points),
    ):
        tried = [by_hand(target, scores >= t, costs, w, objective, 2.0) for t in thresholds]
        losses = [
            value
            if (recall is None or shares[0] >= recall - 1e-12)
            and (precision is None or shares[1] >= precision - 1e-12)
            else np.inf
            for value, shares in tried
        ]
        least, size = min(losses), np.abs(w).sum() if objective == "cost" else 1.0
        assert found.loss == pytest.approx(least, abs=1e-11 * size, rel=1e-11)
        if np.isfinite(least):
            at = losses[[float(t) for t in thresholds].index(found.threshold)]
            assert at == pytest.approx(least, abs=1e-11 * size, rel=1e-11)


RULES = [
    Exact(),
    Grid(step=0.01),
    Exact(objective="fbeta", beta=2.0, min_precision=0.3),
    Exact(objective="mcc"),
    Bayes(),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{type(rule).__name__} {rule.objective}")
@pytest.mark.parametrize("per_row", [False, True])
def test_a_whole_weight_is_so_many_rows(rule, per_row):
    target, scores, entries, rng = rows(3)
    times = rng.integers(1, 6, len(target))
    w = exact_weights(times.astype(float))
    assert w.tolist() == times.tolist()
    plain = CostMatrix(*entries) if per_row else CostMatrix(0.0, 1.0, 5.0, 0.0)
    number = np.repeat(np.arange(len(target)), times)
    both = [
        (out_of_fold(target, scores, w, 1), plain.weighed(w)),
        (out_of_fold(target, scores, None, times), plain.take(number)),
    ]
    for calibration in (Sigmoid(), Isotonic()):
        one, other = (cross_fit(oof, costs, rule, calibration) for oof, costs in both)
        for name in ("total_cost", "cost_per_row", "savings", "fbeta", "threshold_std"):
            assert close(getattr(one, name), getattr(other, name), rel=1e-6)
    one, other = (reference(oof, costs, rule) for oof, costs in both)
    assert one.chosen.rule == other.chosen.rule
    assert one.chosen.confusion == other.chosen.confusion
    assert one.chosen.total_cost == other.chosen.total_cost  # whole numbers are exact
    assert one.chosen.median_threshold == other.chosen.median_threshold
    assert close(one.savings, other.savings)
    assert (one.exact.threshold, one.grid.threshold) == (
        other.exact.threshold,
        other.grid.threshold,
    )
    assert (one.flag_nobody, one.flag_everybody) == (other.flag_nobody, other.flag_everybody)
    assert close(one.cost_per_row, other.cost_per_row)
    found = []
    for (oof, costs), made in zip(both, (one, other), strict=True):
        cuts = evidence_cuts(oof, costs, rule, made)
        frontier = frontier_of(cuts)
        sure = certainty_of(
            oof, costs, rule, made.chosen, cuts, frontier, groups=oof.row, resamples=20, seed=1
        )
        counts = made.chosen.confusion
        implied = implied_ratio(frontier, counts), implied_beta(frontier, counts)
        found.append((cuts, sure, implied, bayes_risk(oof, oof.score, costs)))
        assert no_model_risk(oof, costs).total_cost > 0
    (cuts, sure, implied, risk), (cuts2, sure2, implied2, risk2) = found
    for name in ("threshold", "tp", "fp", "cost"):
        assert getattr(cuts, name).tolist() == getattr(cuts2, name).tolist()
    assert close(cuts.roc_auc, cuts2.roc_auc)
    assert (sure.plateau, implied) == (sure2.plateau, implied2)
    assert close(sure.asked_ratio, sure2.asked_ratio)
    # groups of equal rows are drawn as their one row is
    assert sure.interval.threshold_low == sure2.interval.threshold_low
    assert sure.interval.cost_high == pytest.approx(sure2.interval.cost_high)
    assert risk.total_cost == risk2.total_cost
    assert close(risk.savings, risk2.savings)


@pytest.mark.parametrize("per_row", [False, True])
def test_weights_of_one_are_no_weights(per_row):
    target, scores, entries, _ = rows(5, decimals=3)
    ones = np.ones(len(target))
    plain = CostMatrix(*entries / 7) if per_row else CostMatrix(0.1, 1.3, 5.7, 0.2)
    weighed = plain.weighed(ones)
    assert metrics.score_metrics(target, scores) == metrics.score_metrics(target, scores, ones)
    assert calibration_error(target, scores) == calibration_error(target, scores, ones)
    for calibration in (Sigmoid(), Isotonic()):
        one, other = (
            calibration.fit(scores, target),
            calibration.fit(scores, target, ones),
        )
        assert one.to_json() == other.to_json()
    for rule in RULES:
        one = reference(out_of_fold(target, scores, None, 1), plain, rule)
        assert one == reference(out_of_fold(target, scores, ones, 1), weighed, rule)


def test_costs_keep_their_weights_wherever_they_go():
    target, scores, entries, rng = rows(8)
    w = exact_weights(rng.random(len(target)))
    costs = CostMatrix(*entries).weighed(w)
    half = np.flatnonzero(rng.random(len(target)) < 0.5)
    rest = np.setdiff1d(np.arange(len(target)), half)
    parts = [costs.take(part) for part in (half, rest)]
    joined = join_costs(parts, [len(half), len(rest)])
    order = np.append(half, rest)
    assert joined.weights.tolist() == w[order].tolist()
    assert joined.delta(target[order]) == pytest.approx(costs.delta(target)[order])
    plain = CostMatrix(*entries)  # what is decided row by row knows no weight
    assert (costs.cheaper_flagged(scores) == plain.cheaper_flagged(scores)).all()
    fixed = CostMatrix(0.0, 1.0, 3.0, 0.0).weighed(w)
    assert fixed.total(target, scores > 0.5) == pytest.approx(
        fixed.take(half).total(target[half], scores[half] > 0.5)
        + fixed.take(rest).total(target[rest], scores[rest] > 0.5)
    )


def test_sampling_weighs_classes_by_the_weights_of_their_rows():
    target, _, entries, rng = rows(9)
    w = exact_weights(rng.lognormal(0, 1, len(target)))
    training = RowsToSample(
        np.arange(len(target)), target, 1, costs=CostMatrix(*entries), weights=w
    )
    both = Balanced().sample(training).times(w).weights
    assert both[target == 1].sum() == pytest.approx(both[target == 0].sum())
    assert both.sum() == pytest.approx(w.sum())
    priced = CostWeighted().sample(training).times(w).weights
    assert priced.sum() == pytest.approx(w.sum())
    costs = np.abs(CostMatrix(*entries).delta(target))
    assert priced / priced.sum() == pytest.approx(w * costs / (w * costs).sum())
