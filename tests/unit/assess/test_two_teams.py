"""Two teams reported 0.338 and 0.48 as "the optimal threshold" of the same scores."""

import numpy as np
import pytest

from cutscore.assess.assessing import AssessRequest, assess
from cutscore.assess.reading import ScoreRows
from cutscore.assess.settings import Strategies
from cutscore.assess.words import sentence
from cutscore.cost.fixed import FixedCost
from cutscore.threshold.exact import Exact

POSITIVES, NEGATIVES = 24_825, 282_686


def latent():
    """Two normal classes, the positives moved a little so that both teams' counts are exact.

    Their points lie on a binormal ROC curve with intercept 1.129 and slope 1.0042.
    """
    from scipy.stats import norm

    negative = norm.isf((np.arange(NEGATIVES) + 0.5) / NEGATIVES)
    positive = (norm.isf((np.arange(POSITIVES) + 0.5) / POSITIVES) + 1.129) / 1.0042
    cuts = [(negative[k - 1] + negative[k]) / 2 for k in (118_861, 69_996)]
    own = [(positive[k - 1] + positive[k]) / 2 for k in (POSITIVES - 4_391, POSITIVES - 8_154)]
    ends = [(-9, -9 + cuts[0] - own[0]), (9, 9 + cuts[1] - own[1])]
    known, wanted = [ends[0][0], *own, ends[1][0]], [ends[0][1], *cuts, ends[1][1]]
    return np.interp(positive, known, wanted), negative, cuts


@pytest.fixture(scope="module")
def made():
    positive, negative, cuts = latent()
    logits = np.log([0.338 / 0.662, 0.48 / 0.52])
    slope = (logits[1] - logits[0]) / (cuts[1] - cuts[0])
    values = logits[0] + slope * (np.concatenate([positive, negative]) - cuts[0])
    target = np.repeat([1, 0], [POSITIVES, NEGATIVES]).astype(np.int8)
    rows = ScoreRows("scores", target, 1 / (1 + np.exp(-values)))
    cost = FixedCost(false_negative=10, false_positive=1)
    strategies = Strategies(cost, Exact(beta=3.2), 42, {})
    return assess(rows, AssessRequest(strategies, at=(0.338, 0.48), resamples=60))


def test_the_costs_are_those_of_the_report(made):
    first, second = made.at
    assert (first.confusion.fn, first.confusion.fp, first.total_cost) == (4_391, 118_861, 162_771)
    assert (second.confusion.fn, second.confusion.fp, second.total_cost) == (8_154, 69_996, 151_536)
    assert made.reference.exact.total_cost <= made.reference.grid.total_cost <= 151_536


def test_0338_is_optimal_for_a_beta_near_32_and_not_for_10_to_1(made):
    first = made.at[0]
    assert first.beta.found
    assert first.beta.low <= 3.2 <= (first.beta.high or np.inf)
    assert first.ratio.found
    assert first.ratio.low > 11
    said = sentence(first, made)
    assert "not the 10:1 asked for" in said
    assert "F-beta at betas from" in said
    assert f"the cost optimum is {made.reference.exact.threshold:.6g}" in said
